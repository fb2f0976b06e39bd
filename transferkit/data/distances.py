"""Closest pairs of atoms, for many structures at once: one search tree per portion of a set."""

from dataclasses import dataclass

import numpy as np
from ase.data import covalent_radii
from ase.geometry import complete_cell
from scipy.spatial import cKDTree

from transferkit.data.structures import Structures

REACH = 3.0
"""Å; holds every collision, as half of the largest sum of covalent radii is 2.6 Å"""
PORTION = 20_000
"""Atoms that go into one search tree."""


@dataclass(frozen=True, eq=False)
class Closest:
    """The closest pair of each structure, in relation to the size of its atoms.

    Attributes:
        distance: Å, of the pair with the smallest share; infinite where no pair is within reach, shape (structures,)
        share: that distance divided by the sum of the two covalent radii, infinite likewise, shape (structures,)
        lonely: whether an atom has no neighbour within reach, shape (atoms,)
    """

    distance: np.ndarray
    share: np.ndarray
    lonely: np.ndarray


def closest(data: Structures, reach: float = REACH) -> Closest:
    """Pairs of atoms that are closest relative to the sum of their covalent radii, periodic images included.

    Args:
        data: any structures; labels are not looked at
        reach: Å; pairs further apart are not seen

    >>> import transferkit as tk
    >>> found = closest(tk.bundled("gpaw-pbe-r2scan")[:3])
    >>> found.share.round(2).tolist()
    [1.11, 1.2, inf]
    """
    parts = [_closest(data[rows], reach) for rows in _portions(data)]
    if not parts:
        return Closest(np.zeros(0), np.zeros(0), np.zeros(0, dtype=bool))
    return Closest(*(np.concatenate([getattr(p, k) for p in parts]) for k in ("distance", "share", "lonely")))


def isolated(data: Structures, within: float) -> np.ndarray:
    """Whether an atom of the structure has no neighbour within this many Å, shape (structures,)."""
    out = np.zeros(len(data), dtype=bool)
    # most structures are settled by short distances, whose list is far cheaper
    near = closest(data, min(within, REACH))
    rest = np.unique(data.owner[near.lonely])
    if not len(rest) or within <= REACH:
        out[rest] = True
        return out
    far = data[rest]
    out[rest[np.unique(far.owner[closest(far, within).lonely])]] = True
    return out


def _portions(data: Structures) -> list[np.ndarray]:
    portion = (data.offsets[1:] - 1) // PORTION
    return [np.flatnonzero(portion == k) for k in np.unique(portion)]


def _closest(data: Structures, reach: float) -> Closest:
    positions, atom = _images(data, reach)
    # structures lie far apart along a fourth axis, so that one tree serves all of them
    apart = 10.0 * reach
    real = positions[: len(data.numbers)]
    space = np.column_stack([positions, data.owner[atom] * apart])
    tree = cKDTree(space)
    pairs = cKDTree(space[: len(real)]).sparse_distance_matrix(tree, reach, output_type="ndarray")
    pairs = pairs[pairs["i"] != pairs["j"]]
    i, j, d = pairs["i"], atom[pairs["j"]], pairs["v"]
    share = d / (covalent_radii[data.numbers[i]] + covalent_radii[data.numbers[j]])
    lonely = np.ones(len(real), dtype=bool)
    lonely[i] = False
    order = np.argsort(share, kind="stable")[::-1]
    out = np.full((2, len(data)), np.inf)
    # of repeated indices the last assignment stays: the smallest share
    out[:, data.owner[i[order]]] = np.stack([d[order], share[order]])
    return Closest(out[0], out[1], lonely)


def _images(data: Structures, reach: float) -> tuple[np.ndarray, np.ndarray]:
    """Atoms moved into their cells, then every image within reach of the cell; positions (n, 3) and atom (n,)."""
    cell = data.cell.copy()
    flat = data.volume < 1e-9
    for s in np.flatnonzero(flat):
        cell[s] = complete_cell(cell[s])  # type: ignore[no-untyped-call]
    periodic = data.pbc & (np.linalg.norm(data.cell, axis=2) > 0)
    inverse = np.linalg.inv(cell)
    height = 1.0 / np.linalg.norm(inverse, axis=1)
    fractional = np.einsum("ni,nij->nj", data.positions, inverse[data.owner])
    fractional = np.where(periodic[data.owner], fractional - np.floor(fractional), fractional)
    margin = reach / height
    count = np.where(periodic, np.ceil(margin), 0).astype(int)
    places = [np.einsum("ni,nij->nj", fractional, cell[data.owner])]
    atoms = [np.arange(len(data.numbers))]
    for kind in np.unique(count, axis=0):
        members = np.flatnonzero((count == kind).all(axis=1)[data.owner])
        steps = np.stack(np.meshgrid(*(np.arange(-k, k + 1) for k in kind), indexing="ij"), axis=-1).reshape(-1, 3)
        for step in steps[np.any(steps != 0, axis=1)]:
            moved = fractional[members] + step
            edge = margin[data.owner[members]]
            near = ((moved >= -edge) & (moved <= 1 + edge) | (step == 0)).all(axis=1)
            places.append(np.einsum("ni,nij->nj", moved[near], cell[data.owner[members[near]]]))
            atoms.append(members[near])
    return np.concatenate(places), np.concatenate(atoms)
