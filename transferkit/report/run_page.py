"""What the page of one run shows."""

from collections.abc import Iterable
from pathlib import Path

from ase.data import atomic_numbers

from transferkit.report.folder import read_run
from transferkit.report.quantities import MISSING, QUANTITIES, count, duration, percent
from transferkit.report.run_pictures import run_pictures
from transferkit.report.sentences import next_steps, outcome, shown, step_zero
from transferkit.typing import Json, Property

Row = list[str]
ERRORS: tuple[tuple[Property, str, str, str | None], ...] = (
    ("energy", "mae", "energy, mean over structures", None),
    ("energy", "mean_over_compositions", "energy, mean over compositions", None),
    ("energy", "median_over_compositions", "energy, median over compositions", None),
    ("energy", "rmse", "energy, root mean square", None),
    ("forces", "mae", "forces, mean over all components", "predict_zero_mae"),
    ("forces", "free_mae", "forces, components that symmetry leaves free", "free_predict_zero_mae"),
    ("forces", "rmse", "forces, root mean square", None),
    ("stress", "mae", "stress, mean over components", "predict_zero_mae"),
    ("stress", "rmse", "stress, root mean square", None),
    ("magmoms", "mae", "magnetic moments, mean", "predict_zero_mae"),
)
"""Property, key in the metrics, words, key of the error of predicting zero."""
LISTED_IDS = 12
WORST = 5


def run_page(folder: Path) -> Json:
    """Everything the template ``run.html.j2`` needs; figures are written to ``figures/`` on the way.

    Raises:
        RunFolderError: result.json is missing or damaged, or labels and predictions do not belong together.
    """
    run = read_run(folder)
    result = run.result
    tests: dict[str, Json] = result["tests"]
    chosen, table = (result.get("reference") or {}).get("policy", MISSING), policy_rows(result)
    return {
        "title": result.get("name") or folder.name,
        "variant": result.get("variant"),
        "note": (result.get("training") or {}).get("note"),
        "looks_wrong": [
            *(result.get("data") or {}).get("findings", []),
            *(result.get("data") or {}).get("warnings", []),
        ],
        "warning": (result.get("reference") or {}).get("warning"),
        "question": result.get("question"),
        "facts": _facts(result),
        "outcome": outcome(result),
        "next_steps": next_steps(result),
        "step_zero": step_zero(result),
        "errors": {name: error_rows(test.get("step0"), test.get("final")) for name, test in tests.items()},
        "undetermined": {name: _undetermined(test, result, name) for name, test in tests.items()},
        "policies": table,
        "chosen": chosen,
        "by_element": {name: element_rows(test) for name, test in tests.items()},
        "worst": {name: _worst(test) for name, test in tests.items()},
        "blocks": _blocks(result),
        "pictures": run_pictures(run),
        "versions": result.get("versions") or {},
        "provenance": run.provenance,
        "recipe": run.recipe,
        "notes": run.notes,
        "files": files_written(folder),
    }


def error_rows(step0: Json | None, final: Json | None) -> list[Row]:
    """Rows of the errors table: words with unit, step 0, final, predict zero, number of values.

    Args:
        step0: metrics before training
        final: metrics after training; null and missing values are shown as a dash

    >>> error_rows(None, {"energy": {"mae": 0.05, "n": 3}})[0]
    ['energy, mean over structures (meV/atom)', '–', '50.0', '', '3']
    """
    rows = []
    for name, key, words, zero_key in ERRORS:
        before, after = ((metrics or {}).get(name) or {} for metrics in (step0, final))
        if name == "magmoms" and before.get("mae") is None and after.get("mae") is None:
            continue
        quantity = QUANTITIES[name]
        first, last = (
            # The stored interval is that of the mean absolute error and of nothing else.
            quantity.show(m.get(key), m.get("interval") if key == "mae" else None)
            for m in (before, after)
        )
        zero = quantity.show(after.get(zero_key, before.get(zero_key))) if zero_key else ""
        rows.append([f"{words} ({quantity.unit})", first, last, zero, count(_values(final or step0 or {}, name, key))])
    return rows


def _values(metrics: Json, name: Property, key: str) -> int | None:
    """How many values an error is the mean of: compositions, structures, components or atoms."""
    if key.endswith("over_compositions"):
        rows = (metrics.get("by_composition") or {}).values()
        return sum(row.get(name) is not None for row in rows)
    entry = metrics.get(name) or {}
    return entry.get("n_free" if key.startswith("free") else "n")


