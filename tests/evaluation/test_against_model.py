from dataclasses import replace

import numpy as np
import pytest
from ase.build import bulk
from hypothesis import given, settings
from hypothesis import strategies as st

import transferkit as tk
from transferkit.data.check import check
from transferkit.data.finding import Finding
from transferkit.data.readers import from_ase
from transferkit.errors import DataError
from transferkit.evaluation.against_model import SLIPS, against_model
from transferkit.evaluation.predict import predict

LABELS = {"energies": "energy", "forces": "forces", "stress": "stress"}
EVERY = [(name, unit) for name, slips in SLIPS.items() for unit in slips if unit]


@pytest.fixture(scope="module")
def labels():
    return tk.bundled("gpaw-pbe-r2scan", fidelity="r2SCAN")


@pytest.fixture(scope="module")
def predicted(labels):
    """As a potential of another level of theory would do: its E0, soft by a fifth, and noisy."""
    random = np.random.default_rng(0)
    noise = {
        p: 0.8 * getattr(labels, p) + size * random.normal(size=getattr(labels, p).shape)
        for p, size in (("forces", 0.02), ("stress", 0.002))
    }
    e0 = labels.counts() @ random.normal(-3, 5, len(labels.elements))
    return labels.with_labels(
        energy=labels.energy + e0 + 0.05 * random.normal(size=len(labels)) * labels.n_atoms, **noise
    )


def test_sound_labels_are_silent(labels, predicted):
    assert against_model(labels, predicted) == []


@pytest.mark.parametrize(("name", "unit"), EVERY, ids=[unit for _, unit in EVERY])
@pytest.mark.parametrize("sign", [1, -1])
def test_each_unit_is_named(labels, predicted, name, unit, sign):
    wrong = sign * SLIPS[name][unit] * getattr(labels, LABELS[name])
    (found,) = against_model(labels.with_labels(**{LABELS[name]: wrong}), predicted)
    assert found.severity == "warning"
    assert found.what.startswith(f"against the potential, the {name} look")
    assert f"like {unit}" in found.what
    assert ("sign" in found.what) == (sign < 0)
    assert f"by {sign / SLIPS[name][unit]:.6g}, or read the file with" in found.mend
    assert "correlation" in found.evidence


@pytest.mark.parametrize("name", ["forces", "stress"])
def test_the_sign_alone(labels, predicted, name):
    (found,) = against_model(labels.with_labels(**{name: -getattr(labels, name)}), predicted)
    assert "sign" in found.what
    assert "by -1, or" in found.mend


@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 10_000), size=st.floats(1e-3, 1e3))
def test_what_does_not_go_together_says_nothing(labels, predicted, seed, size):
    random = np.random.default_rng(seed)
    nonsense = {p: size * random.normal(size=getattr(labels, p).shape) for p in ("energy", "forces", "stress")}
    assert against_model(labels.with_labels(**nonsense), predicted) == []


def test_what_is_suspected_already_is_not_said_again(labels, predicted):
    wrong = labels.with_labels(stress=-1602.0 * labels.stress)
    known = check(wrong)
    assert any("stress" in f.what for f in known)
    assert against_model(wrong, predicted, known) == []
    assert against_model(wrong, predicted, [Finding("note", "stress is there for some", (), "", "")])


def test_a_hubbard_u_in_half_of_the_frames():
    """Monoxides of two metals in many compositions, so different that energies alone show no heaps."""
    random, frames = np.random.default_rng(0), []
    for k in range(80):
        atoms = bulk("MnO" if k % 2 else "CoO", "rocksalt", a=4.4) * (1, 2, 2)
        atoms.numbers[random.permutation(np.flatnonzero(atoms.numbers > 8))[: k % 3]] = 12 + k % 2 * 8
        atoms.rattle(0.01, rng=random)
        atoms.info.update(energy=random.normal(0, 8.0), id=str(k))
        frames.append(atoms)
    predicted = from_ase(frames, fidelity="PBE")
    metals = np.bincount(predicted.owner, weights=np.isin(predicted.numbers, [25, 27]), minlength=80)
    near = predicted.with_labels(energy=predicted.energy - 3.0 + 0.05 * random.normal(size=80))
    assert against_model(near, predicted) == []
    mixed = near.with_labels(energy=near.energy + 2.0 * metals * (random.random(80) < 0.35))
    assert check(mixed) == check(near) == []
    (found,) = against_model(mixed, predicted)
    assert (found.severity, found.what) == ("warning", "energies with and without U look mixed for Mn, Co")
    assert "minus the potential's" in found.evidence
    assert "fairly sure" in found.evidence


def test_single_relaxed_frames_tell_the_sign_of_stress_by_a_potential(labels):
    # no two frames of one material: nothing in the data alone says it
    strained = labels[labels.columns["kind"] == "vol"]
    few = strained[np.unique(strained.material_id.astype(str), return_index=True)[1]][::3]
    wrong = few.with_labels(stress=-few.stress)
    assert check(wrong) == []
    (found,) = against_model(wrong, predict(tk.load("chgnet", checkpoint="r2scan"), few))
    assert found.what == "against the potential, the stress has the sign of VASP, pressure positive"


def test_forces_of_two_structures_among_relaxed_ones_say_nothing(labels, predicted):
    still = np.zeros_like(labels.forces)
    for s in np.flatnonzero(np.bincount(labels.owner, weights=(labels.forces**2).sum(axis=1)) > 0.1)[:2]:
        rows = slice(labels.offsets[s], labels.offsets[s + 1])
        still[rows] = -labels.forces[rows]
    assert against_model(labels.with_labels(forces=still), predicted) == []


def test_absent_labels_and_other_structures(labels, predicted):
    assert against_model(labels.without("energy", "forces", "stress"), predicted) == []
    assert against_model(labels[:3], predicted[:3].without("energy", "forces", "stress")) == []
    with pytest.raises(DataError, match="367 labelled structures and 3 predictions"):
        against_model(labels, predicted[:3])
    assert against_model(replace(labels, id=labels.id), predicted) == []
