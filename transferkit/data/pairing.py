"""Pairs: the same structures in two sets of labels, known by their ids, and refused where they are not the same."""

from dataclasses import dataclass

import numpy as np

from transferkit.data.structure import Structure
from transferkit.data.structures import Structures
from transferkit.errors import DataError

SAME_PLACE = 1e-6
"""Å; positions and lattice vectors further apart than this are two different geometries."""


@dataclass(frozen=True, eq=False)
class Pairs:
    """Rows of two sets that are one structure each.

    Attributes:
        first: rows of the first set, int64, (pairs,), ascending
        second: rows of the second, int64, (pairs,)
    """

    first: np.ndarray
    second: np.ndarray

    def __len__(self) -> int:
        """How many."""
        return len(self.first)


def pairs(a: Structures, b: Structures) -> Pairs:
    """Structures that both sets hold, by id.

    Args:
        a: labelled structures
        b: others, e.g. at another level of theory

    Raises:
        DataError: a pair differs in atoms, their order, periodicity, positions or cell; the first is named, with how far.

    >>> import transferkit as tk
    >>> pbe, r2scan = (tk.bundled("gpaw-pbe-r2scan", fidelity=f) for f in ("PBE", "r2SCAN"))
    >>> len(pairs(pbe, r2scan[:5]))
    5
    """
    where = {str(name): s for s, name in enumerate(b.id)}
    first = [s for s, name in enumerate(a.id) if str(name) in where]
    second = [where[str(a.id[s])] for s in first]
    for s, t in zip(first, second, strict=True):
        if difference := apart(a.structure(s), b.structure(t)):
            raise DataError(
                f"{a.id[s]!r} has another geometry in {a.fidelity} than in {b.fidelity}: {difference}. Structures of one id are one "
                f"structure: compare single points of the same cell, or give them different ids."
            )
    return Pairs(np.array(first, dtype=np.int64), np.array(second, dtype=np.int64))


def apart(one: Structure, other: Structure) -> str:
    """How two structures differ, in words; "" where they are the same to 1e-6 Å.

    >>> import transferkit as tk
    >>> data = tk.bundled("gpaw-pbe-r2scan")
    >>> apart(data.structure(0), data.structure(0))
    ''
    """
    if len(one) != len(other):
        return f"{len(one)} and {len(other)} atoms"
    if not np.array_equal(one.numbers, other.numbers):
        return "other elements, or another order of the atoms"
    if not np.array_equal(one.pbc, other.pbc):
        return "other directions are periodic"
    positions = float(np.abs(one.positions - other.positions).max(initial=0.0))
    cell = float(np.abs(one.cell - other.cell).max())
    if max(positions, cell) <= SAME_PLACE:
        return ""
    return f"positions differ by up to {positions:.3g} Å, lattice vectors by up to {cell:.3g} Å"
