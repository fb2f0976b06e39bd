"""Force components that symmetry sets to zero: predicting them right is no achievement."""

import warnings

import numpy as np
import spglib

from transferkit.data.structure import Structure
from transferkit.errors import DataError

FREE = 1e-6
"""A component counts as free if its row of the projector is longer than this."""


def free_components(structure: Structure, symprec: float = 1e-3) -> np.ndarray:
    r"""Force components that the space group leaves free, bool, shape (atoms, 3).

    A force field is compatible with a crystal if every operation maps it to itself and if its sum vanishes. The
    orthogonal projector onto such fields has, at component :math:`(i, α)`, the diagonal element

    .. math:: P_{iα,iα} = \frac{1}{|G|} \sum_{g: g(i) = i} (W_g)_{αα} - \frac{1}{N |G|} \sum_g (W_g)_{αα},

    with Cartesian rotations :math:`W_g`: the average over the atom's site group, less the part along uniform
    translations. A projector's diagonal element is the squared length of its row, so the component is fixed at zero if
    and only if this vanishes. Components are Cartesian: an atom on a mirror plane that is oblique to the axes has all
    three free, though only two independent.

    Structures that are not periodic in three directions have no space group; all their components count as free.

    Args:
        structure: one configuration
        symprec: Å, how far atoms may be from symmetric places

    Raises:
        DataError: the symmetry search fails, for instance because two atoms coincide.

    >>> from ase.build import bulk
    >>> a = bulk("MgO", "rocksalt", a=4.21)
    >>> rocksalt = Structure(a.numbers.astype(np.int64), a.positions, a.cell.array, a.pbc)
    >>> free_components(rocksalt).any()
    np.False_
    """
    n = len(structure)
    if not structure.pbc.all():
        return np.ones((n, 3), dtype=bool)
    fractional = np.linalg.solve(structure.cell.T, structure.positions.T).T
    rotations, translations = _operations(structure, fractional, symprec)
    # Rows of the cell are lattice vectors, so x = cell^T f and the Cartesian rotation is cell^T R cell^-T.
    cartesian = structure.cell.T @ rotations @ np.linalg.inv(structure.cell.T)
    diagonal = np.diagonal(cartesian, axis1=1, axis2=2)
    length = -diagonal.mean(axis=0) / n * np.ones((n, 3))
    for rotation, translation, trace in zip(rotations, translations, diagonal, strict=True):
        moved = fractional @ rotation.T + translation - fractional
        step = (moved - np.round(moved)) @ structure.cell
        length[np.linalg.norm(step, axis=1) < 2 * symprec] += trace / len(rotations)
    free: np.ndarray = length > FREE**2
    return free


def _operations(structure: Structure, fractional: np.ndarray, symprec: float) -> tuple[np.ndarray, np.ndarray]:
    try:
        # spglib announces that failures will be raised rather than returned as None; both are caught here.
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Set OLD_ERROR_HANDLING", category=DeprecationWarning)
            dataset = spglib.get_symmetry_dataset(
                (structure.cell.tolist(), fractional.tolist(), structure.numbers.tolist()), symprec=symprec
            )
    except spglib.SpglibError as error:
        raise DataError(_failed(structure, symprec, str(error))) from error
    if dataset is None:
        raise DataError(_failed(structure, symprec, "no space group found"))
    return dataset.rotations, dataset.translations


def _failed(structure: Structure, symprec: float, why: str) -> str:
    name = structure.id or structure.formula
    return f"symmetry of {name!r} could not be found with symprec {symprec} Å: {why}. Look for atoms that coincide or a flat cell."
