"""Leaks: which structures of another set may be trained on without seeing what the target validates and tests on."""

from dataclasses import dataclass

import numpy as np

from transferkit.data.duplicate_checks import geometries
from transferkit.data.order import seeded_order
from transferkit.data.parts import KNOWN, Parts
from transferkit.data.split import groups
from transferkit.data.structures import Structures

SHARE = 0.1
"""Of the groups, that are held back where a set has none in common with the target's tests or its validation part."""


@dataclass(frozen=True, eq=False)
class Places:
    """Rows of a set by what may be done with them; int64, ascending.

    Attributes:
        free: may be trained on
        valid: belong to groups that the target validates on
        tests: belong to groups that the target tests on, or were drawn
        drawn: whether ``tests`` were drawn, as the set shares nothing with the target's tests
    """

    free: np.ndarray
    valid: np.ndarray
    tests: np.ndarray
    drawn: bool

    def with_valid(self, data: Structures, *, by: str, seed: int) -> "Places":
        """The same with a drawn tenth of the free groups as ``valid``, where the set shares nothing with the target's.

        Args:
            data: the set
            by: what a group is
            seed: of the drawing
        """
        if len(self.valid):
            return self
        taken = _tenth(groups(data, by), self.free, seed, "valid beside")
        return Places(np.setdiff1d(self.free, taken), taken, self.tests, self.drawn)


def places(data: Structures, parts: Parts, *, by: str, seed: int) -> Places:
    """Divide a set by the parts of the target.

    A structure belongs to validation or tests if its group does (the composition, material or prototype by which the target
    was divided), if it has the id of one of their structures, or the same geometry. The test on known materials shares
    its groups with training, so that only id and geometry count there.

    Args:
        data: the set, of any level of theory
        parts: of the target
        by: what a group is, as in :func:`~transferkit.data.split.split`
        seed: of the groups that are drawn where the set shares nothing with the target's tests

    Raises:
        SplitError: the set lacks the column by which the target was divided.

    >>> import transferkit as tk
    >>> parts = tk.split(tk.bundled("gpaw-pbe-r2scan", fidelity="r2SCAN"), by="composition", seed=0)
    >>> pbe = tk.bundled("gpaw-pbe-r2scan", fidelity="PBE")
    >>> found = places(pbe, parts, by="composition", seed=0)
    >>> len(found.free) == len(parts.train), len(found.valid) == len(parts.valid), found.drawn
    (True, True, False)
    """
    group, ids, shapes = groups(data, by).astype(str), data.id.astype(str), np.array(geometries(data), dtype=object)
    tested = np.zeros(len(data), dtype=bool)
    for name, part in parts.tests.items():
        tested |= _among(part, None if name == KNOWN else by, group, ids, shapes)
    valid = _among(parts.valid, by, group, ids, shapes) & ~tested
    free, held = np.flatnonzero(~tested & ~valid), np.flatnonzero(tested)
    drawn = not len(held)
    if drawn:
        held = _tenth(group, free, seed, "held out")
        free = np.setdiff1d(free, held)
    return Places(free, np.flatnonzero(valid), held, drawn)


def _among(part: Structures, by: str | None, group: np.ndarray, ids: np.ndarray, shapes: np.ndarray) -> np.ndarray:
    """Which structures are among those of a part, by group (where one is given), id or geometry."""
    same_shape = {*geometries(part)}
    out: np.ndarray = np.isin(ids, part.id.astype(str)) | np.array([one in same_shape for one in shapes], dtype=bool)
    if by is not None:
        out = out | np.isin(group, groups(part, by).astype(str))
    return out


def _tenth(group: np.ndarray, rows: np.ndarray, seed: int, purpose: str) -> np.ndarray:
    """Rows of a seeded tenth of the groups, one at least; none where there is a single group."""
    names = {str(g) for g in group[rows]}
    if len(names) < 2:
        return np.zeros(0, dtype=np.int64)
    chosen = seeded_order(names, seed, purpose)[: max(1, round(SHARE * len(names)))]
    return rows[np.isin(group[rows].astype(str), chosen)]
