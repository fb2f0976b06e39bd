"""Every option of a recipe arrives where it is used; none is dropped on the way."""

import inspect
from dataclasses import asdict, fields

import pytest
from ase.io import write
from pydantic import ValidationError

from transferkit.data.bundled import bundled
from transferkit.data.quarantine import Limits
from transferkit.data.readers import to_ase
from transferkit.errors import DataError
from transferkit.loss_options import Consistency, Loss
from transferkit.options import Augmentation as AugmentationOptions
from transferkit.options import Optimiser, Training
from transferkit.recipe import Recipe
from transferkit.resolve import (
    _TINY,
    length_of,
    limits_of,
    loss_of,
    optimiser_of,
    read_data,
    reference_of,
    source_data,
    strategy_of,
)
from transferkit.training.augmentation import Augmentation
from transferkit.training.fit import fit
from transferkit.typing import PROPERTIES

ALL = frozenset(PROPERTIES)


def recipe(**changes):
    plain = {
        "name": "a",
        "data": {"source": "bundled:gpaw-pbe-r2scan", "fidelity": "r2SCAN"},
        "adapter": {"name": "toy"},
        "training": {"steps": 2},
    }
    return Recipe.model_validate(plain | changes)


def test_loss_weights_and_shape_arrive():
    loss = loss_of(recipe(loss={"kind": "mae", "delta": 0.2, "energy": 5, "forces": 2, "stress": 0, "magmoms": 1}), ALL)
    assert (loss.kind, loss.delta) == ("mae", 0.2)
    assert loss.weights == {"energy": 5, "forces": 2, "stress": 0, "magmoms": 1}
    assert loss.consistency is None
    assert set(Loss.model_fields) == {"kind", "delta", "energy_of", "consistency", *PROPERTIES}
    assert loss.energy_of == "atom"
    assert loss_of(recipe(loss={"kind": "rmse+mae", "energy_of": "structure"}), ALL).energy_of == "structure"


def test_consistency_options_arrive():
    options = {
        "pitc": 2.0, "pisc": 0.5, "kappa": 0.5, "length": 0.1, "direction": "random", "warmup": 0.2, "fraction": 0.5,
    }  # fmt: skip
    found = loss_of(recipe(loss={"consistency": options}), ALL).consistency
    assert asdict(found) == options
    assert set(Consistency.model_fields) == set(options) == {f.name for f in fields(found)}
    weights = {"pitc": 2.0, "pisc": 0.5}
    assert Consistency(**weights).model_dump() == asdict(type(found)(**weights))


def test_optimiser_options_arrive_with_the_rate_of_a_trainable_reference():
    options = {
        "kind": "adamw",
        "learning_rate": 2e-3,
        "schedule": "constant",
        "warmup": 0.1,
        "weight_decay": 0.01,
        "floor": 0.1,
    }
    made = optimiser_of(
        recipe(optimiser=options, reference={"policy": "keep", "trainable": True, "learning_rate": 0.05})
    )
    assert {k: getattr(made, k) for k in options} == options
    assert made.reference_learning_rate == 0.05
    assert set(options) == set(Optimiser.model_fields)


def test_length_is_understood_by_the_loop_option_by_option():
    length = length_of(
        recipe(training={"epochs": 3, "batch": {"structures": 8}, "ema": 0.9, "clip": 1.0, "patience": 2})
    )
    assert set(length) <= set(inspect.signature(fit).parameters)
    assert set(length) == set(Training.model_fields) - {"batch", "augmentation"} | {"edges", "structures"}
    assert (length["epochs"], length["structures"], length["ema"]) == (3, 8, 0.9)


def test_augmentation_options_arrive():
    options = {"kind": "taylor", "length": 0.05, "copies": 3}
    found = recipe(training={"steps": 2, "augmentation": options}).training.augmentation
    assert asdict(Augmentation(**found.model_dump())) == options
    assert AugmentationOptions(kind="noise").model_dump() == asdict(Augmentation("noise"))


