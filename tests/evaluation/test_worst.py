import numpy as np
import pytest

import transferkit as tk
from transferkit.evaluation.unusual import familiar
from transferkit.evaluation.worst import NOTHING, worst


@pytest.fixture(scope="module")
def data():
    return tk.bundled("gpaw-pbe-r2scan", fidelity="r2SCAN")[:40]


def shifted(data, errors):
    return data.with_labels(energy=data.energy + data.n_atoms * errors)


def test_worst_come_first_and_keep_their_sign(data):
    errors = np.linspace(0.0, 0.1, len(data))
    errors[7] = -0.5
    rows = worst(data, shifted(data, errors), n=3)
    assert [row["id"] for row in rows] == [str(data.id[s]) for s in (7, 39, 38)]
    assert rows[0]["energy"] == pytest.approx(-0.5)
    assert rows[0]["why"][0].startswith("energy error 8.")


def test_a_force_error_alone_can_put_a_structure_first(data):
    forces = data.forces.copy()
    forces[data.owner == 5] += 1.0
    row = worst(data, shifted(data, np.full(len(data), 0.01)).with_labels(forces=forces), n=1)[0]
    assert row["id"] == str(data.id[5])
    assert row["forces"] == pytest.approx(1.0)
    assert row["why"][0].startswith("force error")


def test_harm_by_training_is_said(data):
    errors = np.full(len(data), 0.01)
    errors[3] = 0.2
    row = worst(data, shifted(data, errors), step0=shifted(data, np.full(len(data), 0.02)), n=1)[0]
    assert row["energy_step0"] == pytest.approx(0.02)
    assert "training raised its energy error from 20 meV/atom" in row["why"]


def test_reasons_compare_with_training(data):
    errors = np.zeros(len(data))
    errors[0] = 0.1
    other = np.array([not (set(one.numbers) & set(data.structure(0).numbers)) for one in data])
    said = worst(data, shifted(data, errors), training=familiar(data[np.flatnonzero(other)]), n=1)[0]["why"]
    assert any("no training composition" in text for text in said)
    twice = data[np.zeros(3, dtype=int)]
    same = worst(twice, shifted(twice, errors[:3]), training=familiar(data), n=1)[0]["why"]
    assert NOTHING in same or any("training" in text for text in same)
    assert NOTHING not in worst(twice, shifted(twice, errors[:3]), n=1)[0]["why"]


def test_without_energies_forces_rank_and_without_labels_there_is_nothing(data):
    bare = data.without("energy")
    rows = worst(bare, data.with_labels(forces=data.forces + 0.1), n=2)
    assert {row["energy"] for row in rows} == {None}
    assert worst(data.without("energy", "forces"), data) == []


def test_what_is_better_than_the_mean_is_not_among_the_worst(data):
    assert worst(data, data) == []
    errors = np.full(len(data), 0.01)
    errors[:2] = 0.5
    assert len(worst(data, shifted(data, errors))) == 2
    assert len(worst(data[:1], shifted(data[:1], np.ones(1)))) == 1


def test_frames_of_a_composition_that_are_off_alike_are_told(data):
    names, sizes = np.unique(data.composition.astype(str), return_counts=True)
    mgo = np.flatnonzero(data.composition == names[np.argmax(sizes)])
    assert len(mgo) > 1
    errors = np.full(len(data), 0.001)
    errors[mgo] = 0.2
    assert any(f"all {len(mgo)} of" in text for text in worst(data, shifted(data, errors), n=1)[0]["why"])
    errors[mgo[0]] = -0.4
    assert not any("off alike" in text for text in worst(data, shifted(data, errors), n=1)[0]["why"])
