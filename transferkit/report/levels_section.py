"""What the pages say of levels of theory: which set reached which head, what was kept out of it, and how well each was learnt."""

from collections.abc import Mapping, Sequence

from transferkit.report.folder import RunFolder
from transferkit.report.quantities import MISSING, QUANTITIES, count, counted, decimals, duration
from transferkit.typing import PROPERTIES, Json, Property

Row = list[str]
FIRST = "pretrain"
"""Name of the set of the first stage, as the option of the recipe is called."""
SETS = ["set", "level of theory", "head", "structures", "labels", "per structure of the data", "weight"]
SHOWN: tuple[Property, ...] = ("energy", "forces", "stress")


def levels_section(run: RunFolder) -> Json | None:
    """Tables of one run; None where it learnt from the data alone.

    Returns:
        ``sentences`` on pre-training and on what was kept out, ``head`` and ``sets`` (rows: see ``SETS``, then the policy of E0),
        ``measures`` and ``errors`` (rows: set, part, step, loss and errors on what was learnt from), ``changes`` and ``held``
        (rows: set, structures, and per property the error before and after on what was held out)
    """
    rows, first = run.result.get("heads") or [], run.result.get("pretrain")
    if len(rows) < 2 and not first:
        return None
    errors = [*_of_stage(first, run.pretraining), *_of_sets(rows, run.history)]
    there = [p for p in PROPERTIES if any(e.get(f"{p}_mae") is not None for *_, e in errors)]
    held = [(row["set"], one) for row in rows if (one := row.get("held_out"))]
    kept = [p for p in SHOWN if any(one["final"].get(p) is not None for _, one in held)]
    return {
        "sentences": [*_stage_said(first), *(text for row in rows for text in _left_out(row))],
        "head": [*SETS, "E0"],
        "sets": [[*_set(row), row.get("policy") or MISSING] for row in _learnt(run.result)],
        "measures": ["set", "part", "step", "loss", *(_measure(p) for p in there)],
        "errors": [
            [*words, count(step), _digits(e.get("loss")), *(QUANTITIES[p].show(e.get(f"{p}_mae")) for p in there)]
            for *words, step, e in errors
        ],
        "changes": ["held out of", "structures", *(_measure(p, w) for p in kept for w in (" before", " after"))],
        "held": [
            [
                name,
                count(one.get("structures")),
                *(QUANTITIES[p].show((one.get(when) or {}).get(p)) for p in kept for when in ("step0", "final")),
            ]
            for name, one in held
        ],
    }


def sets_of_variants(runs: Mapping[str, Sequence[Json]], labels: Mapping[str, str]) -> list[Row]:
    """What each variant of a comparison learnt from: its label, then a row per set as in ``SETS``, of its first run.

    Empty where all of them learnt the same labels of one level of theory, or where it was not stored.
    """
    found = {name: _learnt(several[0]) for name, several in runs.items() if several}
    kinds = {tuple((s["fidelity"], *(s.get("labels") or {})) for s in sets) for sets in found.values()}
    if len(kinds) < 2 and all(len(sets) < 2 for sets in found.values()):
        return []
    return [[labels[name], *_set(row)] for name, sets in found.items() for row in sets]


def set_names(result: Json, history: Sequence[Json]) -> dict[str, str]:
    """Each set as people know it, by its name in metrics.jsonl; empty for a run of one set.

    >>> rows = [{"set": "data", "fidelity": "r2SCAN"}, {"set": "beside.0", "fidelity": "PBE"}]
    >>> set_names({"heads": rows}, [{"step": 1, "train": {"heads": {"r2SCAN": {}, "default": {}}}}])
    {'r2SCAN': 'data (r2SCAN)', 'default': 'beside.0 (PBE)'}
    """
    names = next((list(heads) for line in history if (heads := (line.get("train") or {}).get("heads"))), [])
    rows = result.get("heads") or []
    if len(rows) != len(names):
        return {name: name for name in names}
    return {name: f"{row['set']} ({row['fidelity']})" for name, row in zip(names, rows, strict=True)}


def _learnt(result: Json) -> list[Json]:
    """Rows of all sets, that of the first stage first."""
    first = result.get("pretrain")
    stage = [] if not first else [first | {"set": FIRST, "structures": (first.get("structures") or {}).get("train")}]
    return [*stage, *(result.get("heads") or [])]


def _set(row: Json) -> Row:
    chosen, n = row.get("chosen_from"), row.get("structures")
    of = f" of {count(chosen)}" if chosen is not None and chosen != n else ""
    numbers = row.get("labels") or {}
    # The number of labels is told only where it is not that of the structures.
    labels = ", ".join(p if k == n else f"{p} ({count(k)})" for p, k in numbers.items())
    predicted = ", predicted by the potential at the start" if row.get("pseudo") else ""
    return [
        row["set"],
        row.get("fidelity") or MISSING,
        row.get("head") or MISSING,
        f"{count(n)}{of}",
        f"{labels or MISSING}{predicted}",
        *(MISSING if row.get(key) is None else f"{row[key]:g}" for key in ("ratio", "weight")),
    ]


def _stage_said(first: Json | None) -> list[str]:
    if not first:
        return []
    sizes = first.get("structures") or {}
    text = (
        f"Before anything else the network learnt {first.get('fidelity')} (`pretrain`): {counted(first.get('steps'), 'step')}, "
        f"{counted(first.get('epochs'), 'epoch')} over {counted(sizes.get('train'), 'structure')}, {duration(first.get('wall_s'))}; the "
        f"weights of step {count(first.get('best_step'))} were kept, chosen on {counted(sizes.get('valid'), 'structure')} of groups that the data "
        f"validate on. {counted(sizes.get('held_out'), 'structure').capitalize()} of groups that the data test on were kept out."
    )
    return [text]


def _left_out(row: Json) -> list[str]:
    """What of a set beside the data was not trained on, and why."""
    out = row.get("left_out")
    if not out:
        return []
    why = "drawn, since none shares a group with the tests" if out.get("drawn") else "the data test on their groups"
    text = (
        f"Kept out of `{row['set']}`: {counted(out.get('held_out'), 'structure')} ({why}) and {count(out.get('validation'))} "
        f"whose groups the data validate on."
    )
    return [text]


def _of_stage(first: Json | None, history: Sequence[Json]) -> list[tuple[str, str, int, Json]]:
    """Set, part, step and errors of pre-training: before it, and at the step whose weights were kept."""
    if not first:
        return []
    kept = first.get("best_step")
    lines = {line["step"]: line for line in history}
    return [
        (FIRST, part, step, errors)
        for step in sorted({0, kept or 0})
        for part, key in (("training", "train"), ("validation", "valid"))
        if (errors := (lines.get(step) or {}).get(key)) and errors.get("loss") is not None
    ]


def _of_sets(rows: Sequence[Json], history: Sequence[Json]) -> list[tuple[str, str, int, Json]]:
    """Set, part, step and errors at the last evaluation; sets of one run come in the same order everywhere."""
    heads = (history[-1].get("train") or {}).get("heads") if history else None
    if not heads or len(heads) != len(rows):
        return []
    step = history[-1]["step"]
    return [(row["set"], "training", step, errors) for row, errors in zip(rows, heads.values(), strict=True)]


def _measure(name: Property, when: str = "") -> str:
    return f"{QUANTITIES[name].name}{when} ({QUANTITIES[name].unit})"


def _digits(value: float | None) -> str:
    """Three digits of a loss, which has no unit."""
    return MISSING if value is None else f"{value:,.{decimals(value)}f}"
