"""Slips of units and signs: Hartree, kcal/mol, GPa, kbar, VASP's stress sign; with the numbers that suggest them."""

import numpy as np

from transferkit.data.consistency import Slope, slopes
from transferkit.data.finding import Finding
from transferkit.data.magnitude_checks import energy_size, force_size, stress_size
from transferkit.data.structures import Structures
from transferkit.data.unit_mend import unit_mend
from transferkit.typing import Property
from transferkit.units import BOHR, ENERGIES, GPA, HARTREE, KBAR, KCAL_PER_MOL

ENERGY_SLIPS = {
    "Hartree": 1 / HARTREE,
    "Rydberg": 1 / ENERGIES["Ry"],
    "kcal/mol": 1 / KCAL_PER_MOL,
    "kJ/mol": 1 / ENERGIES["kJ/mol"],
}
FORCE_SLIPS = {
    "kcal/mol/Å": KCAL_PER_MOL,
    "kJ/mol/Å": ENERGIES["kJ/mol"],
    "Hartree/Bohr": HARTREE / BOHR,
    "Rydberg/Bohr": HARTREE / BOHR / 2,
    "eV/Bohr": 1 / BOHR,
}
STRESS_SLIPS = {"GPa": GPA, "kbar": KBAR, "Hartree/Bohr³": HARTREE / BOHR**3}
OURS: dict[Property, str] = {"forces": "eV/Å", "stress": "eV/Å³"}
ATOMIC = "eV/Bohr"
"""Also what energies in Hartree and forces in Hartree/Bohr look like: both are then off, and their quotient by one Bohr."""


def unit_findings(data: Structures) -> list[Finding]:
    """Suspicions about units, from magnitudes and from how ΔE follows forces and stress between frames.

    >>> import transferkit as tk
    >>> data = tk.bundled("gpaw-pbe-r2scan")
    >>> unit_findings(data)
    []
    >>> wrong = data.with_labels(stress=data.stress * 1602.1766208)
    >>> print(unit_findings(wrong)[0].what)
    the stress looks like kbar
    """
    measured = {k: s for k, s in slopes(data).items() if s.trusted}
    found = [*_energy_slip(measured), *_derivative_slips(measured)]
    named = " ".join(f.what for f in found)
    # an energy that goes with the stress in eV/Å³ is in eV, however small: relative energies, model systems
    if "energ" not in named and not ("stress" in measured and _nearest(measured["stress"].value, {"eV": 1.0})):
        found += energy_size(data)
    if "forces" not in named:
        found += force_size(data)
    if "stress" not in named:
        found += stress_size(data)
    return found


def _nearest(value: float, slips: dict[str, float]) -> str | None:
    """The slip whose factor is within 15 % of the value and nearest to it."""
    if value <= 0:
        return None
    distance = {name: abs(np.log(value / factor)) for name, factor in slips.items()}
    best = min(distance, key=distance.__getitem__)
    return best if distance[best] < 0.15 else None


def _energy_slip(measured: dict[str, Slope]) -> list[Finding]:
    """Every derivative that is there disagrees with the energy by the same factor, that of an energy unit."""
    values = [slope.value for slope in measured.values()]
    if not values or min(values) <= 0.0 or max(values) > 1.3 * min(values):
        return []
    unit = _nearest(values[0], {**ENERGY_SLIPS, **({} if len(values) > 1 else FORCE_SLIPS | STRESS_SLIPS)})
    if unit not in ENERGY_SLIPS:
        return []
    shown = " and ".join(f"{s.value:.4g} ± {s.error:.1g} of the work of the {k}" for k, s in measured.items())
    evidence = (
        f"between frames of one material the energy changes by {shown} ({next(iter(measured.values())).n_pairs} pairs), "
        f"where eV give 1 and {unit} gives {ENERGY_SLIPS[unit]:.4g}"
    )
    factor = 1 / ENERGY_SLIPS[unit]
    return [Finding("warning", f"the energies look like {unit}", (), evidence, unit_mend("energy", factor, unit))]


def _derivative_slips(measured: dict[str, Slope]) -> list[Finding]:
    """Forces or stress that do not follow from the energy, each with the unit or sign that would explain it."""
    if _energy_slip(measured):
        return []
    found = []
    suspects: tuple[tuple[Property, dict[str, float], str], ...] = (
        ("forces", FORCE_SLIPS, "have the sign of a gradient"),
        ("stress", STRESS_SLIPS, "has the sign of VASP, pressure positive"),
    )
    for name, slips, turned in suspects:
        if name not in measured:
            continue
        slope = measured[name]
        unit = _nearest(abs(slope.value), {"": 1.0, **slips})
        if unit is None or (not unit and slope.value > 0):
            continue
        looks = f"look{'s' if name == 'stress' else ''} like {unit}"
        suspicions = [looks] * bool(unit) + [turned] * (slope.value < 0)
        evidence = (
            f"between frames of one material the energy changes by {slope.value:.4g} ± {slope.error:.1g} of the work of "
            f"the {name} ({slope.n_pairs} pairs), where matching units and signs give 1"
        )
        factor = np.sign(slope.value) * {"": 1.0, **slips}[unit]
        mend = unit_mend(name, factor, unit or OURS[name])
        if unit == ATOMIC:
            mend += f"; if energies and forces are both in atomic units, by {HARTREE:.6g} and {factor * HARTREE:.6g}"
        found.append(Finding("warning", f"the {name} {' and '.join(suspicions)}", (), evidence, mend))
    return found
