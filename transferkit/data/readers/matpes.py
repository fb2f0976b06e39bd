"""MatPES records: one functional, energy eV, forces eV/Å, stress kbar with VASP's sign; also the files of its elements."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np

from transferkit.data.quarantine import TakenOut
from transferkit.data.readers.assemble import Frame
from transferkit.data.readers.names import contradicts, levels_in
from transferkit.data.readers.pymatgen_frames import frame_of, label_array, site_moments
from transferkit.data.readers.records import Unusable, usable
from transferkit.data.readers.stated_units import voigt_indices
from transferkit.errors import DataError
from transferkit.typing import Property
from transferkit.units import KBAR

ORDER = voigt_indices("xx yy zz yz xz xy", "matpes")
ENTRIES = {"energy": "energy", "forces": "forces", "stress": "stress [-kbar]", "magmoms": "structure.sites magmom"}
KEPT = ("functional", "bandgap", "cohesive_energy_per_atom", "formation_energy_per_atom", "energy_atomic")
"""Scalars that become columns."""


def matpes_frames(
    records: Iterator[tuple[str, Mapping[str, Any]]], fidelity: str, source: str, taken: list[TakenOut] | None = None
) -> Iterator[Frame]:
    """Frames of MatPES records (Kaplan et al., arXiv:2503.04070), and of MP-ALOE, which has the same layout.

    The stress changes from kbar, pressure positive, in the order xx yy zz yz xz xy. ``run_type`` says that no +U was used.

    Args:
        records: name in the file (or number), record
        fidelity: level of theory asked for
        source: file, for messages
        taken: where records without structure or energy, and damaged ones, are noted, which are then left out; None
            refuses them

    Raises:
        DataError: a record is of another functional, or lacks its structure or energy and ``taken`` is None.
    """
    for place, record in records:
        where = f"{source}: record {place}"
        mapped: Mapping[str, Any] = record if isinstance(record, Mapping) else {}
        stated = str(mapped.get("functional") or "")
        if contradicts(stated, fidelity):
            raise DataError(
                f"{where} is {stated}, and {fidelity} was asked for. Ask for {stated}, or give another file."
            )
        name = str(mapped.get("matpes_id") or mapped.get("mp_aloe_id") or place)
        yield from usable(partial(_frame, record, name, fidelity, where), taken, name=name, where=where)


def _frame(record: Mapping[str, Any], name: str, fidelity: str, where: str) -> Frame:
    if record.get("energy") is None:
        raise Unusable(where, "no energy")
    if not isinstance(record.get("structure"), Mapping):
        raise Unusable(where, "no structure")
    stated = str(record.get("functional") or "")
    columns = {key: record[key] for key in KEPT if isinstance(record.get(key), int | float | str)}
    return frame_of(
        record["structure"],
        _labels(record, where),
        where=where,
        name=name,
        material_id=str((record.get("provenance") or {}).get("original_mp_id") or ""),
        columns={**columns, "run_type": "GGA" if "pbe" in levels_in(stated) else stated or fidelity},
    )


def element_frames(
    records: Mapping[str, Mapping[str, Any]], source: str, taken: list[TakenOut] | None = None
) -> Iterator[Frame]:
    """Frames of a file with several structures and energies per atom for each element.

    Args:
        records: symbol -> {"structure": [...], "energy_per_atom": [...]}
        source: file, for messages
        taken: where entries without structure or energy are noted, which are then left out; None refuses them

    Raises:
        DataError: an entry lacks its structure or energy, and ``taken`` is None.
    """
    for symbol, record in records.items():
        for k, (structure, energy) in enumerate(zip(record["structure"], record["energy_per_atom"], strict=True)):
            name, where = f"{symbol}:{k}", f"{source}: {symbol}, structure {k}"
            make = partial(_element, structure, energy, name, where)
            yield from usable(make, taken, name=name, where=where)


def _element(structure: Mapping[str, Any] | None, energy: float | None, name: str, where: str) -> Frame:
    if energy is None:
        raise Unusable(where, "no energy")
    if structure is None:
        raise Unusable(where, "no structure")
    return frame_of(structure, {"energy": np.array(energy * len(structure["sites"]))}, where=where, name=name)


def _labels(record: Mapping[str, Any], where: str) -> dict[Property, np.ndarray]:
    labels: dict[Property, np.ndarray] = {"energy": label_array(record["energy"], "energy", where)}
    if record.get("forces") is not None:
        labels["forces"] = label_array(record["forces"], "forces", where)
    if record.get("stress") is not None:
        kbar = label_array(record["stress"], "stress", where)
        labels["stress"] = -KBAR * (kbar[ORDER] if kbar.shape == (6,) else kbar)
    if (moments := site_moments(record["structure"])) is not None:
        labels["magmoms"] = moments
    return labels
