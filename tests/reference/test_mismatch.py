from dataclasses import replace

import numpy as np
import pytest
from ase.build import bulk
from ase.calculators.singlepoint import SinglePointCalculator

from transferkit.data.convention import convert_convention
from transferkit.data.mp2020 import corrections
from transferkit.data.readers import from_ase
from transferkit.reference.elemental import ElementalReference
from transferkit.reference.mismatch import convention_finding

CORRECTED = ElementalReference.from_mapping({"O": -8.4}, source="made up")
CORRECTED = replace(CORRECTED, label_convention="mp2020", fidelity="PBE")


@pytest.fixture(scope="module")
def some(pbe_labels):
    return pbe_labels[::4]


@pytest.fixture(scope="module")
def pbe_labels():
    import transferkit as tk

    return tk.bundled("gpaw-pbe-r2scan", fidelity="PBE")


def test_raw_labels_meet_a_corrected_potential(some):
    finding = convention_finding(CORRECTED, some)
    assert finding.severity == "warning"
    assert finding.what == "the labels are raw energies, and the potential was trained on mp2020 energies"
    assert "-0.687 eV for each O" in finding.evidence
    shift = abs(corrections(some, hubbard="materials-project") / some.n_atoms).mean()
    assert f"that is {shift:.3f} eV/atom in the mean" in finding.evidence
    assert "data.convert: {to: mp2020, hubbard: materials-project}" in finding.mend


def test_nothing_is_said_where_nothing_is_wrong(some):
    assert convention_finding(replace(CORRECTED, label_convention=None), some) is None
    assert convention_finding(replace(CORRECTED, label_convention="raw"), some) is None
    assert convention_finding(CORRECTED, convert_convention(some, "mp2020", hubbard="materials-project")) is None
    # r2SCAN labels cannot be corrected: the shift of the functional contains the difference
    assert convention_finding(CORRECTED, replace(some, fidelity="r2SCAN")) is None
    assert convention_finding(CORRECTED, some.without("energy")) is None


def test_corrected_labels_meet_a_raw_potential(some):
    corrected = convert_convention(some, "mp2020", hubbard="materials-project")
    finding = convention_finding(replace(CORRECTED, label_convention="raw"), corrected)
    assert "the labels are mp2020 energies, and the potential was trained on raw energies" in finding.what
    assert "data.convert: {to: raw, hubbard: materials-project}" in finding.mend


def test_it_is_measured_where_predictions_are_there(some):
    # a potential that is right to 10 meV/atom on corrected energies
    predicted = some.energy + corrections(some, hubbard="materials-project") + 0.01 * some.n_atoms
    evidence = convention_finding(CORRECTED, some, predicted=predicted).evidence
    shift = abs(0.01 + corrections(some, hubbard="materials-project") / some.n_atoms).mean()
    assert (
        f"off by {shift:.3f} eV/atom (MAE) from the labels as they are and by 0.010 from the same as mp2020" in evidence
    )
    assert evidence.endswith("and 0.000")


@pytest.mark.parametrize(("policy", "moved"), [("residual", True), ("refit", True), ("keep", False), (None, False)])
def test_policies_that_move_e0_take_up_constants(some, policy, moved):
    # two compositions: constants take up everything
    two = some[np.isin(some.composition, ["MgO", "ClNa"])]
    finding = convention_finding(CORRECTED, two, policy=policy)
    assert finding.severity == ("note" if moved else "warning")
    assert (f"policy {policy} takes up" in finding.evidence) == moved
    assert finding.mend.startswith("nothing if raw energies" if moved else "convert the labels")


def test_what_constants_cannot_take_up_is_a_warning():
    # iron has +U in its oxide and none in its sulfide
    names = ["FeO", "FeS", "MgO", "MgS", "CaO", "CaS"]
    frames = [bulk(name, "rocksalt", a=4.6) for name in names] + [bulk("Fe"), bulk("Mg")]
    for atoms in frames:
        atoms.calc = SinglePointCalculator(atoms, energy=-5.0 * len(atoms))
    finding = convention_finding(CORRECTED, from_ase(frames, fidelity="PBE"), policy="residual")
    assert finding.severity == "warning"
    assert "the rest is left for the network to unlearn" in finding.evidence


@pytest.mark.parametrize(("policy", "severity"), [("residual", "note"), ("keep", "warning")])
def test_cohesive_labels_are_constants_away(some, policy, severity):
    finding = convention_finding(CORRECTED, replace(some, label_convention="cohesive"), policy=policy)
    assert finding.severity == severity
    assert "the labels are cohesive energies" in finding.what


def test_a_scheme_that_does_not_apply_still_warns(some):
    with_u = replace(some, columns={**some.columns, "hubbards": np.array(["Mg:3.0"] * len(some), dtype=object)})
    assert "for these structures they are not defined" in convention_finding(CORRECTED, with_u).evidence


def test_misnamed_labels_are_found_by_the_potential(some):
    corrected = convert_convention(some, "mp2020", hubbard="materials-project")
    # said to be corrected, and are not
    wrong = replace(some, label_convention="mp2020")
    finding = convention_finding(CORRECTED, wrong, predicted=corrected.energy + 0.01 * some.n_atoms)
    assert finding.what == "the labels are said to be mp2020 energies and look like raw ones"
    assert "by 0.010" in finding.evidence
    raw = replace(CORRECTED, label_convention="raw")
    finding = convention_finding(raw, replace(corrected, label_convention="raw"), predicted=some.energy)
    assert finding.what == "the labels are said to be raw energies and look like mp2020 ones"
    # right, right but for a bad potential, and unknown
    assert convention_finding(CORRECTED, corrected, predicted=corrected.energy) is None
    assert convention_finding(CORRECTED, corrected, predicted=corrected.energy + 2.0 * some.n_atoms) is None
    assert convention_finding(CORRECTED, wrong) is None
