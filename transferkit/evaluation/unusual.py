"""What sets a structure apart from those that a potential was trained on, in words."""

from dataclasses import dataclass

import numpy as np
from ase.data import chemical_symbols

from transferkit.data.distances import closest
from transferkit.data.order import seeded_order
from transferkit.data.quarantine import largest_forces
from transferkit.data.structure import Structure
from transferkit.data.structures import Structures
from transferkit.evaluation.chemistry import chemistry
from transferkit.units import GPA

MOST = 2000
"""Training structures whose distances are measured; drawn by id in larger sets."""
RARE = 3
"""An element or a class in fewer training compositions than this is called rare."""
TAIL = 0.01
"""Share of the training part on either side beyond which a value is called unusual."""


@dataclass(frozen=True)
class Familiar:
    """What the training part holds, to compare structures with.

    Attributes:
        elements: symbol -> training compositions that hold it
        classes: class of chemistry -> training compositions
        force: eV/Å, largest force on an atom that all but 1 % of the training structures stay below; None without forces
        stress: eV/Å³, the same for the largest component of the stress
        volume: Å³/atom, the range without 1 % on either side; None without periodic structures
        closest: smallest distance of two atoms over the sum of their covalent radii that only 1 % fall below
    """

    elements: dict[str, int]
    classes: dict[str, int]
    force: float | None
    stress: float | None
    volume: tuple[float, float] | None
    closest: float | None

    def unusual(self, data: Structures, s: int) -> list[str]:
        """What sets structure ``s`` apart, each in a few words; nothing where all is as in training.

        >>> import transferkit as tk
        >>> data = tk.bundled("gpaw-pbe-r2scan")
        >>> mgo = data[data.composition.astype(str) == "MgO"]
        >>> caf = data[data.composition.astype(str) == "CaF2"]
        >>> familiar(mgo).unusual(caf, 0)[:2]
        ['F is in no training composition', 'Ca is in no training composition']
        """
        return [*self._chemistry(data.structure(s)), *self._labels(data, s), *self._geometry(data, s)]

    def _chemistry(self, one: Structure) -> list[str]:
        said = []
        for z in np.unique(one.numbers):
            symbol = chemical_symbols[int(z)]
            if (n := self.elements.get(symbol, 0)) < RARE:
                said.append(f"{symbol} is in {_compositions(n)}")
        kind = chemistry(one.formula)
        if (n := self.classes.get(kind, 0)) < RARE:
            said.append(f"of its kind ({kind}) there {'are' if n > 1 else 'is'} {_compositions(n)}")
        return said

    def _labels(self, data: Structures, s: int) -> list[str]:
        said, beyond = [], "above 99 % of training"
        if self.force is not None and data.mask["forces"][s]:
            largest = largest_forces(data[[s]])[0]
            if largest > self.force:
                said.append(f"far from equilibrium: a force of {largest:.1f} eV/Å, {beyond}")
        if self.stress is not None and data.mask["stress"][s]:
            largest = float(np.abs(data.stress[s]).max())
            if largest > self.stress:
                said.append(f"strained: a stress of {largest / GPA:.0f} GPa, {beyond}")
        return said

    def _geometry(self, data: Structures, s: int) -> list[str]:
        said, one = [], data.structure(s)
        if self.volume is not None and one.pbc.all():
            volume = float(data.volume[s] / data.n_atoms[s])
            if not self.volume[0] <= volume <= self.volume[1]:
                word = "dense" if volume < self.volume[0] else "open"
                said.append(f"{word}: {volume:.1f} Å³/atom, outside 98 % of training")
        share = float(closest(data[[s]]).share[0])
        if self.closest is not None and share < self.closest:
            said.append(f"atoms close together: {share:.2f} of the sum of their radii, below 99 % of training")
        return said


def familiar(train: Structures) -> Familiar:
    """Measure the training part; at most 2,000 of its structures for distances.

    >>> import transferkit as tk
    >>> familiar(tk.bundled("gpaw-pbe-r2scan")).elements["O"] > 5
    True
    """
    compositions, first = np.unique(train.composition.astype(str), return_index=True)
    holds = (train.counts() > 0)[first]
    kinds = [chemistry(str(formula)) for formula in compositions]
    periodic = train.pbc.all(axis=1)
    volume = (train.volume / np.maximum(train.n_atoms, 1))[periodic]
    drawn = set(seeded_order((str(i) for i in train.id), 0, "familiar")[:MOST])
    share = closest(train[np.flatnonzero([str(i) in drawn for i in train.id])]).share
    return Familiar(
        elements={chemical_symbols[int(z)]: int(n) for z, n in zip(train.elements, holds.sum(axis=0), strict=True)},
        classes={kind: kinds.count(kind) for kind in set(kinds)},
        force=_quantile(largest_forces(train[train.has("forces")]), 1 - TAIL),
        stress=_quantile(np.abs(train.stress[train.has("stress")]).max(axis=(1, 2), initial=0.0), 1 - TAIL),
        volume=None if not len(volume) else (float(np.quantile(volume, TAIL)), float(np.quantile(volume, 1 - TAIL))),
        closest=_quantile(share[np.isfinite(share)], TAIL),
    )


def _quantile(values: np.ndarray, q: float) -> float | None:
    return float(np.quantile(values, q)) if len(values) else None


def _compositions(n: int) -> str:
    return f"{n or 'no'} training composition{'s' if n > 1 else ''}"
