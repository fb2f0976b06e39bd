"""Small structures that find mistakes: no symmetry, one atom, no angles, atoms outside the cell, two structures alike."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from transferkit.data.structures import Structure, Structures
from transferkit.typing import PROPERTIES

PERIODIC = np.ones(3, dtype=bool)


def small_structures(numbers: tuple[int, int] = (11, 17)) -> dict[str, Structure]:
    """Periodic structures of two elements, by what they are for; the same on every machine.

    Args:
        numbers: atomic numbers of the two elements

    >>> {name: len(s) for name, s in small_structures().items()}
    {'crystal': 8, 'skewed': 3, 'isolated': 1, 'angle-free': 2, 'outside': 2}
    """
    rng = np.random.default_rng(7)
    a, b = numbers
    fcc = np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
    crystal = Structure(
        numbers=np.array([a] * 4 + [b] * 4),
        positions=np.concatenate([fcc, fcc + 0.5]) * 5.4 + rng.normal(scale=0.08, size=(8, 3)),
        cell=np.eye(3) * 5.4,
        pbc=PERIODIC,
        id="crystal",
    )
    skewed = Structure(
        numbers=np.array([a, b, b]),
        positions=np.array([[0.1, 0.0, 0.2], [2.1, 1.4, 0.9], [0.9, 1.7, 2.4]]),
        cell=np.array([[4.1, 0.0, 0.3], [0.9, 3.9, 0.0], [-0.4, 0.8, 4.4]]),
        pbc=PERIODIC,
        id="skewed",
    )
    isolated = Structure(np.array([a]), np.array([[1.0, 2.0, 3.0]]), np.eye(3) * 20.0, PERIODIC, "isolated")
    # Neighbours at 3.6 Å: edges, and no two of them short enough to make an angle.
    primitive = np.array([[0.0, 1.0, 1.0], [1.0, 0.0, 1.0], [1.0, 1.0, 0.0]]) * 3.6
    angle_free = Structure(
        np.array([a, b]), np.array([[0.0, 0.0, 0.0], [3.5, 3.62, 3.55]]), primitive, PERIODIC, "angle-free"
    )
    outside = Structure(
        np.array([a, b]), np.array([[-3.0, 7.1, 0.2], [12.3, -5.0, 9.1]]), np.diag([3.5, 3.7, 4.2]), PERIODIC, "outside"
    )
    return {s.id: s for s in (crystal, skewed, isolated, angle_free, outside)}


def labelled(structures: Sequence[Structure], labels: Mapping[str, np.ndarray] | None = None) -> Structures:
    """A data set of these structures, with the given labels and no others.

    >>> labelled(list(small_structures().values())).has("energy").any().item()
    False
    """
    sizes = np.array([len(s) for s in structures])
    atoms, n = int(sizes.sum()), len(structures)
    blank = Structures(
        numbers=np.concatenate([s.numbers for s in structures]),
        positions=np.concatenate([s.positions for s in structures]),
        cell=np.stack([s.cell for s in structures]),
        pbc=np.stack([s.pbc for s in structures]),
        offsets=np.concatenate([[0], np.cumsum(sizes)]),
        energy=np.full(n, np.nan),
        forces=np.full((atoms, 3), np.nan),
        stress=np.full((n, 3, 3), np.nan),
        magmoms=np.full(atoms, np.nan),
        mask={p: np.zeros(n, dtype=bool) for p in PROPERTIES},
        id=np.array([s.id for s in structures], dtype=object),
        material_id=np.array([s.formula for s in structures], dtype=object),
        fidelity="test",
    )
    return blank.with_labels(**labels) if labels else blank


def rotated(structure: Structure, rotation: np.ndarray) -> Structure:
    """The structure turned by a (3, 3) rotation matrix that acts on column vectors."""
    return replace(structure, positions=structure.positions @ rotation.T, cell=structure.cell @ rotation.T)


def permuted(structure: Structure, order: np.ndarray) -> Structure:
    """The same atoms in another order."""
    return replace(structure, numbers=structure.numbers[order], positions=structure.positions[order])


def doubled(structure: Structure) -> Structure:
    """Two cells along the first lattice vector."""
    first = structure.cell[0]
    return replace(
        structure,
        numbers=np.concatenate([structure.numbers] * 2),
        positions=np.concatenate([structure.positions, structure.positions + first]),
        cell=np.stack([2 * first, structure.cell[1], structure.cell[2]]),
    )
