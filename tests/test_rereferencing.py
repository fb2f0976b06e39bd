"""Moving E0: what is refused, and what a poor choice is told."""

from dataclasses import replace

import numpy as np
import pytest

import transferkit as tk
from transferkit.data.quarantine import TakenOut
from transferkit.errors import ReferenceFitError
from transferkit.evaluation.predict import network_energy
from transferkit.rereferencing import compare_policies


@pytest.fixture(scope="module")
def parts():
    return tk.split(tk.bundled("gpaw-pbe-r2scan", fidelity="r2SCAN"), by="composition", seed=0)


def test_a_poor_policy_is_warned_about_with_its_numbers(parts):
    done = compare_policies(tk.load("toy"), parts.train, policy="keep")
    assert "residual" in done.warning
    assert f"{done.table['keep'].mean:.3f}" in done.warning


def test_difference_names_the_structure_whose_source_label_is_missing(parts):
    pbe = tk.bundled("gpaw-pbe-r2scan", fidelity="PBE")
    first = str(parts.train.id[0])
    with pytest.raises(ReferenceFitError, match=first):
        compare_policies(tk.load("toy"), parts.train, policy="difference", source_data=pbe[pbe.id != first])


def test_source_labels_that_were_left_out_are_said_and_missed_where_they_are_needed(parts):
    pbe = tk.bundled("gpaw-pbe-r2scan", fidelity="PBE")
    needed = str(parts.train.id[0])
    spare = next(str(name) for name in pbe.id if name not in set(parts.train.id))
    options = {"policy": "difference", "source_data": pbe[~np.isin(pbe.id, [spare])]}
    broken = [TakenOut(spare, "a.xyz: frame 3", "energy is NaN or infinite", "nan")]
    (found,) = compare_policies(tk.load("toy"), parts.train, **options, source_taken=broken).findings[-1:]
    assert (found.where, "1 with energy is NaN" in found.what) == ((spare,), True)
    options["source_data"] = pbe[~np.isin(pbe.id, [needed])]
    broken = [TakenOut(needed, "a.xyz: frame 7", "energy is NaN or infinite", "nan")]
    with pytest.raises(ReferenceFitError, match=r"holds 1 that cannot be used: a\.xyz: frame 7.*Mend them there"):
        compare_policies(tk.load("toy"), parts.train, **options, source_taken=broken)


def test_source_structures_without_an_energy_are_missing(parts):
    pbe = tk.bundled("gpaw-pbe-r2scan", fidelity="PBE")
    first = str(parts.train.id[0])
    partial = replace(pbe, mask=pbe.mask | {"energy": pbe.id != first})
    with pytest.raises(ReferenceFitError, match=f"1 are missing, first '{first}'"):
        compare_policies(tk.load("toy"), parts.train, policy="difference", source_data=partial)


def test_difference_refuses_labels_of_the_same_level(parts):
    same = tk.bundled("gpaw-pbe-r2scan", fidelity="r2SCAN")
    with pytest.raises(ReferenceFitError, match="source_data holds r2SCAN labels, as the data themselves do"):
        compare_policies(tk.load("toy"), parts.train, policy="difference", source_data=same)


def test_labels_without_energies_cannot_be_referenced(parts):
    with pytest.raises(ReferenceFitError, match="none of the structures has an energy"):
        compare_policies(tk.load("toy"), parts.train.without("energy"))


def test_a_new_reference_stands_for_what_its_labels_are(parts):
    model = tk.load("chgnet")
    assert (model.reference().fidelity, model.reference().label_convention) == ("PBE", "mp2020")
    for policy in ("residual", "keep"):
        new = compare_policies(model, parts.train, policy=policy).potential.reference()
        assert (new.fidelity, new.label_convention) == ("r2SCAN", "raw")


def test_a_known_energy_of_the_network_saves_the_forward_pass(parts):
    model = tk.load("toy")
    known = compare_policies(model, parts.train, network=network_energy(model, parts.train))
    found = compare_policies(model, parts.train)
    assert np.array_equal(known.potential.reference().energies, found.potential.reference().energies)


def test_it_says_whose_reference_moved(parts):
    model = tk.load("toy")
    model.add_head("r2SCAN", copy_of="default")
    done = compare_policies(model, parts.train)
    assert done.head == "r2SCAN"
    assert done.potential.reference("default").to_mapping() == model.reference("default").to_mapping()


@pytest.fixture
def corrected():
    """A potential that learnt MP2020-corrected PBE energies, as CHGNet 0.3.0 did."""
    model = tk.load("toy")
    return model.with_reference(replace(model.reference(), label_convention="mp2020", fidelity="PBE"))


def test_raw_labels_under_a_corrected_potential_are_a_finding(corrected, capsys):
    pbe = tk.bundled("gpaw-pbe-r2scan", fidelity="PBE")[:60]
    done = compare_policies(corrected, pbe)
    assert done.potential.reference().label_convention == "raw"
    assert "the labels are raw energies, and the potential was trained on mp2020" in done.findings[0].what
    assert "measured: the potential is off by" in done.findings[0].evidence
    assert not compare_policies(corrected, tk.bundled("gpaw-pbe-r2scan")[:60]).findings
    tk.rereference(corrected, pbe)
    assert "trained on mp2020 energies" in capsys.readouterr().out
    assert tk.evaluate(corrected, pbe).findings


def test_source_labels_of_another_convention_are_a_finding(corrected):
    r2scan, pbe = (tk.bundled("gpaw-pbe-r2scan", fidelity=f)[:60] for f in ("r2SCAN", "PBE"))
    done = compare_policies(corrected, r2scan, policy="difference", source_data=pbe)
    assert "the labels are raw energies" in done.findings[0].what
    fitting = tk.convert_convention(pbe, "mp2020", hubbard="materials-project")
    assert not compare_policies(corrected, r2scan, policy="difference", source_data=fitting).findings


def test_a_stand_in_for_the_network_is_not_measured(corrected):
    pbe = tk.bundled("gpaw-pbe-r2scan", fidelity="PBE")[:60]
    done = compare_policies(corrected, pbe, network=np.zeros(60), stand_in=True)
    assert "trained on mp2020" in done.findings[0].what
    assert "measured" not in done.findings[0].evidence


def test_refitting_a_table_of_unknown_kind_is_a_finding_that_names_residual(parts):
    toy = tk.load("toy")
    model = toy.with_reference(replace(toy.reference(), kind="unknown"))
    (finding,) = compare_policies(model, parts.train, policy="refit").findings
    assert "refit" in finding.what
    assert "residual" in finding.mend
    assert not compare_policies(model, parts.train, policy="residual").findings
