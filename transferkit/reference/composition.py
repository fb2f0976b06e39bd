"""Which elemental energies a set of compositions can determine, and which sums of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from ase.data import chemical_symbols

from transferkit.data.composition import DIRECTION_TOLERANCE, fractions, row_basis, undetermined_elements
from transferkit.errors import ReferenceFitError


@dataclass(frozen=True, eq=False)
class Coverage:
    """What a set of compositions says about the energies of its elements.

    Attributes:
        elements: atomic numbers, one per column of the counts, shape (elements,)
        rank: number of independent combinations of elemental energies that the compositions fix
        undetermined: atomic numbers whose own energy is not fixed, among them those that do not occur
        structures_per_element: structures that hold the element, shape (elements,)
        compositions_per_element: distinct compositions that hold the element, shape (elements,)
    """

    elements: np.ndarray
    rank: int
    undetermined: tuple[int, ...]
    structures_per_element: np.ndarray
    compositions_per_element: np.ndarray

    @property
    def n_elements(self) -> int:
        """Number of elements (columns)."""
        return len(self.elements)

    def __str__(self) -> str:
        """Rank, undetermined elements, and how often each element occurs."""
        names = ", ".join(chemical_symbols[z] for z in self.undetermined) or "none"
        head = (
            f"{self.n_elements} elements, rank {self.rank}: "
            f"the energies of {self.n_elements - len(self.undetermined)} elements can be fitted; undetermined: {names}"
        )
        rows = zip(self.elements, self.structures_per_element, self.compositions_per_element, strict=True)
        lines = [f"  {chemical_symbols[int(z)]:<2} {n:>7} structures {c:>6} compositions" for z, n, c in rows]
        return "\n".join([head, *lines])


def coverage(
    counts: np.ndarray, elements: Sequence[int] | np.ndarray, compositions: Sequence[str] | np.ndarray | None = None
) -> Coverage:
    """Rank of the compositions, and the elements whose energy they do not determine.

    The energy of element ``e`` is determined if and only if the unit vector of ``e`` lies in the row space of ``counts``.

    Args:
        counts: atoms of each element in each structure, shape (structures, elements)
        elements: atomic numbers of the columns, shape (elements,)
        compositions: name of each structure's composition, shape (structures,); structures with equal
            fractions share one if not given

    Raises:
        ReferenceFitError: the arrays do not fit together, or a structure has no atoms.

    Two compositions of the same two elements fix both; oxygen alone with one partner each time does not:

    >>> print(coverage(np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 1.0]]), [3, 8, 12]))
    3 elements, rank 2: the energies of 0 elements can be fitted; undetermined: Li, O, Mg
      Li       1 structures      1 compositions
      O        2 structures      2 compositions
      Mg       1 structures      1 compositions
    """
    elements = np.asarray(elements)
    counts = checked_counts(counts, elements)
    basis = row_basis(counts)
    if compositions is None:
        _, groups = np.unique(np.round(fractions(counts), 9), axis=0, return_inverse=True)
    else:
        _, groups = np.unique(np.asarray(compositions, dtype=str), return_inverse=True)
        if len(groups) != len(counts):
            raise ReferenceFitError(f"{len(groups)} names of compositions were given for {len(counts)} structures")
    present = counts > 0
    by_group = np.zeros((int(groups.max(initial=-1)) + 1, len(elements)), dtype=bool)
    np.logical_or.at(by_group, groups.ravel(), present)
    return Coverage(
        elements=elements,
        rank=len(basis),
        undetermined=undetermined_elements(basis, elements),
        structures_per_element=present.sum(axis=0),
        compositions_per_element=by_group.sum(axis=0),
    )


def estimable(train_counts: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Whether the training compositions determine the summed reference of each structure, bool, shape (structures,).

    A structure's sum is determined when its count vector is a linear combination of training compositions; that may
    hold although the energies of its single elements are not determined (another frame of the only Cs compound).

    Args:
        train_counts: shape (training structures, elements)
        counts: shape (structures, elements), same columns

    Raises:
        ReferenceFitError: the two have different columns.

    >>> estimable(np.array([[1.0, 1.0, 0.0]]), np.array([[2.0, 2.0, 0.0], [1.0, 2.0, 0.0], [0.0, 0.0, 1.0]]))
    array([ True, False, False])
    """
    if train_counts.shape[1] != counts.shape[1]:
        raise ReferenceFitError(
            f"training counts have {train_counts.shape[1]} columns, the others {counts.shape[1]}; "
            f"count both with the same list of elements"
        )
    rows = fractions(counts)
    basis = row_basis(train_counts)
    outside = rows - (rows @ basis.T) @ basis
    inside: np.ndarray = np.linalg.norm(outside, axis=1) <= DIRECTION_TOLERANCE * np.linalg.norm(rows, axis=1)
    return inside


def checked_counts(counts: np.ndarray, elements: np.ndarray) -> np.ndarray:
    """Counts as float64, refused where they cannot be a table of atoms.

    Raises:
        ReferenceFitError: wrong shape, no structures, a structure without atoms, or a repeated element.
    """
    counts = np.asarray(counts, dtype=np.float64)
    if counts.ndim != 2 or counts.shape[1] != len(elements):
        raise ReferenceFitError(
            f"counts have shape {counts.shape}; with {len(elements)} elements it must be (structures, {len(elements)})"
        )
    if len(counts) == 0:
        raise ReferenceFitError("no structures: a reference needs at least one structure with an energy")
    if len(np.unique(elements)) != len(elements):
        raise ReferenceFitError(f"an atomic number stands twice in the columns {[int(z) for z in elements]}")
    if len(empty := np.flatnonzero(counts.sum(axis=1) <= 0)):
        raise ReferenceFitError(f"structure {int(empty[0])} has no atoms of any of the elements in the columns")
    return counts
