from dataclasses import replace

import numpy as np
import pytest
from ase.build import bulk
from ase.data import atomic_numbers
from hypothesis import given, settings
from hypothesis import strategies as st

from transferkit.data.duplicate_checks import duplicate_findings, duplicate_groups
from transferkit.data.readers import from_ase
from transferkit.units import HARTREE, KCAL_PER_MOL


def twice(data, n=40):
    """The first n structures two times; the second time with ids of their own."""
    both = data[[*range(n), *range(n)]]
    names = np.array([f"{'first' if k < n else 'second'}:{i}" for k, i in enumerate(both.id)], dtype=object)
    return replace(both, id=names)


def second(data, energy=None, forces=None):
    """Labels of the second half changed."""
    n = len(data) // 2
    changed = {}
    if energy is not None:
        changed["energy"] = np.concatenate([data.energy[:n], energy(data[n:])])
    if forces is not None:
        cut = data.offsets[n]
        changed["forces"] = np.concatenate([data.forces[:cut], forces(data.forces[cut:])])
    return data.with_labels(**changed)


def test_a_repeated_structure_is_noted(r2scan):
    (same,) = duplicate_findings(r2scan[[0, 1, 0, 0]])
    assert (same.severity, same.what) == ("note", "2 exact duplicates")
    assert duplicate_findings(r2scan) == []


def test_one_that_differs_by_something_is_a_contradiction(r2scan):
    again = r2scan[[0, 1, 0, 0]]
    energy = again.energy.copy()
    energy[2] += 1.0
    (differ,) = duplicate_findings(again.with_labels(energy=energy))
    assert differ.severity == "warning"
    assert differ.what == "2 exact duplicates with different labels"
    assert "0.5 eV/atom" in differ.evidence
    assert "their forces agree" in differ.evidence


def test_forces_alone_can_contradict(r2scan):
    (found,) = duplicate_findings(second(twice(r2scan, 2), forces=lambda f: f + 0.3))
    assert (found.severity, found.what) == ("warning", "2 exact duplicates with different labels")
    assert "their forces differ by up to 0.3 eV/Å" in found.evidence


def test_forces_that_both_lack_contradict_nothing(r2scan):
    energies_only = twice(r2scan, 2).without("forces")
    (same,) = duplicate_findings(energies_only)
    assert (same.severity, same.what) == ("note", "2 exact duplicates")
    (differ,) = duplicate_findings(second(energies_only, energy=lambda part: part.energy + 3.0))
    assert (differ.severity, differ.what) == ("warning", "2 exact duplicates with different labels")
    assert "forces" not in differ.evidence


def test_corrections_are_seen_as_two_label_conventions(r2scan):
    correction = {8: -0.687, 9: -0.462, 17: -0.614}

    def corrected(part):
        return part.energy + part.counts(list(range(1, 100))) @ np.array(
            [correction.get(z, 0.0) for z in range(1, 100)]
        )

    (found,) = duplicate_findings(second(twice(r2scan, 120), energy=corrected))
    assert found.what == "120 exact duplicates with energies of two label conventions"
    assert "their forces agree" in found.evidence
    assert "O +0.687 eV" in found.evidence
    assert "one level of theory and one label convention" in found.mend


def test_two_levels_of_theory_in_one_set(pbe, r2scan):
    both = twice(r2scan, 367)
    (found,) = duplicate_findings(second(both, energy=lambda _: pbe.energy, forces=lambda _: pbe.forces))
    assert found.what == "367 exact duplicates with energies of two label conventions or two levels of theory"
    assert "their forces differ by up to" in found.evidence


@pytest.mark.parametrize(("unit", "name", "which"), [(HARTREE, "Ha", "smaller"), (KCAL_PER_MOL, "kcal/mol", "larger")])
def test_two_units_in_one_set(r2scan, unit, name, which):
    (found,) = duplicate_findings(second(twice(r2scan), energy=lambda part: part.energy / unit))
    assert found.what == f"40 exact duplicates with energies of two units, eV and {name}"
    assert found.mend == f"multiply the {which} ones by {unit:.6g}"


@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 10_000))
def test_noise_is_never_taken_for_a_convention(r2scan, seed):
    noise = np.random.default_rng(seed).normal(0, 0.5, 40)
    (found,) = duplicate_findings(second(twice(r2scan), energy=lambda part: part.energy + noise * part.n_atoms))
    assert found.what == "40 exact duplicates with different labels"


def test_the_sign_of_zero_makes_no_other_structure():
    a, b = bulk("Cu"), bulk("Cu")
    b.positions *= -1.0
    a.info["id"], b.info["id"] = "a", "b"
    assert np.signbit(b.positions).any()
    assert duplicate_groups(from_ase([a, b], fidelity="PBE")) == [[0, 1]]


def test_another_element_or_boundary_is_another_structure():
    frames = [bulk("Cu"), bulk("Cu"), bulk("Cu")]
    frames[1].numbers[:] = atomic_numbers["Ag"]
    frames[2].pbc = [True, True, False]
    assert duplicate_groups(from_ase(frames, fidelity="PBE")) == []
