from dataclasses import replace

import numpy as np
import pytest

from transferkit.data.check import check
from transferkit.data.quarantine import Limits


def test_good_data_give_no_warning(r2scan, pbe):
    assert check(r2scan) == []
    assert check(pbe) == []


def test_warnings_come_first(r2scan):
    data = r2scan[[*range(len(r2scan)), 0]].with_labels(energy=np.append(r2scan.energy, r2scan.energy[0]) / 27.211386)
    found = check(data)
    assert [f.severity for f in found] == sorted((f.severity for f in found), reverse=True)
    assert found[0].what == "the energies look like Hartree"
    assert "1 exact duplicate" in [f.what for f in found]


@pytest.mark.parametrize("label", ["energy", "stress"])
def test_partial_labels_are_noted(r2scan, label):
    from transferkit.data.structures import concatenate

    data = concatenate([r2scan[:5].without(label), r2scan[5:8]])
    (found,) = check(data)
    assert found.what == f"{label} is there for some structures only"
    assert found.where == tuple(r2scan.id[:5])
    assert "5 of 8" in found.evidence


def test_no_structures(r2scan):
    assert check(r2scan[:0])[0].what == "there are no structures"


def test_forces_and_energies_beyond_the_limits(r2scan):
    forces, energy = r2scan.forces.copy(), r2scan.energy.copy()
    forces[0] = [0.0, 300.0, 400.0]
    energy[10] -= 50.0 * r2scan.n_atoms[10]
    found = {f.what: f for f in check(r2scan.with_labels(forces=forces, energy=energy))}
    large = found["largest force above 100 eV/Å"]
    assert (large.severity, large.where) == ("warning", (r2scan.id[0],))
    assert "with 500" in large.evidence
    far = found["energy more than 5 eV/atom from the others after a constant per element"]
    assert far.where == (r2scan.id[10],)
    assert "data.quarantine" in far.mend


def test_limits_can_be_other_ones(r2scan):
    (found,) = check(r2scan, Limits(largest_force=5.0))
    assert found.what == "largest force above 5 eV/Å"
    assert len(found.where) == 2


def test_atoms_that_a_limit_lets_through_do_not_collide(r2scan):
    data = replace(r2scan[:3], positions=r2scan[:3].positions / 2.5, cell=r2scan[:3].cell / 2.5)
    for closest, there in ((0.5, True), (0.9, True), (0.1, False), (None, False)):
        found = [f for f in check(data, Limits(closest_distance=closest)) if f.what.startswith("atoms collide")]
        assert bool(found) == there, closest


def test_a_slip_of_units_is_said_once(r2scan):
    wrong = r2scan.with_labels(forces=r2scan.forces / 0.0433641)
    assert [f.what for f in check(wrong) if f.severity == "warning"] == ["the forces look like kcal/mol/Å"]


def test_mixtures_and_duplicates_are_in(r2scan):
    from dataclasses import replace

    columns = {"run_type": np.array(["GGA", "GGA+U"] * 4, dtype=object)}
    found = [f.what for f in check(replace(r2scan[[*range(7), 0]], columns=columns))]
    assert "two kinds of calculation are mixed: run_type is GGA or GGA+U" in found
    assert "1 exact duplicate" in found


@pytest.mark.slow
@pytest.mark.shared
def test_no_sound_set_of_the_shared_data_is_suspected_of_a_slip(shared):
    from transferkit.data.readers import read

    sets = {
        "mptrj_1k/mptrj-random-1k.xyz": {},
        "li3ps4_pbesol_r2scan/train.xyz": {"energy": "energy"},
        "gpaw_pbe_r2scan/PBE.extxyz": {},
        "tmo_r2scan": {},
    }
    for name, keys in sets.items():
        fidelity = "r2SCAN" if name == "tmo_r2scan" else "PBEsol" if keys else "PBE"
        data = read(shared / "data" / name, fidelity=fidelity, keys=keys or None)
        assert [f.what for f in check(data) if f.severity == "warning"] == [], name


@pytest.mark.shared
def test_ethanol_in_kcal_is_found_from_its_one_composition(shared):
    from transferkit.data.readers import read

    found = [f.what for f in check(read(shared / "data/rmd17_ethanol_1k/rmd17_ethanol_1000.xyz", fidelity="PBE"))]
    assert found[:2] == ["the energies look like kcal/mol", "the forces are large for eV/Å and look like kcal/mol/Å"]


def test_a_misspelt_level_of_theory_is_in(r2scan):
    (found,) = check(replace(r2scan, fidelity="r2SCAM"))
    assert found.what == "the level of theory is called 'r2SCAM'; did you mean 'r2SCAN'?"
