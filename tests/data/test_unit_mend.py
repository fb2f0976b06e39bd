from transferkit.data.readers.stated_units import StatedUnits
from transferkit.data.unit_checks import ENERGY_SLIPS, FORCE_SLIPS, OURS, STRESS_SLIPS
from transferkit.data.unit_mend import unit_mend


def test_every_unit_that_is_proposed_can_be_stated():
    for label, slips in (("energy", ENERGY_SLIPS), ("forces", FORCE_SLIPS), ("stress", STRESS_SLIPS)):
        for unit, slope in slips.items():
            stated = StatedUnits.of({label: f"-{unit}"}).factor(label)
            # slopes are those of the energy on the label: the energy's own is the inverse of its unit
            factor = 1 / slope if label == "energy" else slope
            assert abs(stated / factor + 1) < 1e-9, unit
    assert StatedUnits.of({"stress": f"-{OURS['stress']}"}).factor("stress") == -1.0


def test_the_sign_is_stated_by_a_minus():
    assert "units={'forces': '-eV/Å'} (--unit forces=-eV/Å)" in unit_mend("forces", -1.0, "eV/Å")
    assert unit_mend("energy", 27.211386, "Ha").startswith("multiply the energies by 27.2114, or")
