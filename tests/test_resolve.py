"""Every option of a recipe arrives where it is used; none is dropped on the way."""

import inspect

from transferkit.options import Loss, Optimiser, Training
from transferkit.recipe import Recipe
from transferkit.resolve import length_of, loss_of, optimiser_of, strategy_of
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
    assert set(Loss.model_fields) == {"kind", "delta", *PROPERTIES}


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
    assert set(length) == set(Training.model_fields) - {"batch"} | {"edges", "structures"}
    assert (length["epochs"], length["structures"], length["ema"]) == (3, 8, 0.9)


def test_strategies_arrive():
    frozen = strategy_of(recipe(strategy={"kind": "frozen", "train": ["readout"], "rates": {"readout": 0.5}}))
    assert (frozen.kind, frozen.train, dict(frozen.rates)) == ("frozen", ("readout",), {"readout": 0.5})
    assert strategy_of(recipe(strategy={"kind": "gradual", "every": 4})).every == 4
    assert strategy_of(recipe(strategy={"kind": "from-scratch"})).kind == "from-scratch"


def test_magmoms_that_the_recipe_leaves_open_are_learnt_where_the_potential_can():
    assert loss_of(recipe(), ALL).weights["magmoms"] == 1.0
    assert loss_of(recipe(), ALL - {"magmoms"}).weights["magmoms"] == 0.0
    assert loss_of(recipe(loss={"magmoms": 2.0}), ALL - {"magmoms"}).weights["magmoms"] == 2.0
