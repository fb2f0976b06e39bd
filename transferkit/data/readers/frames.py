"""ASE ``Atoms`` in and out."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator

from transferkit.data.key_map import KeyMap
from transferkit.data.quarantine import TakenOut
from transferkit.data.readers.assemble import Frame, assemble
from transferkit.data.readers.candidates import Request, no_energy
from transferkit.data.readers.labels import Found, find_labels, named_keys_exist
from transferkit.data.readers.names import contradicts
from transferkit.data.readers.stated_units import StatedUnits
from transferkit.errors import DataError
from transferkit.typing import PROPERTIES

if TYPE_CHECKING:
    from transferkit.data.structures import Structures

IDS = ("sid", "id", "structure_id", "mptrj_snapshot_id", "uid")
MATERIALS = ("material_id", "mp_id", "mp-id", "mptrj_traj_id")
LEVEL_ENTRIES = ("functional", "xc", "fidelity", "level_of_theory")
"""Entries in which a frame states its level of theory."""
FORMULA_LIKE = (str, bool, int, float, np.generic)


def from_ase(
    frames: Iterable[Atoms],
    *,
    fidelity: str,
    label_convention: str = "raw",
    source: str = "",
    keys: Mapping[str, str] | None = None,
    units: Mapping[str, str] | None = None,
    taken: list[TakenOut] | None = None,
) -> "Structures":
    """Structures from ASE frames: results of their calculators, or ``info`` and ``arrays`` entries, as labels.

    Args:
        frames: with energies in eV, forces in eV/Å, stress in eV/Å³ (ASE sign), magmoms in μB, where neither ``units`` nor
            an entry such as ``energy_unit`` says otherwise
        fidelity: level of theory of the labels
        label_convention: what the energies are: "raw" as computed, or a name of corrections, e.g. "mp2020"
        source: file, for messages, and by its stem for ids of frames that have none (``stem:0``, ``stem:1``, ...)
        keys: which entry is which label where names are unusual or several could be meant, e.g.
            ``{"energy": "REF_energy", "id": "name"}``; labels, ``virial``, ``id`` and ``material_id`` can be named;
            "" leaves a label out (``{"forces": ""}``) or numbers the frames (``{"id": ""}``)
        units: what the numbers are in where they are in others, e.g. ``{"energy": "kcal/mol", "forces": "kcal/mol/Å"}``, see
            :meth:`~transferkit.data.readers.stated_units.StatedUnits.of`
        taken: where frames that cannot be used are noted, which are then left out; None refuses them

    Returns:
        Every frame, in order. A label that a frame lacks has ``mask == False``. Other scalar ``info`` entries, and
        arrays of one shape, become columns; ``free_energy`` is the force-consistent energy, as a column. ``read_as``
        says which entry became which label.

    Raises:
        DataError: a label is NaN, has the wrong shape or is ambiguous; a named key does not exist; a frame states another
            level of theory; ids repeat.

    >>> from ase.build import bulk
    >>> from ase.calculators.singlepoint import SinglePointCalculator
    >>> atoms = bulk("MgO", "rocksalt", a=4.21)
    >>> atoms.calc = SinglePointCalculator(atoms, energy=-11.9, forces=np.zeros((2, 3)))
    >>> from_ase([atoms], fidelity="PBE")
    Structures(1 structures, 2 atoms, 2 elements, PBE, energy 1, forces 1)
    """
    atoms_list, keys, where = list(frames), dict(keys or {}), source or "frames"
    named_keys_exist(atoms_list, keys, where)
    request = Request(fidelity, label_convention, keys, StatedUnits.of(units, where))
    made = [_frame(atoms, i, source, request) for i, atoms in enumerate(atoms_list)]
    left = dict.fromkeys(key for _, found in made for key in found.aside)
    if not any("energy" in found.labels for _, found in made) and (refusal := no_energy(left, request, where)):
        raise DataError(refusal)
    data = assemble(
        [frame for frame, _ in made],
        fidelity=fidelity,
        label_convention=label_convention,
        source=where,
        taken=taken,
        named=True,
    )
    return replace(data, read_as=KeyMap.of([f.entries for _, f in made], [f.aside for _, f in made]))


def _frame(atoms: Atoms, i: int, source: str, request: Request) -> tuple[Frame, Found]:
    where, keys = f"{source}: frame {i}" if source else f"frame {i}", request.keys
    _check_level(atoms.info, request.fidelity, where)
    found = find_labels(atoms, request, where)
    name = _name(atoms.info, (keys["id"],) if "id" in keys else IDS)
    material = _name(atoms.info, (keys["material_id"],) if "material_id" in keys else MATERIALS)
    used = {*keys.values(), *found.entries.values(), *IDS, *MATERIALS, *PROPERTIES}
    columns: dict[str, Any] = {k: v for k, v in atoms.info.items() if k not in used and _storable(v)}
    if found.free_energy is not None:
        columns["free_energy"] = found.free_energy
    length = request.units.factor("length")
    frame = Frame(
        numbers=np.asarray(atoms.numbers, dtype=np.int64),
        positions=np.asarray(atoms.positions, dtype=np.float64) * length,
        cell=np.asarray(atoms.cell.array, dtype=np.float64) * length,
        pbc=np.asarray(atoms.pbc, dtype=bool),
        labels=found.labels,
        id=name or f"{Path(source).name.partition('.')[0] or 'frame'}:{i}",
        where=f"{where} ({name})" if name else where,
        material_id=material,
        columns=columns,
    )
    return frame, found


def _check_level(info: Mapping[str, Any], fidelity: str, where: str) -> None:
    for key in LEVEL_ENTRIES:
        stated = str(info.get(key, ""))
        if contradicts(stated, fidelity):
            raise DataError(
                f"{where} says {key}={stated}, and its labels were asked for as {fidelity}. Ask for {stated}, "
                f"or remove the entry if it is wrong."
            )


def _name(info: Mapping[str, Any], names: Iterable[str]) -> str:
    return next((str(info[n]) for n in names if n in info and str(info[n])), "")


def _storable(value: Any) -> bool:
    return isinstance(value, FORMULA_LIKE) or (isinstance(value, np.ndarray) and value.dtype.kind in "bif")


def to_ase(data: "Structures") -> list[Atoms]:
    """One ``Atoms`` per structure, labels on a ``SinglePointCalculator``, id and columns in ``info``.

    Args:
        data: Structures; labels that are absent stay absent

    Returns:
        Frames that :func:`from_ase` turns back into the same labels; magmoms come out as |μB|, the stress symmetric.

    Raises:
        DataError: a stress is not symmetric, so that ASE's six numbers cannot hold it.

    >>> import transferkit as tk
    >>> to_ase(tk.bundled("gpaw-pbe-r2scan")[:1])[0].get_chemical_formula()
    'AgBr'
    """
    return [_atoms(data, s) for s in range(len(data))]


def _atoms(data: "Structures", s: int) -> Atoms:
    one = data.structure(s)
    atoms = Atoms(numbers=one.numbers, positions=one.positions, cell=one.cell, pbc=one.pbc)
    atoms.info = {"id": str(data.id[s]), "material_id": str(data.material_id[s])}
    atoms.info |= {k: _plain(v[s]) for k, v in data.columns.items() if k != "free_energy"}
    a, b = int(data.offsets[s]), int(data.offsets[s + 1])
    results: dict[str, Any] = {}
    if data.mask["energy"][s]:
        results["energy"] = float(data.energy[s])
    if "free_energy" in data.columns and np.isfinite(data.columns["free_energy"][s]):
        results["free_energy"] = float(data.columns["free_energy"][s])
    if data.mask["forces"][s]:
        results["forces"] = data.forces[a:b].copy()
    if data.mask["stress"][s]:
        results["stress"] = _voigt(data.stress[s], one.id)
    if data.mask["magmoms"][s]:
        results["magmoms"] = data.magmoms[a:b].copy()
    if results:
        atoms.calc = SinglePointCalculator(atoms, **results)  # type: ignore[no-untyped-call]
    return atoms


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _voigt(stress: np.ndarray, name: str) -> np.ndarray:
    if not np.allclose(stress, stress.T, rtol=1e-6, atol=1e-9):
        raise DataError(
            f"structure {name!r}: the stress is not symmetric by {np.abs(stress - stress.T).max():.2g} eV/Å³"
        )
    symmetric = (stress + stress.T) / 2
    return np.asarray(symmetric[[0, 1, 2, 1, 0, 0], [0, 1, 2, 2, 2, 1]])
