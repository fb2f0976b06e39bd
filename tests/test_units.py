"""Units: the factors are ASE's, to the digits that ASE gives."""

import pytest
from ase import units as ase_units

from transferkit import units


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (units.HARTREE, ase_units.Hartree),
        (units.KCAL_PER_MOL, ase_units.kcal / ase_units.mol),
        (units.BOHR, ase_units.Bohr),
        (units.GPA, ase_units.GPa),
        (units.KBAR, 0.1 * ase_units.GPa),
    ],
)
def test_factors_agree_with_ase(ours, theirs):
    assert ours == pytest.approx(theirs, rel=2e-8)  # ASE's default set is CODATA 2014


def test_vasp_prints_pressure_so_its_sign_turns():
    tension_positive = -10.0 * units.KBAR
    assert tension_positive == pytest.approx(-1.0 * units.GPA)
