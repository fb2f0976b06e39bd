"""Structures: labelled atomic configurations as flat arrays with offsets."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from hashlib import sha256
from json import dumps

import numpy as np
from ase.data import chemical_symbols

from transferkit.data.key_map import KeyMap
from transferkit.data.structure import Structure, reduced_formula
from transferkit.errors import DataError
from transferkit.typing import (
    PROPERTIES,
    Cells,
    Counts,
    Energy,
    Forces,
    Magmoms,
    Mask,
    Numbers,
    Periodic,
    Positions,
    Property,
    Stress,
)

__all__ = ["PER_ATOM", "Structure", "Structures", "concatenate", "reduced_formula"]

PER_ATOM: frozenset[Property] = frozenset({"forces", "magmoms"})


def _read_only(values: np.ndarray) -> np.ndarray:
    view = values.view()
    view.flags.writeable = False
    return view


@dataclass(frozen=True, eq=False)
class Structures:
    """Labelled configurations at one level of theory; immutable.

    Arrays are flat: structure ``s`` owns atoms ``offsets[s]:offsets[s + 1]``. A label that is absent is NaN and has
    ``mask[label][s] == False``; the mask decides, never the NaN. Shapes and units: :mod:`transferkit.typing`.

    Attributes:
        fidelity: level of theory, e.g. "PBE" or "r2SCAN"
        label_convention: what the energy is: "raw" (as computed), "mp2020", "cohesive", "formation";
            :mod:`transferkit.data.convention`
        id: one name per structure, shape (structures,); unique in what is read or joined, repeated only where
            indexing takes a structure twice
        material_id: frames of one material share it, shape (structures,)
        columns: further values per structure, e.g. the prototype; each of shape (structures, ...)
        read_as: which entries of the file became which labels

    Raises:
        DataError: a label where ``mask`` is true is NaN or infinite, or an array has the wrong length.

    >>> import transferkit as tk
    >>> data = tk.bundled("gpaw-pbe-r2scan", fidelity="r2SCAN")
    >>> len(data), len(data.numbers), data.has("forces").all().item()
    (367, 981, True)
    """

    numbers: Numbers
    positions: Positions
    cell: Cells
    pbc: Periodic
    offsets: np.ndarray
    energy: Energy
    forces: Forces
    stress: Stress
    magmoms: Magmoms
    mask: Mapping[Property, Mask]
    id: np.ndarray
    material_id: np.ndarray
    fidelity: str
    label_convention: str = "raw"
    columns: Mapping[str, np.ndarray] = field(default_factory=dict)
    read_as: KeyMap = field(default_factory=KeyMap)

    def __post_init__(self) -> None:
        """Check lengths and that every label that is said to be there is finite."""
        self._check_lengths()
        for name in PROPERTIES:
            self._check_finite(name)
        for f in fields(self):
            if isinstance(value := getattr(self, f.name), np.ndarray):
                object.__setattr__(self, f.name, _read_only(value))
        object.__setattr__(self, "mask", {k: _read_only(v) for k, v in self.mask.items()})
        object.__setattr__(self, "columns", {k: _read_only(v) for k, v in self.columns.items()})

    def _check_lengths(self) -> None:
        if missing := set(PROPERTIES) - set(self.mask):
            raise DataError(f"mask lacks {sorted(missing)}")
        structures, atoms = (len(self.offsets) - 1, "structures"), (int(self.offsets[-1]), "atoms")
        wanted = [(n, getattr(self, n), atoms) for n in ("numbers", "positions", "forces", "magmoms")]
        wanted += [(n, getattr(self, n), structures) for n in ("cell", "pbc", "energy", "stress", "id", "material_id")]
        wanted += [(f"mask of {n}", self.mask[n], structures) for n in PROPERTIES]
        wanted += [(f"column {n!r}", v, structures) for n, v in self.columns.items()]
        for name, values, (count, what) in wanted:
            if len(values) != count:
                raise DataError(f"{name} has {len(values)} rows for {count} {what}")

    def _check_finite(self, name: Property) -> None:
        values = getattr(self, name)
        finite = np.isfinite(values).all(axis=tuple(range(1, values.ndim)))
        if name in PER_ATOM:
            finite = np.bincount(self.owner, weights=~finite, minlength=len(self)) == 0
        bad = np.flatnonzero(self.mask[name] & ~finite)
        if len(bad):
            s = int(bad[0])
            more = f" (and {len(bad) - 1} more structures)" if len(bad) > 1 else ""
            raise DataError(
                f"structure {s} ({self.id[s]!r}): {name} is NaN or infinite{more}. "
                f"Remove the label or the frame; a label that is absent is left out, not written as NaN."
            )

    def __len__(self) -> int:
        """Count the structures."""
        return len(self.offsets) - 1

    def __iter__(self) -> Iterator[Structure]:
        """Yield unlabelled structures in order."""
        return (self.structure(s) for s in range(len(self)))

    def structure(self, s: int) -> Structure:
        """Structure ``s`` without its labels."""
        a, b = int(self.offsets[s]), int(self.offsets[s + 1])
        return Structure(self.numbers[a:b], self.positions[a:b], self.cell[s], self.pbc[s], str(self.id[s]))

    def __getitem__(self, which: int | np.integer | slice | Sequence[int] | np.ndarray) -> "Structures":
        """Structures chosen by number, by a slice, by indices or by a boolean mask, in that order."""
        empty = isinstance(which, Sequence) and not len(which)
        index = np.atleast_1d(np.arange(len(self))[which if isinstance(which, slice) or empty else np.asarray(which)])
        sizes = self.n_atoms[index]
        offsets = np.concatenate([[0], np.cumsum(sizes)])
        atoms = np.repeat(self.offsets[index] - offsets[:-1], sizes) + np.arange(offsets[-1])
        return replace(
            self,
            numbers=self.numbers[atoms],
            positions=self.positions[atoms],
            forces=self.forces[atoms],
            magmoms=self.magmoms[atoms],
            offsets=offsets,
            cell=self.cell[index],
            pbc=self.pbc[index],
            energy=self.energy[index],
            stress=self.stress[index],
            id=self.id[index],
            material_id=self.material_id[index],
            mask={k: v[index] for k, v in self.mask.items()},
            columns={k: v[index] for k, v in self.columns.items()},
        )

    @cached_property
    def n_atoms(self) -> np.ndarray:
        """Atoms per structure, int64, shape (structures,)."""
        return np.diff(self.offsets)

    @cached_property
    def owner(self) -> np.ndarray:
        """Structure of each atom, int64, shape (atoms,)."""
        return np.repeat(np.arange(len(self)), self.n_atoms)

    @cached_property
    def volume(self) -> np.ndarray:
        """Å³; shape (structures,); zero for a structure without a cell."""
        volume: np.ndarray = np.abs(np.linalg.det(self.cell))
        return volume

    @cached_property
    def composition(self) -> np.ndarray:
        """Reduced formula of each structure (str), the unit of replication; shape (structures,)."""
        return np.array([reduced_formula(s.numbers) for s in self], dtype=object)

    @cached_property
    def elements(self) -> np.ndarray:
        """Sorted atomic numbers that occur, int64."""
        return np.unique(self.numbers)

    def counts(self, elements: Sequence[int] | np.ndarray | None = None) -> Counts:
        """Atoms of each element in each structure, float64, shape (structures, elements).

        Args:
            elements: atomic numbers, one per column; all that occur if not given.

        Raises:
            DataError: a structure holds an element that is not a column.
        """
        columns = self.elements if elements is None else np.asarray(elements)
        lookup = np.full(max(int(columns.max(initial=0)), int(self.numbers.max(initial=0))) + 1, -1)
        lookup[columns] = np.arange(len(columns))
        position = lookup[self.numbers]
        if (position < 0).any():
            z = int(self.numbers[int(np.argmin(position))])
            raise DataError(f"element {chemical_symbols[z]} is not among the columns asked for")
        out = np.zeros((len(self), len(columns)))
        np.add.at(out, (self.owner, position), 1.0)
        return out

    def has(self, label: Property) -> Mask:
        """Which structures carry this label, shape (structures,)."""
        return self.mask[label]

    def with_labels(self, **labels: np.ndarray) -> "Structures":
        """A copy whose named labels are replaced and present everywhere."""
        present = {p: np.ones(len(self), dtype=bool) if p in labels else self.mask[p] for p in PROPERTIES}
        return replace(self, **labels, mask=present)  # type: ignore[arg-type]

    def without(self, *labels: Property) -> "Structures":
        """A copy that lacks the named labels."""
        blank = {k: np.full_like(getattr(self, k), np.nan) for k in labels}
        absent = {k: np.zeros(len(self), dtype=bool) for k in labels}
        return replace(self, **blank, mask={**self.mask, **absent})

    @cached_property
    def hash(self) -> str:
        """Content hash (sha256, hex) of geometry, labels, masks, ids, fidelity and convention; columns are not in it.

        The same on any machine: integers and floats enter as 8 little-endian bytes, text as UTF-8, and what stands
        in the place of an absent label does not enter.
        """
        digest = sha256(dumps([self.fidelity, self.label_convention]).encode())
        for f in fields(self):
            if isinstance(value := getattr(self, f.name), np.ndarray):
                digest.update(f.name.encode() + self._bytes(f.name, value))
        for name in PROPERTIES:
            digest.update(self.mask[name].astype("?").tobytes())
        return digest.hexdigest()

    def _bytes(self, name: str, value: np.ndarray) -> bytes:
        if value.dtype.kind in "OU":
            return dumps([str(v) for v in value]).encode()
        if name in self.mask:
            rows = self.mask[name][self.owner] if name in PER_ATOM else self.mask[name]  # type: ignore[index]
            value = value[rows]
        return value.astype({"f": "<f8", "b": "?"}.get(value.dtype.kind, "<i8")).tobytes()

    def __repr__(self) -> str:
        """One line: counts, elements, fidelity and which labels are there."""
        labels = ", ".join(f"{p} {int(self.mask[p].sum())}" for p in PROPERTIES if self.mask[p].any())
        return (
            f"Structures({len(self)} structures, {len(self.numbers)} atoms, {len(self.elements)} elements, "
            f"{self.fidelity}, {labels or 'no labels'})"
        )


def _check_distinct(parts: Sequence[Structures]) -> None:
    # Predictions, pairs of two levels and parts of a split are found by id: a repeated one would stand for another.
    seen: set[str] = set()
    for k, part in enumerate(parts):
        for name in map(str, part.id):
            if name in seen:
                raise DataError(
                    f"cannot join: id {name!r} (set {k} of {len(parts)}) occurs more than once. Leave the repeated structures "
                    f"out, or give them ids of their own, e.g. replace(data, id=np.array([f'second:{{i}}' for i in data.id]))"
                )
            seen.add(name)


def concatenate(parts: Sequence[Structures]) -> Structures:
    """Join sets of one fidelity and one label convention, in order.

    Raises:
        DataError: there is nothing to join, fidelity or convention differ, or an id occurs more than once.
    """
    if not parts:
        raise DataError("nothing to concatenate: the list of data sets is empty")
    first = parts[0]
    for part in parts:
        if (part.fidelity, part.label_convention) != (first.fidelity, first.label_convention):
            raise DataError(
                f"cannot join {first.fidelity}/{first.label_convention} with "
                f"{part.fidelity}/{part.label_convention}: one set has one fidelity and one label convention"
            )
    _check_distinct(parts)
    shared = [c for c in first.columns if all(c in p.columns for p in parts)]
    flat = ("numbers", "positions", "cell", "pbc", "energy", "forces", "stress", "magmoms", "id", "material_id")
    stacked = {name: np.concatenate([getattr(p, name) for p in parts]) for name in flat}
    sizes = np.concatenate([p.n_atoms for p in parts])
    return Structures(
        **stacked,
        offsets=np.concatenate([[0], np.cumsum(sizes)]),
        mask={p: np.concatenate([part.mask[p] for part in parts]) for p in PROPERTIES},
        fidelity=first.fidelity,
        label_convention=first.label_convention,
        columns={c: np.concatenate([p.columns[c] for p in parts]) for c in shared},
        read_as=KeyMap.joined([p.read_as for p in parts]),
    )
