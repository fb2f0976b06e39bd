"""Curves of homonuclear diatomics: {functional: {"O-O": {distances, energies, forces, magmoms}}}."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np
from ase.data import atomic_numbers

from transferkit.data.quarantine import TakenOut
from transferkit.data.readers.assemble import Frame
from transferkit.data.readers.records import Unusable, usable
from transferkit.errors import DataError, nearest
from transferkit.typing import Property

BOX = 15.0
"""Å; the published curves were computed in a cube of this size"""
ENTRIES = {"energy": "energies", "forces": "forces", "magmoms": "magmoms"}


def diatomic_frames(
    content: Mapping[str, Mapping[str, Any]], fidelity: str, source: str, taken: list[TakenOut] | None = None
) -> Iterator[Frame]:
    """Two atoms along x in a cube of 15 Å, one frame per distance, as in the file of matbench-discovery.

    Energies eV (sigma->0), forces eV/Å, magmoms μB where a point has them.

    Args:
        content: of the file
        fidelity: which functional
        source: file, for messages
        taken: where points without distance, energy or forces are noted, which are then left out; None refuses them

    Raises:
        DataError: the file has no such functional, a pair is no pair of elements, or a point lacks what it must have and
            ``taken`` is None.
    """
    names = {name.lower(): name for name in content}
    if fidelity.lower() not in names:
        raise DataError(f"{source} has no curves of {fidelity!r}. {nearest(fidelity, content)}")
    for pair, curve in content[names[fidelity.lower()]].items():
        symbols = pair.split("-")
        if len(symbols) != 2 or any(s not in atomic_numbers for s in symbols):
            raise DataError(f"{source}: {pair!r} is no pair of elements such as 'O-O'")
        numbers = np.array([atomic_numbers[s] for s in symbols], dtype=np.int64)
        moments = curve.get("magmoms") or [None] * len(curve["distances"])
        points = zip(curve["distances"], curve["energies"], curve["forces"], moments, strict=True)
        for k, point in enumerate(points):
            where, place = f"{source}: {pair}, point {k}", f"{pair}:{k}"
            yield from usable(partial(_frame, pair, numbers, point, where), taken, name=place, where=where)


def _frame(pair: str, numbers: np.ndarray, point: tuple[Any, Any, Any, Any], where: str) -> Frame:
    for what, value in zip(("distance", "energy", "forces"), point, strict=False):
        if value is None:
            raise Unusable(where, f"no {what}")
    distance, energy, forces, moment = point
    labels: dict[Property, np.ndarray] = {
        "energy": np.array(energy, dtype=np.float64),
        "forces": np.array(forces, dtype=np.float64),
    }
    if moment is not None:
        labels["magmoms"] = np.abs(np.array(moment, dtype=np.float64))
    start = np.full(3, BOX / 2)
    return Frame(
        numbers=numbers,
        positions=np.stack([start, start + np.array([distance, 0.0, 0.0])]),
        cell=np.eye(3) * BOX,
        pbc=np.ones(3, dtype=bool),
        labels=labels,
        # by distance, so that the points of two functionals pair by id where they are the same
        id=f"{pair}:{distance:.6f}",
        where=where,
        columns={"distance": float(distance)},
    )
