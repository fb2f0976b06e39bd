"""What the page of one run shows."""

from collections.abc import Iterable
from pathlib import Path

from transferkit.evaluation.worst import worst
from transferkit.report.advice import next_command, next_steps
from transferkit.report.data_tables import findings_shown, key_rows, quarantine
from transferkit.report.error_tables import at_a_glance, chemistry_rows, element_rows, error_rows, worst_rows
from transferkit.report.folder import Predictions, RunFolder, called_from, read_run, smoke_option
from transferkit.report.forgetting_section import forgetting_section
from transferkit.report.levels_section import levels_section
from transferkit.report.quantities import MISSING, QUANTITIES, count, counted, duration, percent
from transferkit.report.run_pictures import run_pictures
from transferkit.report.sentences import about_policies, asked, harm_done, outcome, shown, step_zero
from transferkit.typing import Json

Row = list[str]
LISTED_IDS = 12


def run_page(folder: Path) -> Json:
    """Everything the template ``run.html.j2`` needs; figures are written to ``figures/`` on the way.

    Raises:
        RunFolderError: result.json is missing or damaged, or labels and predictions do not belong together.
    """
    run = read_run(folder)
    result, data = run.result, run.result.get("data") or {}
    tests: dict[str, Json] = result["tests"]
    name, place = called_from(folder)
    command, purpose = next_command(result, name, run.recipe, smoke_option(folder))
    return {
        "title": result.get("name") or folder.name,
        "variant": result.get("variant"),
        "note": (result.get("training") or {}).get("note"),
        "findings": findings_shown([*(data.get("findings") or []), *(data.get("warnings") or [])]),
        "quarantine": quarantine(data),
        "keys": key_rows(data),
        "warning": (result.get("reference") or {}).get("warning"),
        "question": result.get("question"),
        "asked": asked(result),
        "facts": _facts(result),
        "glance": at_a_glance(tests),
        "outcome": [*outcome(result), *filter(None, [about_policies(result), *harm_done(result)])],
        "next_steps": next_steps(result),
        "command": command,
        "purpose": purpose,
        "place": place,
        "step_zero": step_zero(result),
        "errors": {name: error_rows(test.get("step0"), test.get("final")) for name, test in tests.items()},
        "undetermined": {name: _undetermined(test, result, name) for name, test in tests.items()},
        "policies": policy_rows(result),
        "chosen": (result.get("reference") or {}).get("policy", MISSING),
        "shifts": shift_rows(result),
        "by_element": {name: element_rows(test) for name, test in tests.items()},
        "by_chemistry": {name: chemistry_rows(test) for name, test in tests.items()},
        "worst": {name: worst_rows(_worst(test, run.predictions.get(name))) for name, test in tests.items()},
        "levels": levels_section(run),
        "forgetting": forgetting_section(result),
        "blocks": _blocks(result),
        "pictures": run_pictures(run),
        "hashes": _hashes(run),
        "versions": result.get("versions") or run.provenance.get("versions") or {},
        "provenance": run.provenance,
        "recipe": run.recipe,
        "notes": run.notes,
        "files": files_written(folder),
    }


def _worst(test: Json, predictions: Predictions | None) -> list[Json]:
    """The worst structures as stored, or from the predictions of a run that stored none: then without reasons."""
    stored: list[Json] | None = test.get("worst")
    if stored is not None or predictions is None:
        return stored or []
    apart = {str(i) for i in (test.get("undetermined") or {}).get("ids") or []}
    known = [s for s, name in enumerate(predictions.labels.id) if str(name) not in apart]
    step0 = None if predictions.step0 is None else predictions.step0[known]
    return worst(predictions.labels[known], predictions.final[known], step0=step0)


def shift_rows(result: Json) -> list[Row]:
    """Symbol, shift of E0 in eV/atom, and whether the data determine it, largest first."""
    reference = result.get("reference") or {}
    undetermined = set(reference.get("undetermined") or [])
    known = {s: v for s, v in (reference.get("shift") or {}).items() if v is not None}
    return [
        [s, f"{known[s]:+.3f}".replace("-", "−"), "not determined" if s in undetermined else "determined"]
        for s in sorted(known, key=lambda s: (-abs(known[s]), s))
    ]


def _hashes(run: RunFolder) -> list[Row]:
    """What identifies recipe, data and weights, as far as it was stored."""
    adapter, data = run.result.get("adapter") or {}, run.result.get("data") or {}
    stored = {key: run.provenance.get(key) or {} for key in ("adapter", "data")}
    weights = stored["adapter"].get("hash") if isinstance(stored["adapter"], dict) else None
    rows = [
        ("licence of the weights", adapter.get("licence")),
        ("weights (sha256)", weights),
        ("data", data.get("hash")),
        ("recipe", run.provenance.get("recipe") or run.provenance.get("recipe_hash")),
    ]
    return [[name, str(value or MISSING)] for name, value in rows] if any(value for _, value in rows) else []


def _facts(result: Json) -> list[tuple[str, str]]:
    adapter, data, training = (result.get(key) or {} for key in ("adapter", "data", "training"))
    strategy, reference = result.get("strategy") or {}, result.get("reference") or {}
    counts, compositions = data.get("counts") or {}, data.get("compositions") or {}
    parts = ", ".join(
        f"{name} {count(n)} ({counted(compositions.get(name), 'composition')})" for name, n in counts.items()
    )
    trainable = "trainable" if reference.get("trainable") else "frozen"
    stopped = f", stopped: {training['stopped']}" if training.get("stopped") else ""
    return [
        ("potential", _potential(adapter)),
        ("target", f"{result.get('fidelity', MISSING)} labels from {data.get('source', MISSING)}{_convention(result)}"),
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


def _potential(adapter: Json) -> str:
    """Name, checkpoint, licence of the weights, and the head that was trained where there are several."""
    licence = adapter.get("licence") or "licence not stated"
    limits = ", not for commercial use" if adapter.get("non_commercial") else ""
    heads = adapter.get("heads") or {}
    head = f", head {adapter.get('head')} of {', '.join(heads)}" if len(heads) > 1 else ""
    return f"{adapter.get('name', MISSING)} {adapter.get('checkpoint') or ''} ({licence}{limits}){head}"


def _convention(result: Json) -> str:
    return f", {result['label_convention']} energies" if result.get("label_convention") else ""


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
        [name, count(b.get("parameters")), _state(b.get("trainable"), b.get("parameters"))]
        for name, b in blocks.items()
    ]


def _state(trainable: object, parameters: object) -> str:
    """Trainable, frozen, or how much of it is trainable; older runs stored yes or no instead of a number.

    >>> _state(True, 5), _state(0, 5), _state(2, 5), _state(5, 5)
    ('trainable', 'frozen', '2 trainable', 'trainable')
    """
    if not trainable:
        return "frozen"
    return "trainable" if trainable is True or trainable == parameters else f"{count(trainable)} trainable"


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
