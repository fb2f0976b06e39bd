"""Homonuclear diatomics: whether a potential still pushes atoms apart that come too close.

No labels are needed. Crystals hold no pair of atoms at half their bond length, so nothing in the training data keeps the
wall that a pretrained potential may have there; where it is gone, a simulation falls into the hole (MLIP Arena, Chiang et
al., arXiv:2509.20630, looks at the same curves).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from ase.data import atomic_numbers, chemical_symbols, covalent_radii

from transferkit.adapters.potential import ReferencedPotential
from transferkit.data.structures import Structure

START = 0.5
"""Shortest distance, as a share of the sum of the covalent radii (ASE's, Cordero et al. 2008)."""
BONDED = 0.55
"""No shorter distance is a bond: of 92 elements the shortest bond by PBE or r2SCAN is at 0.58 of that sum."""
SHORTENED = 0.85
"""How far a bond may shrink in training and still be the same minimum: below, a lower energy is a hole."""
POINTS = 80
TOLERANCE = 0.1
"""eV: a fall of this much on the way in is a hole; less is a ripple, or a bond that training has shortened."""
REACH = 20.0
"""eV above the bonded minimum: what lies behind a wall this high is never reached, and curves of DFT themselves break there."""
MARGIN = 1e-3
"""Å that the longest distance stays below the cutoff, where all potentials still have an edge."""
TOGETHER = 2_000
"""Pairs in a batch at most."""
BOX = 15.0
"""Å, shortest edge of the periodic cube; wider where images would see each other."""


@dataclass(frozen=True, eq=False)
class Curve:
    """Energy of one pair against distance.

    Attributes:
        element: symbol
        distance: Å, rising, (points,)
        energy: eV, total, (points,)
    """

    element: str
    distance: np.ndarray
    energy: np.ndarray

    @property
    def radii(self) -> float:
        """Sum of the covalent radii, Å."""
        return float(2.0 * covalent_radii[atomic_numbers[self.element]])

    def bonded(self, shortest: float = 0.0) -> int:
        """Point of the lowest energy at which the two atoms may be called bonded.

        Args:
            shortest: Å; besides, nothing below :data:`BONDED` of the covalent radii counts
        """
        able = np.flatnonzero(self.distance >= max(shortest, BONDED * self.radii))
        return int(able[np.argmin(self.energy[able])])

    def hole(self, bonded: int) -> float:
        """Deepest fall of the energy on the way in from a point to the shortest distance, eV; 0 where it only rises.

        Falls behind a wall of more than :data:`REACH` do not count.

        >>> Curve("O", np.array([0.7, 0.9, 1.2, 2.0]), np.array([1.0, 3.0, -5.0, 0.0])).hole(2)
        2.0
        """
        inward = self.above(bonded)[bonded::-1]
        highest = np.maximum.accumulate(inward)
        return float((highest - inward)[highest <= REACH].max())

    def above(self, point: int) -> np.ndarray:
        """Energies relative to that of a point, eV, (points,)."""
        relative: np.ndarray = self.energy - self.energy[point]
        return relative


def diatomic_curves(
    potential: ReferencedPotential, elements: Sequence[int], head: str | None = None, *, points: int = POINTS
) -> dict[str, Curve]:
    """Curve of each element's pair in an otherwise empty periodic cube, by symbol, in the given order.

    From half the sum of the covalent radii to the cutoff of the potential, in steps of equal ratio. One batched pass over all of
    them, energies alone: 92 elements take CHGNet less than two seconds on one core.

    Args:
        potential: it is not changed
        elements: atomic numbers
        head: of the potential; may be left out where there is one
        points: distances of each curve

    Raises:
        UnknownHead: see :meth:`~transferkit.adapters.potential.ReferencedPotential.head_index`.
        MissingReference: an element is unknown to the potential.

    >>> import transferkit as tk
    >>> curve = diatomic_curves(tk.load("chgnet"), [8])["O"]
    >>> float(round(curve.distance[0], 2)), curve.hole(curve.bonded())
    (0.66, 0.0)
    """
    name = potential.adapter.heads[potential.head_index(head)]
    numbers = list(dict.fromkeys(int(z) for z in elements))
    ends, box = potential.adapter.cutoff - MARGIN, max(BOX, 2.0 * potential.adapter.cutoff + 1.0)
    curves: dict[str, Curve] = {}
    each = max(1, TOGETHER // points)
    for start in range(0, len(numbers), each):
        some = numbers[start : start + each]
        distance = np.stack([np.geomspace(START * 2.0 * covalent_radii[z], ends, points) for z in some])
        # Which atoms are neighbours is the same at all distances below the cutoff: one graph of each pair is enough.
        graphs = [potential.graph(pair(z, float(r[0]), box), head=name) for z, r in zip(some, distance, strict=True)]
        batch = potential.collate([graph for graph in graphs for _ in range(points)], name)
        positions = batch.positions.clone()
        positions[1::2, 0] = positions[0::2, 0] + torch.from_numpy(distance.ravel()).to(positions)
        with torch.no_grad():
            energy = potential(batch, need=frozenset({"energy"}), positions=positions).energy
        rows = energy.cpu().numpy().reshape(len(some), points)
        names = [chemical_symbols[z] for z in some]
        curves |= {name: Curve(name, r, row) for name, r, row in zip(names, distance, rows, strict=True)}
    return curves


def pair(number: int, distance: float, box: float = BOX) -> Structure:
    """Two equal atoms along x in a periodic cube.

    Args:
        number: atomic number
        distance: Å
        box: Å

    >>> pair(8, 1.2).positions[:, 0].tolist()
    [4.5, 5.7]
    """
    positions = np.full((2, 3), 0.3 * box)  # both stay inside at any distance below half the box
    positions[1, 0] += distance
    symbol = chemical_symbols[number]
    return Structure(
        np.array([number, number]), positions, np.eye(3) * box, np.ones(3, dtype=bool), f"{symbol}-{symbol}"
    )
