import numpy as np
import pytest
from ase.build import molecule

from transferkit.data.all_electron import all_electron, atomic_energy
from transferkit.data.readers import from_ase
from transferkit.units import ENERGIES, HARTREE

EXACT = {
    "H": (1, -0.5),
    "He": (2, -2.9037),
    "C": (6, -37.845),
    "O": (8, -75.067),
    "Ne": (10, -128.94),
    "Ar": (18, -527.5),
}
"""Non-relativistic energies of atoms in Hartree, Chakravorty et al., Phys. Rev. A 47, 3649 (1993)."""


@pytest.mark.parametrize(("z", "energy"), EXACT.values(), ids=EXACT)
def test_energies_of_atoms(z, energy):
    assert atomic_energy(np.array([z]))[0] == pytest.approx(energy, rel=0.08 if z < 3 else 0.01)


def molecules(*names, scale=HARTREE):
    """Molecules with the energies of their atoms, bound by 1 %."""
    frames = [molecule(name) for name in names]
    for k, atoms in enumerate(frames):
        exact = {"H": -0.5, "C": -37.845, "O": -75.067, "N": -54.589}
        atoms.info.update(energy=1.005 * scale * sum(exact[s] for s in atoms.symbols), id=str(k))
    return from_ase(frames, fidelity="PBE")


MANY = ("CH4", "H2O", "NH3", "CO", "CO2", "CH3CH2OH", "HCN", "N2", "C6H6")


@pytest.mark.parametrize("names", [("CH3CH2OH",) * 3, MANY], ids=["one composition", "many"])
@pytest.mark.parametrize(("unit", "said"), [("eV", "eV"), ("Ha", "Ha"), ("kcal/mol", "kcal/mol"), ("kJ/mol", "kJ/mol")])
def test_the_unit_of_all_electron_totals(names, unit, said):
    assert all_electron(molecules(*names, scale=HARTREE / ENERGIES[unit])).unit == said


def test_pseudopotential_totals_are_none(r2scan, pbe):
    for data in (r2scan, pbe):
        assert all_electron(data).unit is None
        assert not all_electron(data).too_large
    # water with six electrons on oxygen: -17.2 Hartree
    assert all_electron(molecules("H2O", scale=HARTREE * 17.2 / 76.07)).unit is None


def test_more_than_all_electrons_is_impossible():
    assert all_electron(molecules(*MANY, scale=2 * HARTREE)).too_large


def test_positive_energies_are_no_totals(r2scan):
    assert all_electron(r2scan.with_labels(energy=-r2scan.energy)) is None
    assert all_electron(r2scan.without("energy")) is None
