"""ElementalReference: one energy per element, subtracted from totals before learning and added back after."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from ase.data import atomic_numbers, chemical_symbols

from transferkit.data.structures import Structures
from transferkit.errors import MissingReference
from transferkit.typing import Energy, Json

Kind = Literal["regression", "isolated-atom", "unknown"]


@dataclass(frozen=True, eq=False)
class ElementalReference:
    """Energies E0 of the elements, eV per atom, float64.

    The kind matters: with *regression* references the network's part is the residual of a linear fit; with
    *isolated-atom* references it contains the whole cohesive energy. The two must not be mixed.

    Attributes:
        elements: sorted atomic numbers, shape (elements,)
        energies: eV per atom, shape (elements,)
        kind: "regression", "isolated-atom", or "unknown" where a file does not say
        covariance: of ``energies``, eV², shape (elements, elements); None where not fitted
        undetermined: atomic numbers whose value the data did not determine
        source: where the numbers come from, in words
        fidelity: level of theory of the totals that network and E0 give together, e.g. "PBE"; None where unknown.
            Data find their head by it.
        label_convention: what those totals are, e.g. "raw" or "mp2020"; None where unknown

    >>> e0 = ElementalReference.from_mapping({"O": -9.1, "Mg": -3.3})
    >>> e0["Mg"]
    -3.3
    """

    elements: np.ndarray
    energies: np.ndarray
    kind: Kind = "regression"
    covariance: np.ndarray | None = None
    undetermined: tuple[int, ...] = ()
    source: str = ""
    fidelity: str | None = None
    label_convention: str | None = None

    @classmethod
    def from_mapping(
        cls, table: Mapping[str, float], *, kind: Kind = "regression", source: str = ""
    ) -> "ElementalReference":
        """From symbols to eV per atom."""
        z = np.array(sorted(atomic_numbers[s] for s in table), dtype=np.int64)
        return cls(z, np.array([float(table[chemical_symbols[i]]) for i in z]), kind=kind, source=source)

    def to_mapping(self) -> dict[str, float]:
        """From symbols to eV per atom."""
        return {chemical_symbols[int(z)]: float(e) for z, e in zip(self.elements, self.energies, strict=True)}

    def __getitem__(self, symbol: str) -> float:
        """Energy of one element, eV per atom.

        Raises:
            MissingReference: the element is not in the table.
        """
        return float(self.at(np.array([atomic_numbers[symbol]]))[0])

    def at(self, numbers: np.ndarray) -> np.ndarray:
        """Energies at these atomic numbers, eV per atom, same shape.

        Raises:
            MissingReference: an element is not in the table.
        """
        where = np.searchsorted(self.elements, numbers).clip(max=max(len(self.elements) - 1, 0))
        found = self.elements[where] == numbers if len(self.elements) else np.zeros(np.shape(numbers), dtype=bool)
        if not np.all(found):
            lacking = sorted({chemical_symbols[int(z)] for z in np.asarray(numbers)[~found]})
            raise MissingReference(
                f"no reference energy for {', '.join(lacking)}; the table has "
                f"{', '.join(self.to_mapping()) or 'no elements'}. Add structures with these elements, or give their energies."
            )
        out: np.ndarray = self.energies[where]
        return out

    def total(self, data: Structures) -> Energy:
        """Sum of E0 over the atoms of each structure, eV, shape (structures,).

        Raises:
            MissingReference: a structure holds an element that is not in the table.
        """
        return np.bincount(data.owner, weights=self.at(data.numbers), minlength=len(data))

    def subtract(self, data: Structures) -> Structures:
        """The same structures with E0 taken off the energies that are there; forces and stress are untouched."""
        return replace(data, energy=data.energy - self.total(data))

    def add(self, data: Structures) -> Structures:
        """The inverse of :meth:`subtract`, to 1e-9 eV."""
        return replace(data, energy=data.energy + self.total(data))

    def shifted(self, by: "ElementalReference", *, source: str = "") -> "ElementalReference":
        """This table plus the energies of another, on this table's elements; elements the other lacks keep theirs.

        The result keeps this table's kind. Undetermined are the other's undetermined elements and those it lacks.

        Raises:
            MissingReference: the other table has an element that this one lacks.
        """
        self.at(by.elements)
        energies = self.energies.copy()
        energies[np.searchsorted(self.elements, by.elements)] += by.energies
        absent = set(self.elements.tolist()) - set(by.elements.tolist())
        undetermined = tuple(sorted(set(by.undetermined) | absent))
        return replace(
            self, energies=energies, covariance=None, undetermined=undetermined, source=source or self.source
        )

    def minus(self, other: "ElementalReference") -> dict[str, float]:
        """Shift per element found in both tables, eV per atom."""
        theirs = other.to_mapping()
        return {s: e - theirs[s] for s, e in self.to_mapping().items() if s in theirs}

    def to_json(self) -> Json:
        """A JSON object; :meth:`from_json` restores it to the digit."""
        return {
            "energies_eV_per_atom": self.to_mapping(),
            "kind": self.kind,
            "undetermined": [chemical_symbols[z] for z in self.undetermined],
            "source": self.source,
            "fidelity": self.fidelity,
            "label_convention": self.label_convention,
            "covariance_eV2": None if self.covariance is None else self.covariance.tolist(),
        }

    @classmethod
    def from_json(cls, data: Json) -> "ElementalReference":
        """Restore what :meth:`to_json` gave."""
        plain = cls.from_mapping(data["energies_eV_per_atom"], kind=data["kind"], source=data["source"])
        covariance = data.get("covariance_eV2")
        return replace(
            plain,
            covariance=None if covariance is None else np.array(covariance),
            undetermined=tuple(atomic_numbers[s] for s in data.get("undetermined", ())),
            fidelity=data.get("fidelity"),
            label_convention=data.get("label_convention"),
        )

    def save(self, path: str | Path) -> None:
        """Write as JSON."""
        Path(path).write_text(json.dumps(self.to_json(), indent=1))
