"""What an energy is: as computed, MP2020-corrected, cohesive or of formation; and the way from one to another."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from ase.data import atomic_numbers, chemical_symbols

from transferkit.data.mp2020 import corrections
from transferkit.data.structures import Structures
from transferkit.errors import DataError, nearest

CONVENTIONS: dict[str, str] = {
    "raw": "total energy as computed",
    "mp2020": "total energy with the corrections of MaterialsProject2020Compatibility, for PBE and PBE+U",
    "cohesive": "raw total energy minus that of the isolated atoms (negative where bound)",
    "formation": "raw total energy minus that of the same atoms in reference phases of the elements",
}
"""Names, and what they mean."""
ZEROS = {"cohesive": "the isolated atoms", "formation": "the reference phases of the elements"}
CORRECTION = "mp2020_correction"
"""Column with the correction of each structure, eV; what a file or a conversion leaves behind."""


def checked_convention(name: str) -> str:
    """The name of a label convention, refused where there is none.

    Raises:
        DataError: the name is unknown; the nearest is named.

    >>> checked_convention("mp2020")
    'mp2020'
    """
    if name not in CONVENTIONS:
        raise DataError(f"no label convention is called {name!r}. {nearest(name, CONVENTIONS)}")
    return name


def convert_convention(
    data: Structures, to: str, *, hubbard: str | None = None, energies: Mapping[str, float] | None = None
) -> Structures:
    """The same labels with the energies by another convention; forces, stress and magmoms do not change.

    Every way goes over ``raw``. To and from ``mp2020`` the column ``mp2020_correction`` is used where the data bring it, else
    the corrections are computed (:func:`~transferkit.data.mp2020.corrections`); the result has the column. To and from
    ``cohesive`` and ``formation`` a constant per element is taken off or put back.

    Args:
        data: structures; energies that are absent stay absent
        to: a name of :data:`CONVENTIONS`
        hubbard: for mp2020, where the data do not say it themselves: "materials-project" (+U as the Materials Project sets
            it) or "none"
        energies: for cohesive and formation: eV per atom by symbol, at the level of theory of the data, of the isolated atoms
            or of the reference phases

    Raises:
        DataError: no convention is called so; the fidelity is not PBE or PBE+U (mp2020); it cannot be known whether +U was
            used, or another U was; ``energies`` are missing or lack an element; an option is given that this way does not read.

    >>> import transferkit as tk
    >>> data = tk.bundled("gpaw-pbe-r2scan")
    >>> oxide = data[data.composition == "MgO"]
    >>> cohesive = convert_convention(oxide, "cohesive", energies={"Mg": -0.5, "O": -1.5})
    >>> cohesive.label_convention, np.allclose(cohesive.energy - oxide.energy, oxide.n_atoms)
    ('cohesive', True)
    """
    checked_convention(to)
    here = checked_convention(data.label_convention)
    if here == to:
        return data
    if here in ZEROS and to in ZEROS:
        raise DataError(
            f"{here} energies become {to} energies by two tables of the elements. Convert to raw with that of {ZEROS[here]}, "
            f"then to {to} with that of {ZEROS[to]}."
        )
    energy, columns = data.energy, dict(data.columns)
    _all_read({here, to}, hubbard, energies)
    if "mp2020" in {here, to}:
        correction = _correction(data, hubbard)
        columns[CORRECTION] = correction
        energy = energy - correction if here == "mp2020" else energy + correction
    for end, sign in ((here, 1.0), (to, -1.0)):
        if end in ZEROS:
            energy = energy + sign * _constants(data, end, energies)
    return replace(data, energy=energy, label_convention=to, columns=columns)


def _all_read(ends: set[str], hubbard: str | None, energies: Mapping[str, float] | None) -> None:
    """Refuse an option that nothing would read: it was meant for another convention."""
    way = " to ".join(sorted(ends))
    if hubbard is not None and "mp2020" not in ends:
        raise DataError(f"hubbard is read to or from mp2020, and this is {way}. Leave it out, or convert to mp2020.")
    if energies and not ends & set(ZEROS):
        raise DataError(
            f"energies are read to or from cohesive and formation, and this is {way}. Leave them out, or convert to one of these."
        )


def _correction(data: Structures, hubbard: str | None) -> np.ndarray:
    """Stored corrections where the data have all of them, else computed ones, eV, shape (structures,)."""
    stored = data.columns.get(CORRECTION)
    if stored is not None and stored.dtype.kind == "f" and np.isfinite(stored).all():
        return np.asarray(stored)
    return corrections(data, hubbard=hubbard)


def _constants(data: Structures, convention: str, energies: Mapping[str, float] | None) -> np.ndarray:
    """Sum of the elements' energies of each structure, eV, shape (structures,)."""
    what = ZEROS[convention]
    if not energies:
        raise DataError(
            f"{convention} energies need the energies of {what} at {data.fidelity}, eV per atom by symbol, and there are none. "
            f"Give energies={{'O': ...}}."
        )
    if unknown := [s for s in energies if s not in atomic_numbers]:
        raise DataError(f"energies names {unknown[0]!r}, which is no element")
    table = np.full(len(chemical_symbols), np.nan)
    for symbol, value in energies.items():
        table[atomic_numbers[symbol]] = value
    if lacking := [chemical_symbols[z] for z in data.elements if not np.isfinite(table[z])]:
        raise DataError(
            f"{convention} energies need the energies of {what} of all elements; {', '.join(lacking)} "
            f"{'is' if len(lacking) == 1 else 'are'} missing. Add {'it' if len(lacking) == 1 else 'them'} to energies."
        )
    return np.bincount(data.owner, weights=table[data.numbers], minlength=len(data))
