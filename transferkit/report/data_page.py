"""The page of a data set: what it holds, what looks wrong, what was taken out."""

from collections.abc import Sequence
from pathlib import Path

from transferkit.evaluation.chemistry import CLASSES, chemistry
from transferkit.evaluation.outliers import outliers
from transferkit.report.data_pictures import SHOWN, data_pictures
from transferkit.report.data_summary import data_outcome, data_steps
from transferkit.report.data_tables import findings_shown, key_rows, quarantine
from transferkit.report.quantities import MISSING, count, counted, percent
from transferkit.report.render import render
from transferkit.typing import PROPERTIES, Json

Row = list[str]
FRAMES = 50
"""Frames of the quarantine that the page lists; the file beside the data has all."""
UNITS = {
    "largest_force": "eV/Å",
    "closest_distance": "of the covalent radii",
    "energy_residual": "eV/atom",
    "energy_deviations": "robust σ",
    "most": "of the frames",
}
"""Of the limits of the quarantine."""
COMMAND = "transferkit reference DATA --model chgnet"


def write_data_page(found: Json, path: Path, *, title: str) -> Path:
    """Write one self-contained page about a data set.

    Args:
        found: of :meth:`transferkit.data.describe.Description.to_json` with ``per_structure=True``; what is missing in it
            is left out of the page
        path: file to write
        title: shown name of the data set

    Returns:
        the path

    >>> import tempfile
    >>> page = write_data_page({"structures": 3}, Path(tempfile.mkdtemp()) / "data.html", title="mine")
    >>> "3 structures" in page.read_text(encoding="utf-8")
    True
    """
    return render("data.html.j2", data_page(found, title), path)


def data_page(found: Json, title: str) -> Json:
    """Everything that the template ``data.html.j2`` needs."""
    elements = found.get("elements") or {}
    return {
        "title": title,
        "outcome": data_outcome(found),
        "next_steps": data_steps(found),
        "command": COMMAND,
        "purpose": "how each way of setting E0 would do on these data",
        "tiles": [
            counted(found.get("structures"), "structure").split(" "),
            counted(found.get("compositions"), "composition").split(" "),
            counted(len(elements), "element").split(" "),
            counted(found.get("atoms"), "atom").split(" "),
        ],
        "findings": findings_shown(found.get("findings") or []),
        "quarantine": quarantine(found),
        "frames": _frames(found),
        "limits": _limits(found.get("limits")),
        "keys": key_rows(found),
        "labels": _labels(found),
        "ranges": _ranges(found),
        "elements": _elements(found),
        "chemistry": chemistry_counts(found.get("formula") or []),
        "outliers": _outliers(found),
        "pictures": data_pictures(found),
    }


def chemistry_counts(formulas: Sequence[str]) -> list[Row]:
    """Class of chemistry, its compositions and its structures.

    >>> chemistry_counts(["MgO", "MgO", "Si"])
    [['oxide', '1', '2'], ['element', '1', '1']]
    """
    kinds = {formula: chemistry(formula) for formula in set(formulas)}
    structures = [kinds[formula] for formula in formulas]
    compositions = list(kinds.values())
    return [[k, count(compositions.count(k)), count(structures.count(k))] for k in CLASSES if k in compositions]


def _labels(found: Json) -> list[Row]:
    total, labels = found.get("structures") or 0, found.get("labels") or {}
    return [[p, count(labels[p]), percent(labels[p] / total) if total else MISSING] for p in PROPERTIES if p in labels]


def _ranges(found: Json) -> list[Row]:
    return [
        [f"{name} ({row.get('unit', '')})", *(_number(row.get(key)) for key in ("min", "median", "max"))]
        for name, row in (found.get("ranges") or {}).items()
    ]


def _elements(found: Json) -> list[Row]:
    energies, undetermined = found.get("elemental_energies") or {}, set(found.get("undetermined") or [])
    return [
        [
            symbol,
            *(count((row or {}).get(key)) for key in ("structures", "compositions", "atoms")),
            f"({_number(energies.get(symbol))})" if symbol in undetermined else _number(energies.get(symbol)),
        ]
        for symbol, row in (found.get("elements") or {}).items()
    ]


def _outliers(found: Json) -> list[Row]:
    """Id, formula, in which quantity a structure stands out, its value and how far that is from the rest."""
    columns = {
        words: [None if v is None else factor * v for v in found.get(key) or []]
        for key, (words, factor) in SHOWN.items()
        if key != "n_atoms"
    }
    ids, formulas = found.get("id") or [], found.get("formula") or []
    return [
        [
            str(ids[one.row]) if one.row < len(ids) else count(one.row),
            str(formulas[one.row]) if one.row < len(formulas) else MISSING,
            one.name,
            _number(one.value),
            f"{one.deviations:+.0f}".replace("-", "−"),
        ]
        for one in outliers(columns)
    ]


def _frames(found: Json) -> list[Row]:
    frames = (found.get("quarantine") or {}).get("frames") or []
    return [
        [str(f.get("id", MISSING)), str(f.get("where") or ""), str(f.get("reason") or ""), _value(f.get("value"))]
        for f in frames[:FRAMES]
    ]


def _limits(limits: Json | None) -> str:
    return ", ".join(
        f"{name.replace('_', ' ')} {_value(value)} {UNITS.get(name, '')}".rstrip()
        for name, value in (limits or {}).items()
        if value is not None
    )


def _value(value: object) -> str:
    return (
        _number(value)
        if isinstance(value, int | float) and not isinstance(value, bool)
        else str(value if value is not None else MISSING)
    )


def _number(value: float | None) -> str:
    return MISSING if value is None else f"{value:,.4g}".replace("-", "−")
