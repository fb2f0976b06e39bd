"""Data of isolated atoms alone: they fix no bond, so a potential cannot be moved with them."""

import numpy as np
from ase.data import chemical_symbols

from transferkit.data.distances import isolated
from transferkit.data.structures import Structures
from transferkit.errors import ReferenceFitError

ALONE = 6.0
"""Å without a neighbour."""
SHOWN = 3


def refuse_isolated_only(data: Structures) -> None:
    """Refuse structures with energies that are all single isolated atoms.

    Raises:
        ReferenceFitError: they are; says how their energies are used instead.

    >>> import transferkit as tk
    >>> refuse_isolated_only(tk.bundled("gpaw-pbe-r2scan"))
    """
    if not len(data) or (data.n_atoms > 1).any() or not isolated(data, ALONE).all():
        return
    first: dict[str, float] = {}
    for z, energy in zip(data.numbers, data.energy, strict=True):
        if np.isfinite(energy):
            first.setdefault(chemical_symbols[int(z)], float(energy))
    shown = ", ".join(f"{symbol}: {energy:.4f}" for symbol, energy in list(first.items())[:SHOWN])
    more = ", ..." if len(first) > SHOWN else ""
    raise ReferenceFitError(
        f"all {len(data)} structures with an energy are isolated atoms: they say nothing about bonds, so nothing but E0 could "
        f"be fitted. Give structures with bonds as data, and these energies as E0 of a potential whose reference is of isolated "
        f"atoms: reference.policy: isolated-atoms with reference.isolated_atoms: {{{shown}{more}}}."
    )
