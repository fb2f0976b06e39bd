"""Companions: what is trained on beside the data, what is not, and why."""

from dataclasses import replace

import numpy as np
import pytest

import transferkit as tk
from transferkit import companions
from transferkit.companions import check_conventions, divide_companion, read_companion
from transferkit.division import divide
from transferkit.errors import DataError

R2SCAN, PBE = (tk.bundled("gpaw-pbe-r2scan", fidelity=f) for f in ("r2SCAN", "PBE"))


def divided(recipe, data=PBE):
    return divide_companion(recipe, 0, data, R2SCAN, divide(recipe, R2SCAN))


def test_nothing_that_the_data_validate_or_test_on_is_trained_on(several_levels):
    recipe = several_levels(beside={"labels": ["energy", "forces"]})
    parts, found = divide(recipe, R2SCAN), divided(recipe)
    kept = {*parts.valid.id, *(i for part in parts.tests.values() for i in part.id)}
    assert not kept & set(found.train.id)
    assert not set(parts.valid.composition) & set(found.train.composition)
    assert set(parts.test.id) <= set(found.held.id)
    assert len(found.train) + len(found.held) + found.validated == len(PBE)
    assert found.labels == {"energy": len(found.train), "forces": len(found.train)}
    assert found.held.has("stress").all()  # forgetting is measured on all labels
    assert f"{len(found.held)} held out (their groups are tested on)" in found.describe()


def test_a_smoke_run_takes_few(several_levels):
    recipe = several_levels(beside={})
    found = divide_companion(recipe, 0, PBE, R2SCAN, divide(recipe, R2SCAN), smoke=True)
    assert len(found.train) == 200
    assert found.to_json()["chosen_from"] == 240


def test_a_choice_is_counted(several_levels):
    found = divided(several_levels(beside={})).chosen(np.arange(7), seed=0)
    assert found.to_json()["structures"] == 7
    assert "7 of 240 structures" in found.describe()
    assert len(found.basis) == 240  # E0 is fitted to what may be trained on


def test_e0_of_a_large_set_is_fitted_to_a_part_of_it(several_levels, monkeypatch):
    monkeypatch.setattr(companions, "BASIS", 20)
    found = divided(several_levels(beside={})).chosen(np.arange(7), seed=0)
    assert len(found.basis) == 20
    assert set(found.train.id) <= set(found.basis.id)
    assert len(divided(several_levels(beside={})).chosen(np.arange(30), seed=0).basis) == 30


@pytest.mark.parametrize(
    ("options", "data", "words"),
    [
        ({}, PBE, None),
        ({"labels": ["energy", "magmoms"]}, PBE, "beside.0.labels names magmoms"),
        ({}, PBE.without("energy", "forces", "stress"), "none of its structures has a label"),
        ({}, replace(PBE, positions=PBE.positions + 1e-3), "has another geometry"),
    ],
)  # fmt: skip
def test_what_cannot_be_trained_on(several_levels, options, data, words):
    recipe = several_levels(beside=options)
    if words is None:  # only structures of tested compositions
        data, words = PBE[np.isin(PBE.id, divide(recipe, R2SCAN).test.id)], "nothing is left to train on"
    with pytest.raises(DataError, match=words):
        divided(recipe, data)


def test_predictions_need_no_labels(several_levels):
    recipe = several_levels(beside={"pseudo": True, "head": "default"})
    found = divided(recipe, PBE.without("energy", "forces", "stress"))
    assert len(found.train) == 240
    assert "predictions of the start" in found.describe()


def test_one_level_has_one_convention(several_levels):
    recipe = several_levels(beside={"source": "other.xyz", "fidelity": "r2SCAN"})
    sets = {"data": R2SCAN, "beside.0": replace(R2SCAN, label_convention="cohesive")}
    with pytest.raises(DataError) as caught:
        check_conventions(recipe, sets)
    for words in ("data and beside.0 are both r2SCAN", "those of beside.0 cohesive", "beside.0.convert: {to: raw}"):
        assert words in str(caught.value)
    check_conventions(recipe, {"data": R2SCAN, "beside.0": replace(PBE, label_convention="mp2020")})
    predicted = several_levels(beside={"fidelity": "r2SCAN", "source": "other.xyz", "pseudo": True, "head": "default"})
    check_conventions(predicted, sets)


def test_conversion_comes_with_reading(several_levels):
    energies = dict.fromkeys(("H", "Li"), -1.0)
    recipe = several_levels(beside={"convert": {"to": "cohesive", "energies": energies}})
    with pytest.raises(DataError, match="are missing"):
        read_companion(recipe, 0)
    assert read_companion(several_levels(beside={}), 0).kept.fidelity == "PBE"
