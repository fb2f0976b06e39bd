import pytest

from transferkit.data.readers.stated_units import StatedUnits, unit_factor, voigt_indices
from transferkit.errors import DataError
from transferkit.units import BOHR, GPA, HARTREE, KBAR, KCAL_PER_MOL


@pytest.mark.parametrize(
    ("name", "text", "factor"),
    [("energy", "eV", 1.0), ("energy", "Hartree", HARTREE), ("energy", "kcal/mol", KCAL_PER_MOL), ("energy", "eV/atom", 1.0),
     ("energy", "kJ/mol", KCAL_PER_MOL / 4.184), ("energy", "meV/atom", 1e-3), ("forces", "eV/A", 1.0),
     ("forces", "kcal/mol/Å", KCAL_PER_MOL), ("forces", "-Ha/Bohr", -HARTREE / BOHR), ("forces", "a.u.", HARTREE / BOHR),
     ("stress", "-kbar", -KBAR), ("stress", "GPa", GPA), ("stress", "eV/A^3", 1.0), ("stress", "eV/Å³", 1.0),
     ("stress", "Ha/Bohr^3", HARTREE / BOHR**3), ("length", "Bohr", BOHR), ("virial", "eV", 1.0)],
)  # fmt: skip
def test_units(name, text, factor):
    assert unit_factor(name, text, "set") == pytest.approx(factor, rel=1e-12)


@pytest.mark.parametrize(("name", "text"), [("energy", "kcal"), ("forces", "eV"), ("stress", "eV"), ("length", "eV")])
def test_unknown_units_are_refused_with_those_that_are_known(name, text):
    with pytest.raises(DataError, match=rf"set: '{text}' is no unit of {name} known here.*kcal/mol.*Bohr.*kbar"):
        StatedUnits.of({name: text}, "set")


def test_unknown_quantities_are_refused():
    with pytest.raises(DataError, match=r"set: units names 'force'. Did you mean 'forces'\?"):
        StatedUnits.of({"force": "eV/Å"}, "set")


def test_per_atom_and_order():
    stated = StatedUnits.of({"energy": "eV / atom", "voigt": "xx yy zz xy yz zx"})
    assert stated.per_atom
    assert stated.says("energy")
    assert not stated.says("forces")
    assert stated.order.tolist() == [[0, 3, 5], [3, 1, 4], [5, 4, 2]]
    assert StatedUnits().order.tolist() == [[0, 5, 4], [5, 1, 3], [4, 3, 2]]
    with pytest.raises(DataError, match="voigt is 'xx yy'; name the six components"):
        voigt_indices("xx yy", "set")