def element_rows(test: Json) -> list[Row]:
    """Errors by element in order of atomic number: symbol, structures, energy and forces at step 0 and final."""
    before, after = ((test.get(stage) or {}).get("by_element") or {} for stage in ("step0", "final"))
    energy, forces = QUANTITIES["energy"], QUANTITIES["forces"]
    rows = []
    for symbol in sorted({*before, *after}, key=lambda s: atomic_numbers.get(s, 0)):
        first, last = before.get(symbol) or {}, after.get(symbol) or {}
        rows.append(
            [
                symbol,
                count(last.get("n_structures", first.get("n_structures"))),
                energy.show(first.get("energy_mae")),
                energy.show(last.get("energy_mae")),
                forces.show(first.get("forces_mae")),
                forces.show(last.get("forces_mae")),
            ]
        )
    return rows


def _worst(test: Json) -> list[Row]:
    entries = ((test.get("final") or {}).get("by_composition") or {}).items()
    known = sorted(
        ((e["energy"], c, e) for c, e in entries if e.get("energy") is not None), key=lambda x: (-x[0], x[1])
    )
    return [
        [c, count(e.get("n")), *(QUANTITIES[p].show(e.get(p)) for p in ("energy", "forces", "stress"))]
        for _, c, e in known[:WORST]
    ]


def _facts(result: Json) -> list[tuple[str, str]]:
    adapter, data, training = (result.get(key) or {} for key in ("adapter", "data", "training"))
    strategy, reference = result.get("strategy") or {}, result.get("reference") or {}
    counts, compositions = data.get("counts") or {}, data.get("compositions") or {}
    parts = ", ".join(f"{name} {count(n)} ({count(compositions.get(name))} compositions)" for name, n in counts.items())
    trainable = "trainable" if reference.get("trainable") else "frozen"
    stopped = f", stopped: {training['stopped']}" if training.get("stopped") else ""
    return [
        (
            "potential",
            f"{adapter.get('name', MISSING)} {adapter.get('checkpoint') or ''} ({adapter.get('licence') or 'licence not stated'})",
        ),
        ("target", f"{result.get('fidelity', MISSING)} labels from {data.get('source', MISSING)}"),
        ("structures", parts or MISSING),
        (
            "strategy",
            f"{strategy.get('kind', MISSING)}, {count(strategy.get('trainable'))} of {count(strategy.get('total'))} parameters trainable",
        ),
        ("reference", f"policy {reference.get('policy', MISSING)}, {trainable}"),
        (
            "training",
            f"{count(training.get('steps'))} steps, {count(training.get('epochs'))} epochs, weights of step {count(training.get('best_step'))} kept, {duration(training.get('wall_s'))}{stopped}",
        ),
        ("seed and fold", f"{_or_dash(result.get('seed'))}, {_or_dash(result.get('fold'))}"),
    ]


def _or_dash(value: object) -> str:
    return MISSING if value is None else str(value)


def policy_rows(result: Json) -> list[Json]:
    """Rows of the table of reference policies: name, errors as text, compositions, why it does not apply."""
    energy = QUANTITIES["energy"]
    return [
        {
            "policy": row["policy"],
            "cells": [energy.show(row.get(key)) for key in ("mean", "median", "rmse")],
            "compositions": count(row.get("n_compositions")),
            "undetermined": count(row.get("n_undetermined")),
            "why_not": row.get("why_not") or "",
        }
        for row in ((result.get("reference") or {}).get("table") or {}).get("rows", [])
    ]


def _undetermined(test: Json, result: Json, name: str) -> Json | None:
    entry = test.get("undetermined") or {}
    ids = [str(i) for i in entry.get("ids", [])]
    if not ids:
        return None
    total = ((result.get("data") or {}).get("counts") or {}).get(name)
    return {
        "n": len(ids),
        "share": percent(len(ids) / total) if total else MISSING,
        "first": ids[:LISTED_IDS],
        "rest": ids[LISTED_IDS:],
        "errors": {p: shown(entry.get("final"), p) for p in ("energy", "forces", "stress")},
    }


def _blocks(result: Json) -> list[Row]:
    blocks = (result.get("strategy") or {}).get("blocks") or {}
    return [
        [name, count(b.get("parameters")), "trainable" if b.get("trainable") else "frozen"]
        for name, b in blocks.items()
    ]


def files_written(folder: Path) -> list[Row]:
    """Name and size of each entry of a folder, folders with the number of files; the page itself is left out."""
    rows = []
    for entry in sorted(folder.iterdir()):
        if entry.name == "index.html" or entry.name.startswith("."):
            continue
        inside: Iterable[Path] = [f for f in entry.rglob("*") if f.is_file()] if entry.is_dir() else [entry]
        sizes = [f.stat().st_size for f in inside]
        rows.append([entry.name + ("/" if entry.is_dir() else ""), count(len(sizes)), f"{sum(sizes) / 1024:,.1f}"])
    return rows
