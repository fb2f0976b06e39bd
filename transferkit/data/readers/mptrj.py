"""MPtrj and MP-r2SCAN as published: {material: {frame: {structure, energies, force, stress, magmom}}}."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np

from transferkit.data.quarantine import TakenOut
from transferkit.data.readers.assemble import Frame
from transferkit.data.readers.pymatgen_frames import frame_of, label_array
from transferkit.data.readers.records import Unusable, usable
from transferkit.typing import Property
from transferkit.units import KBAR

ENERGIES = {"raw": "uncorrected_total_energy", "mp2020": "corrected_total_energy"}
"""Which entry is the energy under which label convention."""


def mptrj_frames(
    content: Mapping[str, Mapping[str, Mapping[str, Any]]],
    label_convention: str,
    source: str,
    taken: list[TakenOut] | None = None,
) -> Iterator[Frame]:
    """Frames of MPtrj (Deng et al., Nat. Mach. Intell. 5, 1031 (2023)) or MP-r2SCAN.

    Both total energies stand in MPtrj: ``label_convention`` chooses. Their difference is the column
    ``mp2020_correction``, eV. The stress changes from kbar, pressure positive.

    Args:
        content: of the file
        label_convention: "raw" or "mp2020"
        source: file, for messages
        taken: where frames without structure or energy, and damaged ones, are noted, which are then left out; None
            refuses them

    Raises:
        DataError: the file has no energies of this convention; a frame lacks its structure or energy, or has impossible
            labels, and ``taken`` is None.
    """
    for material, frames in content.items():
        for name, frame in frames.items():
            where = f"{source}: {material}, frame {name}"
            make = partial(_frame, frame, label_convention, name, material, where)
            yield from usable(make, taken, name=name, where=where)


def _frame(frame: Mapping[str, Any], label_convention: str, name: str, material: str, where: str) -> Frame:
    if not isinstance(frame.get("structure"), Mapping):
        raise Unusable(where, "no structure")
    energies = {entry: _energy(frame, key, where) for entry, key in ENERGIES.items()}
    if energies["mp2020"] is None and frame.get("energy_per_atom") is not None and energies["raw"] is not None:
        # CHGNet's own label of MPtrj; the r2SCAN set has the same entry without corrections.
        total = frame["energy_per_atom"] * len(frame["structure"]["sites"])
        energies["mp2020"] = _corrected(total, energies["raw"])
    energy = energies.get(label_convention)
    if energy is None:
        known = " and ".join(k for k, v in energies.items() if v is not None)
        if not known:
            raise Unusable(where, "no energy")
        raise Unusable(where, f"{known} energies, and {label_convention} was asked for", "Ask for what is there")
    raw, corrected = energies["raw"], energies["mp2020"]
    correction = None if raw is None or corrected is None else corrected - raw
    columns = {"mp2020_correction": correction, "bandgap": frame.get("bandgap")}
    return frame_of(
        frame["structure"],
        _labels(frame, energy, where),
        where=where,
        name=name,
        material_id=material,
        columns={k: v for k, v in columns.items() if v is not None},
    )


def entries(label_convention: str) -> dict[str, str]:
    """Label -> entry, for a reader of the result."""
    energy = ENERGIES.get(label_convention, label_convention)
    return {"energy": energy, "forces": "force", "stress": "stress [-kbar]", "magmoms": "magmom"}


def _corrected(total: float, raw: float) -> float | None:
    return None if abs(total - raw) < 1e-6 else total


def _energy(frame: Mapping[str, Any], key: str, where: str) -> float | None:
    return None if frame.get(key) is None else float(label_array(frame[key], key, where))


def _labels(frame: Mapping[str, Any], energy: float, where: str) -> dict[Property, np.ndarray]:
    labels: dict[Property, np.ndarray] = {"energy": np.array(energy, dtype=np.float64)}
    if frame.get("force") is not None:
        labels["forces"] = label_array(frame["force"], "force", where)
    if frame.get("stress") is not None:
        labels["stress"] = -KBAR * label_array(frame["stress"], "stress", where)
    if frame.get("magmom") is not None:
        labels["magmoms"] = label_array(frame["magmom"], "magmom", where)
    return labels
