"""pymatgen structures in: objects, or the dictionaries that databases keep."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from ase.data import atomic_numbers

from transferkit.data.key_map import KeyMap
from transferkit.data.readers.assemble import Frame, assemble
from transferkit.errors import DataError
from transferkit.typing import Property

if TYPE_CHECKING:
    from transferkit.data.structures import Structures

ISOTOPES = {"D": "H", "T": "H"}


def from_pymatgen(
    structures: Sequence[Any],
    *,
    energies: Sequence[float] | np.ndarray,
    fidelity: str,
    label_convention: str = "raw",
    forces: Sequence[Any] | None = None,
    stress: Sequence[Any] | None = None,
    magmoms: Sequence[Any] | str | None = None,
    ids: Sequence[str] | None = None,
    material_ids: Sequence[str] | None = None,
    columns: Mapping[str, Sequence[Any]] | None = None,
) -> "Structures":
    """Structures from pymatgen objects and labels beside them; units are ours.

    Args:
        structures: ordered ``pymatgen.core.Structure`` objects, or what their ``as_dict`` gives
        energies: total energies, eV, shape (structures,)
        fidelity: level of theory of the labels
        label_convention: what the energies are
        forces: eV/Å, one (atoms, 3) table for each; None for a structure without
        stress: eV/Å³, ASE sign, one (3, 3) table for each; None for a structure without
        magmoms: μB, one row of numbers for each; or the name of the site property that holds them
        ids: unique names; numbers if not given
        material_ids: frames of one material share it; the reduced formula if not given
        columns: further values, one per structure; ``run_type`` ("GGA" or "GGA+U") or ``hubbards`` let a set change its
            convention, see :func:`~transferkit.data.convention.convert_convention`

    Raises:
        DataError: lengths differ, a site is disordered or no element, or a label is impossible.

    >>> from pymatgen.core import Lattice, Structure
    >>> cell = Structure.from_spacegroup("Fm-3m", Lattice.cubic(4.21), ["Mg", "O"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    >>> from_pymatgen([cell], energies=[-47.6], fidelity="PBE")
    Structures(1 structures, 8 atoms, 2 elements, PBE, energy 1)
    """
    given: dict[str, Sequence[Any] | np.ndarray | None] = {"energy": energies, "forces": forces, "stress": stress}
    if magmoms is not None:
        given["magmoms"] = [_site_property(s, magmoms) for s in structures] if isinstance(magmoms, str) else magmoms
    for what, values in {**given, "ids": ids, "material_ids": material_ids, **(columns or {})}.items():
        if values is not None and len(values) != len(structures):
            raise DataError(f"{what} has {len(values)} entries for {len(structures)} structures. Give one for each.")
    frames = []
    for i, structure in enumerate(structures):
        labels: dict[Property, np.ndarray] = {
            name: label_array(values[i], name, f"structure {i}")  # type: ignore[misc]
            for name, values in given.items()
            if values is not None and values[i] is not None
        }
        frames.append(
            frame_of(
                structure,
                labels,
                where=f"structure {i}",
                name=f"structure:{i}" if ids is None else str(ids[i]),
                material_id="" if material_ids is None else str(material_ids[i]),
                columns={k: v[i] for k, v in (columns or {}).items()},
            )
        )
    data = assemble(frames, fidelity=fidelity, label_convention=label_convention, source="structures")
    used = {name: f"{name} as given" if name != "magmoms" or magmoms is None else "magmoms" for name in given}
    return replace(data, read_as=KeyMap.of([{str(p): used[p] for p in f.labels} for f in frames]))


def frame_of(
    structure: Any,
    labels: Mapping[Property, np.ndarray],
    *,
    where: str,
    name: str,
    material_id: str = "",
    columns: Mapping[str, Any] | None = None,
) -> Frame:
    """One frame from a pymatgen structure or its dictionary.

    Args:
        structure: ordered
        labels: in our units; magmoms of either sign
        where: file and record, for messages
        name: id of the frame
        material_id: frames of one material share it
        columns: further values

    Raises:
        DataError: a site is disordered or holds no element; keys are missing.
    """
    numbers, positions, cell, pbc = _geometry(structure, where)
    kept = dict(labels)
    if "magmoms" in kept:
        kept["magmoms"] = np.abs(kept["magmoms"])
    return Frame(
        numbers=numbers,
        positions=positions,
        cell=cell,
        pbc=pbc,
        labels=kept,
        id=name,
        where=where,
        material_id=material_id,
        columns=dict(columns or {}),
    )


def site_moments(structure: Mapping[str, Any]) -> np.ndarray | None:
    """The site property ``magmom`` of a structure's dictionary, μB, shape (atoms,); None where a site lacks it."""
    found = [(site.get("properties") or {}).get("magmom") for site in structure["sites"]]
    return None if not found or any(m is None for m in found) else np.asarray(found, dtype=np.float64)


def _geometry(structure: Any, where: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    try:
        if not isinstance(structure, Mapping):
            numbers = np.array([site.specie.Z for site in structure], dtype=np.int64)
            lattice = structure.lattice
            return numbers, np.array(structure.cart_coords), np.array(lattice.matrix), np.array(lattice.pbc)
        lattice, sites = structure["lattice"], structure["sites"]
        cell = np.array(lattice["matrix"], dtype=np.float64)
        numbers = np.array([_number(site, where) for site in sites], dtype=np.int64)
        positions = np.array([s["xyz"] if "xyz" in s else np.array(s["abc"]) @ cell for s in sites], dtype=np.float64)
        return numbers, positions.reshape(-1, 3), cell, np.array(lattice.get("pbc", (True, True, True)), dtype=bool)
    except AttributeError as error:
        raise DataError(f"{where}: {error}. Give ordered pymatgen structures with one element on each site.") from error
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"{where}: not the dictionary of a pymatgen structure ({type(error).__name__}: {error})"
        ) from error


def _number(site: Mapping[str, Any], where: str) -> int:
    species = site["species"]
    if len(species) != 1 or abs(species[0].get("occu", 1) - 1) > 1e-6:
        raise DataError(f"{where}: the site {site.get('label', '')!r} is disordered. Order the structure first.")
    symbol = re.match(r"[A-Z][a-z]?", str(species[0]["element"]))
    name = "" if symbol is None else ISOTOPES.get(symbol[0], symbol[0])
    if name not in atomic_numbers:
        raise DataError(f"{where}: {species[0]['element']!r} is no element")
    return int(atomic_numbers[name])


def _site_property(structure: Any, name: str) -> np.ndarray | None:
    if isinstance(structure, Mapping):
        return site_moments(structure)
    found = structure.site_properties.get(name)
    return None if found is None or any(m is None for m in found) else np.asarray(found, dtype=np.float64)


def label_array(value: Any, name: str, where: str) -> np.ndarray:
    """Numbers of a label, float64.

    Args:
        value: a number or nested lists
        name: of the label, for messages
        where: structure, for messages

    Raises:
        DataError: it is text, or rows are of different lengths.
    """
    try:
        return np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"{where}: {name} is not a table of numbers: {str(value)[:60]!r}. Mend or remove the structure."
        ) from error
