"""Errors by chemistry: oxides, halides, intermetallics and the like, each composition counted once."""

import re
from collections.abc import Sequence

import numpy as np

from transferkit.evaluation.intervals import bootstrap_ratio
from transferkit.typing import Json

ANIONS: dict[str, str] = {
    **dict.fromkeys(("F", "Cl", "Br", "I", "At"), "halide"),
    "O": "oxide",
    **dict.fromkeys(("S", "Se", "Te", "Po"), "chalcogenide"),
    **dict.fromkeys(("N", "P", "As", "Sb", "Bi"), "pnictide"),
    **dict.fromkeys(("B", "C", "Si", "Ge"), "boride, carbide or silicide"),
    "H": "hydride",
}
ELECTRONEGATIVE = (
    *("F", "O", "Cl", "N", "Br", "I", "S", "C", "Se", "H", "At", "P", "As", "Te", "Sb", "B", "Bi", "Ge", "Po", "Si"),
)
"""Elements that form anions, from the highest Pauling electronegativity to the lowest, ties by the usual anion."""
NON_METALS = frozenset({"H", "He", "C", "N", "O", "F", "Ne", "P", "S", "Cl", "Ar", "Se", "Br", "Kr", "I", "Xe", "Rn"})
ELEMENT, INTERMETALLIC, MOLECULAR = "element", "intermetallic", "non-metals only"
CLASSES = (*dict.fromkeys(ANIONS[symbol] for symbol in ELECTRONEGATIVE), INTERMETALLIC, ELEMENT, MOLECULAR)
"""All classes, in the order in which they are listed."""
AVERAGED = ("energy", "forces", "free_forces", "stress")


def chemistry(formula: str) -> str:
    """Class of a compound by its most electronegative element.

    A phosphate is an oxide and an oxyfluoride a halide: one compound is in one class, and what holds the electrons decides.
    Compounds of non-metals alone (CO₂, ethanol) are a class of their own.

    Args:
        formula: with element symbols; numbers in it are not read

    >>> [chemistry(f) for f in ("MgO", "Li3PS4", "AlSc", "Si", "CO2", "GaAs")]
    ['oxide', 'chalcogenide', 'intermetallic', 'element', 'non-metals only', 'pnictide']
    """
    symbols = set(re.findall(r"[A-Z][a-z]?", formula))
    if len(symbols) == 1:
        return ELEMENT
    if symbols <= NON_METALS:
        return MOLECULAR
    return next((ANIONS[symbol] for symbol in ELECTRONEGATIVE if symbol in symbols), INTERMETALLIC)


def by_chemistry(table: Json) -> Json:
    """Mean error over the compositions of each class.

    Args:
        table: of :func:`transferkit.evaluation.breakdown.by_composition`: errors by reduced formula

    Returns:
        class -> {"energy", "forces", "free_forces", "stress": mean over its compositions, null where none has it;
        "interval": 95 % of the energy's mean, resampling compositions, null below two; "n_compositions", "n"}, in the
        order of :data:`CLASSES`; classes without a composition are left out.

    >>> found = by_chemistry(
    ...     {"MgO": {"energy": 0.1, "n": 3}, "CaO": {"energy": 0.3, "n": 1}, "Si": {"energy": 0.0, "n": 2}}
    ... )
    >>> list(found), found["oxide"]["energy"], found["oxide"]["n"], found["oxide"]["stress"]
    (['oxide', 'element'], 0.2, 4, None)
    """
    groups: dict[str, list[Json]] = {name: [] for name in CLASSES}
    for formula, row in table.items():
        groups[chemistry(formula)].append(row)
    return {name: _summary(rows) for name, rows in groups.items() if rows}


def mean_over_runs(tables: Sequence[Json]) -> Json:
    """Errors by composition, averaged over the runs that tested the composition; ready for :func:`by_chemistry`.

    Args:
        tables: one per run, of :func:`transferkit.evaluation.breakdown.by_composition`

    Returns:
        reduced formula -> the mean of each error over the runs that have it, null where none has; "n" is the largest

    >>> mean_over_runs([{"MgO": {"energy": 0.1, "n": 1}}, {"MgO": {"energy": 0.3, "n": 2}}, {}])["MgO"]["energy"]
    0.2
    """
    out: Json = {}
    for formula in dict.fromkeys(name for table in tables for name in table):
        rows = [table[formula] for table in tables if formula in table]
        values = {key: [row[key] for row in rows if row.get(key) is not None] for key in AVERAGED}
        out[formula] = {
            **{key: float(np.mean(found)) if found else None for key, found in values.items()},
            "n": max(int(row.get("n") or 0) for row in rows),
        }
    return out


def _summary(rows: list[Json]) -> Json:
    values = {key: [row[key] for row in rows if row.get(key) is not None] for key in AVERAGED}
    energy = np.array(values["energy"], dtype=np.float64)
    interval = bootstrap_ratio(energy, np.ones(len(energy)))
    return {
        **{key: float(np.mean(found)) if found else None for key, found in values.items()},
        "interval": None if interval is None else list(interval),
        "n_compositions": len(rows),
        "n": sum(int(row.get("n") or 0) for row in rows),
    }
