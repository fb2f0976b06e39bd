"""MatPES records: one functional, energy eV, forces eV/Å, stress kbar with VASP's sign; also the files of its elements."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from transferkit.data.readers.assemble import Frame
from transferkit.data.readers.names import contradicts, levels_in
from transferkit.data.readers.pymatgen_frames import frame_of, label_array, site_moments
from transferkit.data.readers.stated_units import voigt_indices
from transferkit.errors import DataError
from transferkit.typing import Property
from transferkit.units import KBAR

ORDER = voigt_indices("xx yy zz yz xz xy", "matpes")
ENTRIES = {"energy": "energy", "forces": "forces", "stress": "stress [-kbar]", "magmoms": "structure.sites magmom"}
KEPT = ("functional", "bandgap", "cohesive_energy_per_atom", "formation_energy_per_atom", "energy_atomic")
"""Scalars that become columns."""


def matpes_frames(records: Iterator[tuple[str, Mapping[str, Any]]], fidelity: str, source: str) -> Iterator[Frame]:
    """Frames of MatPES records (Kaplan et al., arXiv:2503.04070), and of MP-ALOE, which has the same layout.

    The stress changes from kbar, pressure positive, in the order xx yy zz yz xz xy. ``run_type`` says that no +U was used.

    Args:
        records: name in the file (or number), record
        fidelity: level of theory asked for
        source: file, for messages

    Raises:
        DataError: a record is of another functional, or lacks its structure or energy.
    """
    for place, record in records:
        where = f"{source}: record {place}"
        stated = str(record.get("functional") or "")
        if contradicts(stated, fidelity):
            raise DataError(
                f"{where} is {stated}, and {fidelity} was asked for. Ask for {stated}, or give another file."
            )
        if record.get("energy") is None:
            raise DataError(f"{where} has no energy. Remove it from the file.")
        if not isinstance(record.get("structure"), Mapping):
            raise DataError(f"{where} has no structure. Remove it from the file.")
        material = str((record.get("provenance") or {}).get("original_mp_id") or "")
        columns = {name: record[name] for name in KEPT if isinstance(record.get(name), int | float | str)}
        yield frame_of(
            record["structure"],
            _labels(record, where),
            where=where,
            name=str(record.get("matpes_id") or record.get("mp_aloe_id") or place),
            material_id=material,
            columns={**columns, "run_type": "GGA" if "pbe" in levels_in(stated) else stated or fidelity},
        )


def element_frames(records: Mapping[str, Mapping[str, Any]], source: str) -> Iterator[Frame]:
    """Frames of a file with several structures and energies per atom for each element.

    Args:
        records: symbol -> {"structure": [...], "energy_per_atom": [...]}
        source: file, for messages
    """
    for symbol, record in records.items():
        for k, (structure, energy) in enumerate(zip(record["structure"], record["energy_per_atom"], strict=True)):
            total = np.array(energy * len(structure["sites"]))
            yield frame_of(
                structure, {"energy": total}, where=f"{source}: {symbol}, structure {k}", name=f"{symbol}:{k}"
            )


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