def test_strategies_arrive():
    frozen = strategy_of(recipe(strategy={"kind": "frozen", "train": ["readout"], "rates": {"readout": 0.5}}))
    assert (frozen.kind, frozen.train, dict(frozen.rates)) == ("frozen", ("readout",), {"readout": 0.5})
    assert strategy_of(recipe(strategy={"kind": "gradual", "every": 4})).every == 4
    assert strategy_of(recipe(strategy={"kind": "from-scratch"})).kind == "from-scratch"


def test_magmoms_that_the_recipe_leaves_open_are_learnt_where_the_potential_can():
    assert loss_of(recipe(), ALL).weights["magmoms"] == 1.0
    assert loss_of(recipe(), ALL - {"magmoms"}).weights["magmoms"] == 0.0
    assert loss_of(recipe(loss={"magmoms": 2.0}), ALL - {"magmoms"}).weights["magmoms"] == 2.0


def test_data_are_read_with_every_option(tmp_path):
    pbe = bundled("gpaw-pbe-r2scan", fidelity="PBE")
    oxide = pbe[pbe.composition == "MgO"]
    frames = to_ase(oxide)
    for atoms in frames:
        atoms.info["other_energy"] = 0.0
    write(tmp_path / "a.extxyz", frames)
    options = {
        "source": f"{tmp_path}/a.extxyz",
        "fidelity": "PBE",
        "keys": {"energy": "energy", "forces": "forces", "stress": ""},
    }
    options |= {"units": {"energy": "meV"}, "convert": {"to": "mp2020"}}
    data = read_data(recipe(data=options)).kept
    assert data.label_convention == "mp2020"
    assert data.energy == pytest.approx(oxide.energy / 1000 - 0.687 * oxide.n_atoms / 2)
    assert not data.has("stress").any()


def test_source_data_are_read_with_their_own_options(tmp_path):
    write(tmp_path / "a.extxyz", to_ase(bundled("gpaw-pbe-r2scan", fidelity="PBE")[:2]))
    options = {"policy": "difference", "source_data": f"{tmp_path}/a.extxyz@PBE", "source_keys": {"forces": ""}}
    more = {"source_units": {"energy": "meV"}, "source_convention": "mp2020"}
    data = source_data(recipe(reference=options | more)).kept
    assert data.label_convention == "mp2020"
    assert not data.has("forces").any()
    assert source_data(recipe()) is None
    with pytest.raises(ValidationError, match="source_keys say how source_data is read"):
        recipe(reference={"source_keys": {"energy": "a"}})


def test_broken_source_labels_are_left_out_where_the_recipe_has_a_quarantine(tmp_path):
    frames = to_ase(bundled("gpaw-pbe-r2scan", fidelity="PBE")[:4])
    frames[2].calc.results["energy"] = float("nan")
    write(tmp_path / "a.extxyz", frames)
    reference = {"policy": "difference", "source_data": f"{tmp_path}/a.extxyz@PBE"}
    options = reference_of(recipe(reference=reference))
    assert (len(options["source_data"]), [t.id for t in options["source_taken"]]) == (3, [frames[2].info["id"]])
    data = {"source": "bundled:gpaw-pbe-r2scan", "fidelity": "r2SCAN", "quarantine": None}
    with pytest.raises(DataError, match="energy is NaN"):
        reference_of(recipe(reference=reference, data=data))


def test_limits_are_those_of_the_recipe():
    data = {"source": "x", "fidelity": "PBE", "quarantine": {"largest_force": 500, "closest_distance": None}}
    assert limits_of(recipe(data=data)) == Limits(largest_force=500.0, closest_distance=None)
    assert limits_of(recipe(data=data | {"quarantine": None})) is None


def test_the_reference_is_handed_on_whole():
    given = {
        "policy": "isolated-atoms",
        "isolated_atoms": {"O": -1.5},
        "trainable": True,
        "method": "ridge",
        "ridge": 0.5,
    }
    options = reference_of(Recipe.model_validate(_TINY | {"reference": given}))
    assert options == {
        "policy": "isolated-atoms",
        "trainable": True,
        "method": "ridge",
        "ridge": 0.5,
        "source_data": None,
        "source_taken": (),
        "isolated": {"O": -1.5},
    }
