"""Which value of an ASE ``Atoms`` is the label: results of its calculator, then named entries; never a guess."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from transferkit.errors import DataError, nearest
from transferkit.typing import PROPERTIES, Property

if TYPE_CHECKING:
    from ase import Atoms

# entries whose name ends like a label's but that are another quantity
OTHER = (
    "free|formation|cohesive|binding|fermi|kinetic|cutoff|hull|interaction|adsorption|atomization|atomisation|"
    "zero_?point|initial|per_?atom|corrections?"
)
NAMES: dict[Property, str] = {
    "energy": r"(.*[^a-z])?(total_?|potential_?)?energy",
    "forces": r"(.*[^a-z])?forces?",
    "stress": r"(.*[^a-z])?stress",
    "magmoms": r"(.*[^a-z])?magmoms",
}
VIRIAL = r"(.*[^a-z])?virials?"
NAMEABLE = (*PROPERTIES, "virial", "id", "material_id")
"""What ``keys`` can name."""
VOIGT = np.array([[0, 5, 4], [5, 1, 3], [4, 3, 2]])


def find_labels(atoms: "Atoms", keys: Mapping[str, str], where: str) -> dict[Property, np.ndarray]:
    """Labels that an ``Atoms`` carries, in our units and shapes.

    The energy is looked for among the results of the calculator and among ``info`` entries called like an energy
    (``energy``, ``REF_energy``, ``dft_total_energy``, ...), forces and magmoms among results and ``arrays``.
    A stress may have 3x3, 9 or 6 (Voigt: xx, yy, zz, yz, xz, xy) numbers; a virial becomes ``-virial / volume``.
    ASE's ``free_energy`` is never taken for the energy.

    Args:
        atoms: one frame
        keys: label -> name of the entry to use, for files with several; wins over everything; "" leaves a label out,
            e.g. forces that belong to another level of theory than the energy
        where: file and frame, for messages

    Raises:
        DataError: two entries could be the label and differ, or a stress has an unknown shape.

    >>> from ase.build import bulk
    >>> atoms = bulk("MgO", "rocksalt", a=4.21)
    >>> atoms.info["REF_energy"] = -11.9
    >>> find_labels(atoms, {}, "frame 0")["energy"].item()
    -11.9
    """
    results: Mapping[str, Any] = atoms.calc.results if atoms.calc is not None else {}
    places: dict[Property, Mapping[str, Any]] = {
        "energy": {**atoms.info, **results},
        "forces": {**atoms.arrays, **results},
        "stress": {**atoms.info, **results},
        "magmoms": {**atoms.arrays, **results},
    }
    labels: dict[Property, np.ndarray] = {}
    for name, place in places.items():
        candidates = _candidates(name, place, keys, atoms, where)
        if candidates:
            labels[name] = _only(name, candidates, where)
    if "magmoms" in labels:
        moments = labels["magmoms"]
        labels["magmoms"] = np.linalg.norm(moments, axis=1) if moments.ndim == 2 else np.abs(moments)
    return labels


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


def _candidates(
    name: Property, place: Mapping[str, Any], keys: Mapping[str, str], atoms: "Atoms", where: str
) -> dict[str, np.ndarray]:
    chosen = keys.get(name)
    if chosen == "":
        return {}
    entries = {
        key: value
        for key, value in place.items()
        if value is not None and (key == chosen if chosen else _is_called(key, NAMES[name]))
    }
    found: dict[str, np.ndarray] = {}
    for key, value in entries.items():
        number = _numbers(key, value, where)
        found[key] = _square(number, key, where) if name == "stress" else number
    if name == "stress":
        found |= _from_virial(place, keys, atoms, where)
    return found


def _is_called(key: str, pattern: str) -> bool:
    low = key.lower()
    return re.fullmatch(pattern, low) is not None and re.search(OTHER, low) is None


def _numbers(key: str, value: Any, where: str) -> np.ndarray:
    try:
        return np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"{where}: {key} is not a number: {str(value)[:60]!r}") from error


def _square(stress: np.ndarray, key: str, where: str) -> np.ndarray:
    if stress.shape == (6,):
        return np.asarray(stress[VOIGT])
    if stress.shape in {(9,), (3, 3)}:
        return stress.reshape(3, 3)
    raise DataError(f"{where}: {key} has shape {stress.shape}; give 3x3, 9 or 6 (Voigt) numbers")


def _from_virial(
    place: Mapping[str, Any], keys: Mapping[str, str], atoms: "Atoms", where: str
) -> dict[str, np.ndarray]:
    if "stress" in keys:
        return {}
    chosen = keys.get("virial")
    named = [k for k in place if (k == chosen if chosen else _is_called(k, VIRIAL))]
    if not named:
        return {}
    volume = float(np.abs(np.linalg.det(atoms.cell.array)))
    if volume == 0.0:
        raise DataError(f"{where}: {named[0]} needs a cell to become a stress. Give the cell, or remove the virial.")
    return {k: -_square(_numbers(k, place[k], where), k, where) / volume for k in named}


def _only(name: Property, candidates: Mapping[str, np.ndarray], where: str) -> np.ndarray:
    first, *others = candidates.values()
    if any(v.shape != first.shape or not np.allclose(v, first, rtol=1e-9, atol=1e-9) for v in others):
        shown = ", ".join(f"{k}={v.item():.6g}" if v.ndim == 0 else k for k, v in candidates.items())
        raise DataError(
            f"{where}: {len(candidates)} entries could be the {name} and they differ: {shown}. "
            f"Choose one with keys={{'{name}': '{next(iter(candidates))}'}}."
        )
    return first
