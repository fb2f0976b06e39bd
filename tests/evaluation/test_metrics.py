import json

import numpy as np
import pytest

import transferkit as tk
from transferkit.errors import DataError
from transferkit.evaluation.metrics import measure
from transferkit.evaluation.symmetry import free_components


@pytest.fixture(scope="module")
def data():
    return tk.bundled("gpaw-pbe-r2scan", fidelity="r2SCAN")[:60]


@pytest.fixture(scope="module")
def free(data):
    return np.concatenate([free_components(structure) for structure in data])


@pytest.fixture(scope="module")
def other(data):
    """Predictions with known errors: energy 0.02 eV/atom on one half of the structures, forces 0.1 eV/Å along x."""
    half = np.arange(len(data)) % 2
    forces = data.forces.copy()
    forces[:, 0] += 0.1
    return data.with_labels(energy=data.energy + 0.02 * data.n_atoms * half, forces=forces, stress=data.stress - 0.001)


def test_means_by_hand(data, other):
    found = measure(other, data)
    assert found["energy"]["mae"] == pytest.approx(0.01)
    assert found["energy"]["rmse"] == pytest.approx(0.02 / np.sqrt(2))
    assert found["forces"]["mae"] == pytest.approx(0.1 / 3)
    assert found["forces"]["rmse"] == pytest.approx(0.1 / np.sqrt(3))
    assert found["stress"]["mae"] == pytest.approx(0.001)
    assert (found["energy"]["n"], found["forces"]["n"]) == (60, 3 * len(data.numbers))
    assert found["forces"]["predict_zero_mae"] == pytest.approx(np.abs(data.forces).mean())


def test_every_compound_weighs_once_over_compositions(data, other):
    found = measure(other, data)
    error = 0.02 * (np.arange(60) % 2)
    means = [error[data.composition == c].mean() for c in np.unique(data.composition.astype(str))]
    assert found["energy"]["mean_over_compositions"] == pytest.approx(np.mean(means))
    assert found["energy"]["median_over_compositions"] == pytest.approx(np.median(means))
    assert [row["energy"] for row in found["by_composition"].values()] == pytest.approx(means)


def test_interval_holds_the_mean_and_is_repeatable(data, other):
    found = measure(other, data)
    low, high = found["energy"]["interval"]
    assert 0 < low < found["energy"]["mae"] < high < 0.02
    assert measure(other, data)["energy"]["interval"] == [low, high]
    assert measure(other, data, seed=1)["energy"]["interval"] != [low, high]


def test_free_components_leave_out_what_symmetry_sets_to_zero(data, other, free):
    found = measure(other, data, free=free)["forces"]
    assert 0 < found["n_free"] < found["n"]
    assert found["free_mae"] == pytest.approx(0.1 * free[:, 0].sum() / free.sum())
    assert found["free_predict_zero_mae"] == pytest.approx(np.abs(data.forces[free]).mean())
    assert found["free_predict_zero_mae"] > found["predict_zero_mae"]


def test_without_free_the_keys_are_null(data, other):
    found = measure(other, data)
    assert found["forces"]["free_mae"] is None
    assert found["forces"]["n_free"] is None
    assert {row["free_forces"] for row in found["by_composition"].values()} == {None}


def test_absent_label_is_null_not_zero(data, other):
    found = measure(other, data)["magmoms"]
    assert found == {"mae": None, "rmse": None, "interval": None, "unit": "μB", "n": 0, "predict_zero_mae": None}
    assert measure(other, data.without("stress"))["stress"]["mae"] is None
    assert measure(other.without("forces"), data)["by_element"]["O"]["forces_mae"] is None


def test_empty_set_gives_nulls(data):
    found = measure(data[:0], data[:0], free=np.zeros((0, 3), dtype=bool))
    assert found["energy"]["mae"] is None
    assert found["energy"]["median_over_compositions"] is None
    assert found["by_composition"] == {}
    assert found["by_element"] == {}


def test_result_is_standard_json(data, other, free):
    text = json.dumps(measure(other, data, free=free), allow_nan=False)
    assert set(json.loads(text)) == {
        "energy",
        "forces",
        "stress",
        "magmoms",
        "by_element",
        "by_composition",
        "by_chemistry",
    }


def test_wrong_shape_of_free_and_other_structures_are_refused(data, other):
    with pytest.raises(DataError, match=r"it must be \(atoms, 3\)"):
        measure(other, data, free=np.zeros((2, 3), dtype=bool))
    with pytest.raises(DataError, match="keep the order"):
        measure(other[np.arange(60)[::-1]], data)
