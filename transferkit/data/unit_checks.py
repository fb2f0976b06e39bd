"""Slips of units and signs: Hartree, kcal/mol, GPa, kbar, VASP's stress sign; with the numbers that suggest them."""

import numpy as np

from transferkit.data.consistency import Slope, slopes
from transferkit.data.finding import Finding
from transferkit.data.structures import Structures
from transferkit.units import BOHR, GPA, HARTREE, KBAR, KCAL_PER_MOL

SMALL_ENERGY, LARGE_ENERGY = 0.6, 60.0
"""eV/atom; total energies of pseudopotential codes lie between, and so do most cohesive energies"""
LARGE_RESIDUAL = 3.0
"""eV/atom; after a constant per element is taken off, totals of solids scatter by some tenths of eV/atom"""
LARGE_FORCE = 8.0
"""eV/Å, rms of a typical structure; 0.1 to 3 in relaxations and dynamics"""
LARGE_STRESS = 0.3
"""eV/Å³, that is 48 GPa"""

ENERGY_SLIPS = {"Hartree": 1 / HARTREE, "kcal/mol": 1 / KCAL_PER_MOL}
FORCE_SLIPS = {"kcal/mol/Å": KCAL_PER_MOL, "Hartree/Bohr": HARTREE / BOHR}
STRESS_SLIPS = {"GPa": GPA, "kbar": KBAR}


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
        found += _energy_size(data)
    if "forces" not in named:
        found += _force_size(data)
    if "stress" not in named:
        found += _stress_size(data)
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
    return [
        Finding("warning", f"the energies look like {unit}", (), evidence, f"multiply the energies by {factor:.6g}")
    ]


def _derivative_slips(measured: dict[str, Slope]) -> list[Finding]:
    """Forces or stress that do not follow from the energy, each with the unit or sign that would explain it."""
    if _energy_slip(measured):
        return []
    found = []
    for name, slips, turned in (
        ("forces", FORCE_SLIPS, "have the sign of a gradient"),
        ("stress", STRESS_SLIPS, "has the sign of VASP, pressure positive"),
    ):
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
        mend = f"multiply the {name} by {factor:.6g}"
        found.append(Finding("warning", f"the {name} {' and '.join(suspicions)}", (), evidence, mend))
    return found


def _energy_size(data: Structures) -> list[Finding]:
    has = data.mask["energy"]
    if not has.any():
        return []
    per_atom = data.energy[has] / data.n_atoms[has]
    middle, residual = float(np.median(np.abs(per_atom))), _residual(data)
    scatter = f"rms residual after a constant per element {residual:.3g} eV/atom" if residual is not None else ""
    evidence = f"median |energy| {middle:.4g} per atom{'; ' + scatter if scatter else ''}"
    if middle < SMALL_ENERGY:
        evidence += f"; as Hartree that is {middle * HARTREE:.3g} eV/atom, a usual total energy"
        mend = f"if they are Hartree, multiply by {HARTREE:.6f}; formation or interaction energies may be so small"
        return [Finding("warning", "the energies are small for eV and look like Hartree", (), evidence, mend)]
    if middle > LARGE_ENERGY or (residual or 0.0) > LARGE_RESIDUAL:
        evidence += f"; as kcal/mol that is {middle * KCAL_PER_MOL:.3g} eV/atom"
        mend = f"if they are kcal/mol, multiply by {KCAL_PER_MOL:.7f}; totals of all-electron codes may be so large"
        return [Finding("warning", "the energies are large for eV and look like kcal/mol", (), evidence, mend)]
    return []


def _residual(data: Structures) -> float | None:
    """Rms per atom of what a linear fit to composition leaves; None where compositions are too few to tell."""
    has = data.mask["energy"]
    X = data.counts()[has] / data.n_atoms[has, None]
    y = data.energy[has] / data.n_atoms[has]
    solution, _, rank, _ = np.linalg.lstsq(X, y, rcond=None)
    if len(y) <= rank:
        return None
    return float(np.sqrt(((y - X @ solution) ** 2).sum() / (len(y) - rank)))


def _force_size(data: Structures) -> list[Finding]:
    has = data.mask["forces"]
    if not has.any():
        return []
    square = np.nan_to_num((data.forces**2).mean(axis=1))
    rms = np.sqrt(np.bincount(data.owner, weights=square, minlength=len(data)) / data.n_atoms)[has]
    middle = float(np.median(rms))
    if middle < LARGE_FORCE:
        return []
    evidence = f"median rms force {middle:.3g}; as kcal/mol/Å that is {middle * KCAL_PER_MOL:.3g} eV/Å"
    mend = f"if they are kcal/mol/Å, multiply forces and energies by {KCAL_PER_MOL:.7f}"
    return [Finding("warning", "the forces are large for eV/Å and look like kcal/mol/Å", (), evidence, mend)]


def _stress_size(data: Structures) -> list[Finding]:
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
    mend = f"multiply by {GPA:.8f} if it is GPa, by {-KBAR:.9f} if it is kbar as VASP prints it (pressure positive)"
    return [Finding("warning", "the stress is large for eV/Å³ and looks like kbar or GPa", (), evidence, mend)]
