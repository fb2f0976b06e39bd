"""Slips of units that sizes alone give away: energies after a constant per element, forces, stress."""

import numpy as np

from transferkit.data.all_electron import all_electron
from transferkit.data.finding import Finding
from transferkit.data.referenced import referenced
from transferkit.data.structures import Structures
from transferkit.data.unit_mend import unit_mend
from transferkit.units import ENERGIES, GPA, HARTREE, KBAR, KCAL_PER_MOL

LARGE_SPREAD = 2.5
"""eV/atom, robust; after a constant per element is taken off, sets of solids spread by 0.1 to 0.5, diatomics from the repulsive
wall to dissociation by 0.9"""
SMALL_ENERGY = 0.6
"""eV/atom; total energies are larger"""
SMALL_TOTAL = 1.0
"""eV/atom; what small numbers must at least come to as Hartree to be totals"""
SMALL_SPREAD = 0.2
"""Spread over size; totals spread by some hundredths, formation and interaction energies by as much as they are large."""
LARGE_FORCE = 8.0
"""eV/Å, rms of a typical structure; 0.1 to 3 in relaxations and dynamics"""
LARGE_STRESS = 0.3
"""eV/Å³, that is 48 GPa"""
NAMES = {"Ha": "Hartree"}


def energy_size(data: Structures) -> list[Finding]:
    """Energies that as eV would be larger than totals can be, spread too much after a constant per element, or are too small.

    All-electron totals are recognised with their unit, from the atoms alone, so that a set of one composition says it too.

    >>> import transferkit as tk
    >>> data = tk.bundled("gpaw-pbe-r2scan")
    >>> energy_size(data)
    []
    >>> energy_size(data.with_labels(energy=data.energy / 27.211386))[0].what
    'the energies are small for eV and look like Hartree'
    """
    has = data.mask["energy"]
    if not has.any():
        return []
    whole = all_electron(data)
    if whole is not None and whole.unit is not None:
        return [] if whole.unit == "eV" else _all_electron(whole.unit, whole.ratio)
    per_atom = data.energy[has] / data.n_atoms[has]
    middle, left = float(np.median(np.abs(per_atom))), referenced(data, robust=True)
    told = left.rms is not None
    evidence = f"median |energy| {middle:.4g} per atom"
    if told:
        evidence += f"; spread after a constant per element {left.spread:.3g} per atom"
    impossible = whole is not None and whole.too_large
    if impossible or (told and left.spread > LARGE_SPREAD and middle > LARGE_SPREAD):
        if impossible:
            evidence += "; all electrons of these atoms together come to less"
        evidence += f"; as kcal/mol that is {middle * KCAL_PER_MOL:.3g} eV/atom"
        mend = "if they are kcal/mol, " + unit_mend("energy", KCAL_PER_MOL, "kcal/mol")
        return [Finding("warning", "the energies are large for eV and look like kcal/mol", (), evidence, mend)]
    total = middle * HARTREE > SMALL_TOTAL and np.mean(per_atom < 0) > 0.95
    if middle < SMALL_ENERGY and total and not (told and left.spread > SMALL_SPREAD * middle):
        evidence += f"; as Hartree that is {middle * HARTREE:.3g} eV/atom, a usual total energy"
        mend = f"if they are Hartree, {unit_mend('energy', HARTREE, 'Ha')}; formation or interaction energies may be so small"
        return [Finding("warning", "the energies are small for eV and look like Hartree", (), evidence, mend)]
    return []


def _all_electron(unit: str, ratio: float) -> list[Finding]:
    exact, name = HARTREE / ENERGIES[unit], NAMES.get(unit, unit)
    evidence = (
        f"they are {ratio:.4g} times the energy of all electrons of their atoms in Hartree; all-electron totals in {name} "
        f"are {exact:.4g} times it, in eV {HARTREE:.4g}"
    )
    mend = unit_mend("energy", ENERGIES[unit], unit)
    return [Finding("warning", f"the energies look like {name}", (), evidence, mend)]


def force_size(data: Structures) -> list[Finding]:
    """Forces that are too large for eV/Å in most structures."""
    has = data.mask["forces"]
    if not has.any():
        return []
    square = np.nan_to_num((data.forces**2).mean(axis=1))
    rms = np.sqrt(np.bincount(data.owner, weights=square, minlength=len(data)) / data.n_atoms)[has]
    middle = float(np.median(rms))
    if middle < LARGE_FORCE:
        return []
    evidence = f"median rms force {middle:.3g}; as kcal/mol/Å that is {middle * KCAL_PER_MOL:.3g} eV/Å"
    mend = "if they are kcal/mol/Å, " + unit_mend("forces", KCAL_PER_MOL, "kcal/mol/Å")
    return [Finding("warning", "the forces are large for eV/Å and look like kcal/mol/Å", (), evidence, mend)]


def stress_size(data: Structures) -> list[Finding]:
    """Stress that is too large for eV/Å³ in most structures."""
    has = data.mask["stress"]
    if not has.any():
        return []
    middle = float(np.median(np.abs(data.stress[has]).max(axis=(1, 2))))
    if middle < LARGE_STRESS:
        return []
    evidence = (
        f"median of the largest |component| {middle:.3g} eV/Å³ would be {middle / GPA:.3g} GPa; "
        f"as GPa it is {middle * GPA:.2g} eV/Å³, as kbar {middle * KBAR:.2g} eV/Å³"
    )
    mend = (
        f"if it is kbar as VASP prints it, pressure positive, {unit_mend('stress', -KBAR, 'kbar')}; "
        f"if it is GPa, multiply it by {GPA:.6g}"
    )
    return [Finding("warning", "the stress is large for eV/Å³ and looks like kbar or GPa", (), evidence, mend)]
