"""Which value of an ASE ``Atoms`` is the label: results of its calculator and named entries, by rule; never a guess."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from transferkit.data.readers.candidates import Request, chosen_energy, chosen_other, mend
from transferkit.data.readers.names import name_of
from transferkit.data.readers.stated_units import is_per_atom, unit_factor
from transferkit.errors import DataError, nearest
from transferkit.typing import PROPERTIES, Property

if TYPE_CHECKING:
    from ase import Atoms

NAMEABLE = (*PROPERTIES, "virial", "id", "material_id")
"""What ``keys`` can name."""
PER_ATOM_OF_ASE = frozenset({"energies", "stresses"})
"""Results of ASE calculators with one value per atom."""


@dataclass(frozen=True, eq=False)
class Found:
    """Labels of one frame and where they come from.

    Attributes:
        labels: in our units and shapes
        entries: label -> entry that it was taken from, with its unit where that is not ours
        aside: entries called like an energy that were not taken
        free_energy: the force-consistent energy of the calculator, eV; None where it has none
    """

    labels: dict[Property, np.ndarray] = field(default_factory=dict)
    entries: dict[str, str] = field(default_factory=dict)
    aside: tuple[str, ...] = ()
    free_energy: float | None = None


def find_labels(atoms: "Atoms", request: Request, where: str) -> Found:
    """Labels that an ``Atoms`` carries, in our units and shapes.

    The energy is looked for among the results of the calculator and ``info`` entries called like an energy
    (``energy``, ``REF_energy``, ``TotEnergy``, ``U0``, ...: :func:`~transferkit.data.readers.names.name_of`), the others also
    among ``arrays``. A stress may have 3x3, 9 or 6 numbers; a virial becomes ``-virial / volume``. Entries named after
    another level of theory or another label convention than asked for are left aside. ASE's ``free_energy`` is never
    taken unless it is named.

    Args:
        atoms: one frame
        request: level of theory, convention, keys and units
        where: file and frame, for messages

    Raises:
        DataError: two entries could be the label and differ; forces stand with another energy than the one taken; what a
            name says contradicts what was asked for; a stress has an unknown shape.

    >>> from ase.build import bulk
    >>> atoms = bulk("MgO", "rocksalt", a=4.21)
    >>> atoms.info["REF_energy"] = -11.9
    >>> found = find_labels(atoms, Request(fidelity="PBE"), "frame 0")
    >>> found.labels["energy"].item(), found.entries
    (-11.9, {'energy': 'REF_energy'})
    """
    values = _Values(atoms, request, where)
    labels: dict[Property, np.ndarray] = {}
    entries: dict[str, str] = {}
    energies = values.called("energy")
    others = {kind: values.called(kind) for kind in ("forces", "stress", "magmoms")}
    if "forces" not in request.keys and not others["forces"] and (gradient := values.gradients()):
        turned = mend({"forces": gradient}, {"forces": "-Ha/Bohr"})
        raise DataError(
            f"{where}: there are no forces but {gradient!r}, the derivative of an energy. If forces are its negative, say so with "
            f"the unit, minus sign included: {turned}. Or leave it out: {mend({'forces': ''})}."
        )
    taken = chosen_energy(energies, others, request, where)
    energies |= {} if "energy" not in request.keys else values.rivals()
    if taken is not None:
        labels["energy"], entries["energy"] = np.asarray(energies[taken]), values.shown("energy", taken)
    for kind, found in others.items():
        name = chosen_other(kind, found, energies, taken, request=request, where=where)
        if name is not None:
            labels[kind], entries[kind] = found[name], values.shown(kind, name)  # type: ignore[index]
    if "magmoms" in labels:
        moments = labels["magmoms"]
        labels["magmoms"] = np.linalg.norm(moments, axis=1) if moments.ndim == 2 else np.abs(moments)
    # a NaN is refused later, under its own name, and is the entry that was taken all the same
    same = {k for k, v in energies.items() if taken is not None and np.array_equal(v, energies[taken], equal_nan=True)}
    return Found(labels, entries, tuple(k for k in energies if k not in same), values.free_energy())


def named_keys_exist(frames: "list[Atoms]", keys: Mapping[str, str], source: str) -> None:
    """Refuse a key for something that is no label, and one that no frame has.

    Raises:
        DataError: names the key, the nearest and all that could be meant.
    """
    for name in keys:
        if name not in NAMEABLE:
            raise DataError(f"{source}: keys names {name!r}, which is no label. {nearest(name, NAMEABLE)}")
    known: set[str] = set()
    for atoms in frames:
        known |= {*atoms.info, *atoms.arrays, *(atoms.calc.results if atoms.calc is not None else {})}
    for name, key in keys.items():
        if key and key not in known:
            raise DataError(f"{source}: no frame has an entry {key!r}, wanted as {name}. {nearest(key, known)}")


class _Values:
    """Entries of one frame that are called like a label, as numbers in our units."""

    def __init__(self, atoms: "Atoms", request: Request, where: str) -> None:
        self.atoms, self.request, self.where = atoms, request, where
        self.results: Mapping[str, Any] = atoms.calc.results if atoms.calc is not None else {}
        self.units: dict[str, str] = {}

    def called(self, kind: str) -> dict[str, np.ndarray]:
        """Candidates for a label, by name; the one that ``keys`` names where it names one."""
        chosen = self.request.keys.get(kind)
        if chosen == "":
            return {}
        found = {k: self._value(kind, k, v) for k, v in self._entries(kind, chosen).items()}
        if kind == "stress" and "stress" not in self.request.keys:
            found |= self._from_virial()
        # results of one value per atom, and a total moment, are other quantities under the name of a label
        ruled = {
            "energy": lambda v: v.size > 1,
            "stress": lambda v: v.shape != (3, 3),
            "magmoms": lambda v: v.ndim == 0,
        }
        plural = {"energies", "stresses", "magmom"}
        return {k: v for k, v in found.items() if k == chosen or k.lower() not in plural or not ruled[kind](v)}

    def rivals(self) -> dict[str, np.ndarray]:
        """Everything that is called like an energy and is a number, whatever ``keys`` names."""
        units, self.units = self.units, {}  # what is shown is the unit of what was taken
        found = {}
        for key, value in self._entries("energy", None).items():
            number = np.asarray(value)
            if number.dtype.kind in "iuf" and number.size == 1:
                found[key] = self._value("energy", key, number)
        self.units = units
        return found

    def free_energy(self) -> float | None:
        """ASE's ``free_energy``, in the unit of the energy."""
        found = self.results.get("free_energy")
        return None if found is None else float(self._value("energy", "free_energy", found))

    def gradients(self) -> str | None:
        """An entry called a gradient."""
        return next(iter(self._entries("gradient", None)), None)

    def shown(self, kind: str, key: str) -> str:
        """The entry with its unit, for readers."""
        unit = self.units.get(f"{kind} {key}")
        return f"{key} [{unit}]" if unit else key

    def _entries(self, kind: str, chosen: str | None) -> dict[str, Any]:
        arrays = {} if kind in {"energy", "stress", "virial"} else self.atoms.arrays
        results = {k: v for k, v in self.results.items() if k not in PER_ATOM_OF_ASE or k == chosen}
        place = {**self.atoms.info, **arrays, **results}
        if chosen:
            return {chosen: place[chosen]} if place.get(chosen) is not None else {}
        named = {k: name_of(k) for k, v in place.items() if v is not None and isinstance(k, str)}
        return {k: place[k] for k, name in named.items() if name is not None and name.kind == kind}

    def _value(self, kind: str, key: str, value: Any) -> np.ndarray:
        number = _numbers(key, value, self.where)
        if kind == "energy" and number.shape == (1,):
            number = number.reshape(())
        if kind in {"stress", "virial"} and not (key.lower() == "stresses" and number.shape not in SHAPES):
            number = self._square(number, key)
        factor = self._factor(kind, key)
        return number if factor == 1.0 else np.asarray(number * factor)

    def _factor(self, kind: str, key: str) -> float:
        """By the unit that was stated, or that stands in the frame as ``energy_unit``, ``forces_unit``, ``stress_unit``."""
        beside = {"forces": ("forces_unit", "force_unit")}.get(kind, (f"{kind}_unit",))
        text = next((str(self.atoms.info[k]) for k in beside if k in self.atoms.info), None)
        own = None if text is None else unit_factor(kind, text, f"{self.where}: {beside[0]}")
        if own is not None and kind == "energy" and is_per_atom(str(text)):
            own *= len(self.atoms)
        units = self.request.units
        if units.says(kind):
            stated = units.factor(kind) * (len(self.atoms) if kind == "energy" and units.per_atom else 1)
            if own is not None and own != stated:
                raise DataError(
                    f"{self.where}: the file gives {kind} in {text}, and units says {units.texts[kind]}. "
                    f"Leave one of them out."
                )
            self.units[f"{kind} {key}"] = units.texts[kind]
            return stated
        if own not in {None, 1.0}:
            self.units[f"{kind} {key}"] = str(text)
        return 1.0 if own is None else own

    def _square(self, stress: np.ndarray, key: str) -> np.ndarray:
        if stress.shape == (6,):
            if "voigt" in self.request.units.texts and key in self.results:
                raise DataError(
                    f"{self.where}: {key!r} has gone through ASE, which orders its six numbers xx yy zz yz xz xy itself. "
                    f"Leave voigt out, or give the entry another name in the file, e.g. vasp_stress."
                )
            return np.asarray(stress[self.request.units.order])
        if stress.shape in {(9,), (3, 3)}:
            return stress.reshape(3, 3)
        raise DataError(f"{self.where}: {key} has shape {stress.shape}; give 3x3, 9 or 6 (Voigt) numbers")

    def _from_virial(self) -> dict[str, np.ndarray]:
        if self.request.keys.get("virial") == "":
            return {}
        found = self._entries("virial", self.request.keys.get("virial"))
        if not found:
            return {}
        volume = float(np.abs(np.linalg.det(self.atoms.cell.array))) * self.request.units.factor("length") ** 3
        if volume == 0.0:
            key = next(iter(found))
            raise DataError(
                f"{self.where}: {key} needs a cell to become a stress. Give the cell, or remove the virial."
            )
        return {k: -self._value("virial", k, v) / volume for k, v in found.items()}


SHAPES = {(6,), (9,), (3, 3)}


def _numbers(key: str, value: Any, where: str) -> np.ndarray:
    try:
        return np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"{where}: {key} is not a number: {str(value)[:60]!r}") from error
