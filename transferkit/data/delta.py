"""Delta learning: labels at a high level of theory minus those at a lower one, for the same structures."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from transferkit.data.pairing import pairs
from transferkit.data.quarantine import TakenOut, first
from transferkit.data.structures import PER_ATOM, Structures
from transferkit.errors import DataError
from transferkit.typing import Property

DIFFERENCE = " minus "
"""Between the two levels in the name of their difference."""
SUBTRACTED: tuple[Property, ...] = ("energy", "forces", "stress")


def level_of_difference(high: str, low: str) -> str:
    """What a difference of two levels of theory is called.

    >>> level_of_difference("r2SCAN", "PBE")
    'r2SCAN minus PBE'
    """
    return f"{high}{DIFFERENCE}{low}"


def minus(high: Structures, low: Structures, *, taken: Sequence[TakenOut] = ()) -> Structures:
    """The structures of ``high`` with the labels of ``low`` taken off: energy, forces and stress, where both are there.

    Magnetic moments are absent: a potential predicts their size, which differences do not have.

    Args:
        high: labelled structures
        low: the same ids and geometries at the lower level; it may hold more
        taken: frames of the file of ``low`` that cannot be used, for the message

    Returns:
        Labels of the level "r2SCAN minus PBE", in the order of ``high``.

    Raises:
        DataError: an id is missing, a pair differs in geometry, energies are not raw, the levels are the same, or nothing is
            labelled at both.

    >>> import transferkit as tk
    >>> pbe, r2scan = (tk.bundled("gpaw-pbe-r2scan", fidelity=f) for f in ("PBE", "r2SCAN"))
    >>> difference = minus(r2scan, pbe)
    >>> difference.fidelity, bool(np.allclose(difference.energy + pbe.energy, r2scan.energy))
    ('r2SCAN minus PBE', True)
    """
    _refuse(high, low)
    rows = pairs(high, low)
    if len(rows) < len(high):
        lacking = [str(name) for name in np.delete(high.id, rows.first)]
        broken = [t for t in taken if t.id in {*lacking}]
        why = f" Of these, the file holds {len(broken)} that cannot be used: {first(broken)}." if broken else ""
        why += "" if len(rows) else f" None of its ids is one of the data; its first is {str(low.id[0])!r}."
        raise DataError(
            f"data.minus ({low.fidelity}) lacks {len(lacking)} of the {len(high)} structures of the data ({high.fidelity}), first "
            f"{lacking[0]!r}.{why} Give a source that holds the same ids, or leave these structures out of the data."
        )
    partner = low[rows.second]
    mask = {**high.mask, "magmoms": np.zeros(len(high), dtype=bool)}
    labels: dict[str, np.ndarray] = {"magmoms": np.full_like(high.magmoms, np.nan)}
    for name in SUBTRACTED:
        mask[name] = high.mask[name] & partner.mask[name]
        present = mask[name][high.owner] if name in PER_ATOM else mask[name]
        value = np.where(
            present.reshape(-1, *[1] * (getattr(high, name).ndim - 1)),
            getattr(high, name) - getattr(partner, name),
            np.nan,
        )
        labels[name] = value
    if not any(mask[name].any() for name in SUBTRACTED):
        raise DataError(
            f"data.minus: no structure has the same label at {high.fidelity} and at {low.fidelity}, so there is no difference to learn."
        )
    return replace(high, **labels, mask=mask, fidelity=level_of_difference(high.fidelity, low.fidelity))  # type: ignore[arg-type]


def _refuse(high: Structures, low: Structures) -> None:
    if high.fidelity == low.fidelity:
        raise DataError(
            f"data.minus holds {low.fidelity} labels, as the data themselves do, so nothing is left to learn. Give the same "
            f"structures at a lower level of theory."
        )
    for data in (high, low):
        if data.label_convention != "raw":
            raise DataError(
                f"data.minus is for energies as they were computed (raw), and the {data.fidelity} energies are "
                f"{data.label_convention}: corrections would pass for a difference of the levels."
            )
