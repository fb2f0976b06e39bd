"""What the pages say of forgetting: errors on the old level of theory, and the repulsion between atoms."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from transferkit.evaluation.intervals import bootstrap_seeds
from transferkit.report.figures.diatomics import diatomics
from transferkit.report.pictures import Picture, picture
from transferkit.report.quantities import MISSING, QUANTITIES, count, counted, decimals
from transferkit.typing import Json, Property

Row = list[str]
SHOWN: tuple[Property, ...] = ("energy", "forces", "stress")
NAMED = 6
"""Elements that a sentence lists."""
NOTHING_KEPT = (
    "No labels of the level of theory that the potential came from were given, so errors on it are not known. Name such labels "
    "under `forgetting` in the recipe (`source` and `fidelity`; they are measured and never trained on), or train on them as a "
    "set `beside` the data, of which the compositions under test are kept aside."
)
RANDOM = "The run began with random weights, which knew nothing that could be forgotten."
HELP = (
    "What keeps the wall: train on structures of the old level at the same time (`beside`; with `pseudo: true` they need no "
    "labels), hold the weights by an `anchor`, or train fewer blocks."
)


def forgetting_section(result: Json) -> Json | None:
    """Sentences and tables of one run; None where the run stored nothing.

    Returns:
        ``sentences``, ``held`` (rows: set, error with unit, before, after, change, compositions), ``holes`` (rows: element,
        bond, hole before, hole after, how far the wall moved)
    """
    stored = result.get("forgetting")
    if not stored:
        return None
    pairs = stored.get("diatomics") or {}
    known = (pairs.get("holes") or {}).get("before") is not None
    held: Mapping[str, Json] = stored.get("held_out") or {}
    sentences = [_changed(name, one) for name, one in held.items()] or [NOTHING_KEPT if known else RANDOM]
    return {
        "sentences": [*sentences, *_wall(pairs)],
        "held": [row for name, one in held.items() for row in _rows(name, one)],
        "holes": _holes(pairs),
    }


def diatomics_picture(result: Json, folder: Path | None) -> Picture | None:
    """Curves of the elements that changed most; None where none were stored."""
    pairs = (result.get("forgetting") or {}).get("diatomics") or {}
    curves = pairs.get("curves") or {}
    if not curves:
        return None
    return picture(
        diatomics(curves, {s: pairs["elements"][s]["bond"] for s in curves}),
        folder,
        "diatomics",
        alt=f"Energy of pairs of equal atoms against distance before and after training: {', '.join(curves)}. "
        f"{' '.join(_wall(pairs)[:1])}",
        caption="Two equal atoms that come close, for the elements whose curves changed most, each relative to its bonded "
        "distance. A curve that falls again on its way to the left is a hole. Cut off above 22 eV and below −12 eV.",
    )


def forgetting_rows(runs: Mapping[str, Sequence[Json]], labels: Mapping[str, str]) -> list[Row]:
    """One row per variant of a comparison; empty where no run stored anything.

    Returns:
        label; change of the energy and the force error on held-out data, mean over compositions and seeds with its 95 % interval,
        which resamples both; elements with a hole before and after, and how far the wall moved: means over runs
    """
    rows = []
    for name, several in runs.items():
        stored = [f for run in several if (f := run.get("forgetting"))]
        if not stored:
            continue
        pairs = [f["diatomics"] for f in stored]
        holes = [_mean([(p.get("holes") or {}).get(when) for p in pairs]) for when in ("before", "after")]
        rows.append(
            [
                labels[name],
                *(_over_seeds([_changes(f, p) for f in stored], p) for p in SHOWN[:2]),
                *(MISSING if n is None else f"{n:.3g}" for n in holes),
                _volts(_mean([p.get("wall") for p in pairs])),
            ]
        )
    return rows


def _changes(stored: Json, name: Property) -> dict[str, float]:
    """Change of an error by composition: the mean over held-out sets, since a composition of two sets is one unit."""
    found: dict[str, list[float]] = {}
    for one in (stored.get("held_out") or {}).values():
        for composition, change in ((one.get(name) or {}).get("by_composition") or {}).items():
            found.setdefault(composition, []).append(change)
    return {composition: sum(changes) / len(changes) for composition, changes in found.items()}


def _over_seeds(changes: Sequence[Mapping[str, float]], name: Property) -> str:
    """Mean over compositions of the mean over runs, and its interval."""
    found: dict[str, list[float]] = {}
    for key, change in (item for one in changes for item in one.items()):
        found.setdefault(key, []).append(change)
    mean = _mean([sum(values) / len(values) for values in found.values()])
    return _signed(QUANTITIES[name].show(mean, bootstrap_seeds(changes)))


def _changed(name: str, one: Json) -> str:
    """What happened on one held-out set."""
    n = one.get("n_compositions")
    apart = (
        f"; energies of {count(one['undetermined'])} left out, whose E0 is not determined"
        if one.get("undetermined")
        else ""
    )
    said = [text for p in SHOWN if (text := _verb(one.get(p) or {}, p))]
    if not said:
        return f"On {name} nothing could be measured{apart}."
    return f"On {name} ({counted(one.get('n'), 'structure')}, {counted(n, 'composition')}{apart}): {'; '.join(said)}."


def _verb(entry: Json, name: Property) -> str:
    change, interval = entry.get("change"), entry.get("interval")
    quantity = QUANTITIES[name]
    if change is None:
        return ""
    before, after = quantity.show(entry.get("before")), quantity.show(entry.get("after"))
    if before == after:
        return f"the {quantity.name} error stayed at {after} {quantity.unit}"
    verb = "rose" if change > 0 else "fell"
    sure = interval and interval[0] * interval[1] > 0
    doubt = "" if sure else " (perhaps by chance)"
    return f"the {quantity.name} error {verb} from {before} to {after} {quantity.unit}{doubt}"


def _rows(name: str, one: Json) -> list[Row]:
    rows = []
    for p in SHOWN:
        entry, quantity = one.get(p) or {}, QUANTITIES[p]
        if entry.get("change") is None:
            continue
        change = _signed(quantity.show(entry["change"], entry.get("interval")))
        shown = [quantity.show(entry[when]) for when in ("before", "after")]
        rows.append([name, f"{quantity.name} ({quantity.unit})", *shown, change, count(entry.get("n_compositions"))])
    return rows


def _wall(pairs: Json) -> list[str]:
    """What pairs of atoms say."""
    elements, holes = pairs.get("elements") or {}, pairs.get("holes") or {}
    if not elements:
        return []
    after, before = holes.get("after"), holes.get("before")
    of = f"{count(after)} of {counted(len(elements), 'element')}"
    text = f"Equal atoms that are pressed together must repel each other. For {of} the energy falls again on the way in: a hole"
    out = [f"{text}." if before is None else f"{text}. Before training it did so for {count(before)}."]
    if opened := pairs.get("opened"):
        more = f" and {len(opened) - NAMED} more" if len(opened) > NAMED else ""
        out.append(f"Training opened holes for {', '.join(opened[:NAMED])}{more}.")
    if worst := (pairs.get("worst") or {}).get("after"):
        out.append(f"The deepest, {_volts(worst['depth'])} eV, is that of {worst['element']}.")
    if opened:
        out.append(HELP)
    return out


def _holes(pairs: Json) -> list[Row]:
    limit = pairs.get("tolerance") or 0.0
    elements = pairs.get("elements") or {}
    found = [s for s, row in elements.items() if max(row.get("before") or 0.0, row.get("after") or 0.0) > limit]
    found.sort(key=lambda s: -max(elements[s].get("before") or 0.0, elements[s]["after"]))
    return [
        [
            symbol,
            _volts(row.get("bond")),
            *(MISSING if row.get(when) is None else _depth(row[when], limit) for when in ("before", "after")),
            _volts(row.get("wall")),
        ]
        for symbol in found
        for row in [elements[symbol]]
    ]


def _depth(value: float, limit: float) -> str:
    return _volts(value) if value > limit else "none"


def _volts(value: float | None) -> str:
    """A number with three digits.

    >>> _volts(138.48), _volts(0.2223), _volts(None)
    ('138', '0.222', '–')
    """
    return MISSING if value is None else f"{value:,.{min(decimals(value), 3)}f}"


def _signed(text: str) -> str:
    return text if text[0] in f"−{MISSING}" or text.strip("0.") == "" else f"+{text}"


def _mean(values: Sequence[float | None]) -> float | None:
    there = [v for v in values if v is not None]
    return sum(there) / len(there) if there else None
