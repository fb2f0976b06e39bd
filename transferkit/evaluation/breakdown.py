"""Errors of one label, and their means by composition and by element."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from ase.data import chemical_symbols

from transferkit.data.structures import PER_ATOM, Structures
from transferkit.errors import DataError
from transferkit.typing import Json, Property


@dataclass(frozen=True, eq=False)
class LabelErrors:
    """Prediction minus reference, one value per component that both have.

    Energies count once per structure and per atom (eV/atom); forces three times per atom (eV/Å); stress nine times per
    structure (eV/Å³); magmoms once per atom (μB).

    Attributes:
        difference: shape (values,)
        reference: shape (values,)
        structure: structure of each value, shape (values,)
        atom: atom of each value, shape (values,); -1 for values of a whole structure
        component: place within the atom's or structure's label, shape (values,)
    """

    difference: np.ndarray
    reference: np.ndarray
    structure: np.ndarray
    atom: np.ndarray
    component: np.ndarray

    def __len__(self) -> int:
        """Count the values."""
        return len(self.difference)

    @cached_property
    def absolute(self) -> np.ndarray:
        """Absolute errors, shape (values,)."""
        out: np.ndarray = np.abs(self.difference)
        return out

    def where(self, chosen: np.ndarray) -> "LabelErrors":
        """Only the values for which ``chosen``, shape (values,), is true."""
        return LabelErrors(
            *(v[chosen] for v in (self.difference, self.reference, self.structure, self.atom, self.component))
        )

    def free(self, free: np.ndarray) -> "LabelErrors":
        """Only the force components that are true in ``free``, shape (atoms, 3)."""
        return self.where(free[self.atom, self.component])


def label_errors(label: Property, predicted: Structures, reference: Structures) -> LabelErrors:
    """Errors of a label over the structures that have it in both; possibly none.

    Raises:
        DataError: the two do not hold the same structures in the same order; names the first difference.
    """
    check_same(predicted, reference)
    both = predicted.has(label) & reference.has(label)
    values = [np.asarray(getattr(data, label), dtype=np.float64) for data in (predicted, reference)]
    if label == "energy":
        values = [v / np.maximum(reference.n_atoms, 1) for v in values]
    rows = np.flatnonzero(both[reference.owner] if label in PER_ATOM else both)
    width = int(np.prod(values[1].shape[1:]))
    flat = [v[rows].reshape(len(rows), width) for v in values]
    structure = reference.owner[rows] if label in PER_ATOM else rows
    atom = rows if label in PER_ATOM else np.full(len(rows), -1)
    return LabelErrors(
        difference=(flat[0] - flat[1]).ravel(),
        reference=flat[1].ravel(),
        structure=np.repeat(structure, width),
        atom=np.repeat(atom, width),
        component=np.tile(np.arange(width), len(rows)),
    )


def check_same(predicted: Structures, reference: Structures) -> None:
    """Refuse predictions of other structures.

    Raises:
        DataError: another number of structures or atoms, or another id; names the first.
    """
    if len(predicted) != len(reference):
        raise DataError(f"{len(predicted)} predictions for {len(reference)} structures; predict the same set")
    other = (predicted.id != reference.id) | (predicted.n_atoms != reference.n_atoms)
    if other.any():
        s = int(np.argmax(other))
        raise DataError(
            f"prediction {s} is of {predicted.id[s]!r} ({predicted.n_atoms[s]} atoms), the reference of "
            f"{reference.id[s]!r} ({reference.n_atoms[s]} atoms); keep the order of the structures"
        )


def by_composition(reference: Structures, errors: dict[str, LabelErrors]) -> Json:
    """Mean absolute error of each composition and the number of its structures.

    Args:
        reference: the structures that the errors index
        errors: by the name under which they are listed; where a composition has no value it is None

    >>> import transferkit as tk
    >>> data = tk.bundled("gpaw-pbe-r2scan")
    >>> off = data.with_labels(energy=data.energy + 0.1 * data.n_atoms)
    >>> table = by_composition(data, {"energy": label_errors("energy", off, data)})
    >>> round(table["MgO"]["energy"], 6)
    0.1
    """
    names, group = np.unique(reference.composition.astype(str), return_inverse=True)
    means = {what: _means(e.absolute, group[e.structure], len(names)) for what, e in errors.items()}
    sizes = np.bincount(group, minlength=len(names))
    return {
        str(name): {**{what: _or_none(mean[k]) for what, mean in means.items()}, "n": int(sizes[k])}
        for k, name in enumerate(names)
    }


def by_element(reference: Structures, energy: LabelErrors, forces: LabelErrors) -> Json:
    """Mean absolute energy error of the structures that hold an element, and force error on its atoms.

    An energy error belongs to a whole structure, so it counts for each of its elements.

    Args:
        reference: the structures that the errors index
        energy: errors in eV/atom
        forces: errors in eV/Å
    """
    holds = reference.counts() > 0
    share = holds[energy.structure]
    n = share.sum(axis=0)
    energy_mae = np.divide(energy.absolute @ share, n, out=np.full(len(n), np.nan), where=n > 0)
    column = np.searchsorted(reference.elements, reference.numbers)
    forces_mae = _means(forces.absolute, column[forces.atom], len(n))
    return {
        chemical_symbols[int(z)]: {
            "energy_mae": _or_none(energy_mae[k]),
            "forces_mae": _or_none(forces_mae[k]),
            "n_structures": int(holds[:, k].sum()),
        }
        for k, z in enumerate(reference.elements)
    }


def _means(values: np.ndarray, group: np.ndarray, n_groups: int) -> np.ndarray:
    sums = np.bincount(group, weights=values, minlength=n_groups)
    sizes = np.bincount(group, minlength=n_groups)
    means: np.ndarray = np.divide(sums, sizes, out=np.full(n_groups, np.nan), where=sizes > 0)
    return means


def _or_none(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
