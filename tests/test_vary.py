"""Vary: points of a study, their labels and identities, and what must be equal among them."""

import pytest

from transferkit.errors import RecipeError
from transferkit.recipe import Recipe, identity
from transferkit.vary import axes, budget, leaves, nested, points, shown

BASE = {
    "name": "s",
    "data": {"source": "a", "fidelity": "PBE", "split": {"fold": 0}},
    "adapter": {"name": "toy"},
    "training": {"steps": 20, "evaluate_every": 5, "evaluate_unit": "steps"},
}
SIZES = {"data.subset.compositions": [10, 20]}


def recipe(vary, **more):
    return Recipe.model_validate({**BASE, "vary": vary, **more})


def test_every_combination_is_a_point_and_chains_come_first():
    found = points(recipe({**SIZES, "arm": {"a": {}, "b": {"loss": {"energy": 5.0}}}, "seed": [0, 1]}))
    assert [(p.chain, p.size, p.curve) for p in found[:4]] == [(0, 10, "a"), (0, 10, "b"), (0, 20, "a"), (0, 20, "b")]
    assert len({p.key for p in found}) == 8
    assert all(p.recipe.vary is None and p.recipe.name == "s" for p in found)
    assert {p.recipe.loss.energy for p in found if p.curve == "b"} == {5.0}


def test_the_contrast_is_transfer_against_scratch():
    found = points(recipe(SIZES, contrast="scratch"))
    assert [p.curve for p in found] == ["transfer", "scratch"] * 2
    assert [p.recipe.strategy.kind for p in found[:2]] == ["full", "from-scratch"]
    assert [p.recipe.reference.policy for p in found[:2]] == ["residual", "refit"]


def test_random_weights_on_isolated_atoms_keep_that_policy():
    reference = {"policy": "isolated-atoms", "isolated_atoms": {"O": -1.0}}
    assert points(recipe(SIZES, contrast="scratch", reference=reference))[1].recipe.reference.policy == "isolated-atoms"


def test_a_changed_option_changes_only_the_points_it_touches():
    arms = {"a": {}, "b": {"loss": {"energy": 5.0}}}
    before = {p.label: p.identity for p in points(recipe({**SIZES, "arm": arms}))}
    arms = {"a": {}, "b": {"loss": {"energy": 6.0}}}
    more = {"data.subset.compositions": [10, 20, 40]}
    after = {p.label: p.identity for p in points(recipe({**more, "arm": arms}))}
    assert {label for label in before if before[label] == after[label]} == {
        label for label in before if "arm=a" in label
    }
    assert len(after) == 6


def test_all_points_have_the_same_split_seed_whatever_their_own():
    found = points(recipe({"seed": [3, 4], **SIZES}, seed=7))
    assert {p.recipe.data.split.seed for p in found} == {7}
    assert {p.recipe.seed for p in found} == {3, 4}
    assert {p.recipe.data.split.seed for p in points(recipe({"data.split.seed": [1, 2]}))} == {1, 2}


def test_a_chain_may_have_a_seed_of_its_own():
    found = points(recipe({**SIZES, "data.subset.seed": [5], "seed": [0, 1]}))
    assert {p.chain for p in found} == {5}
    assert {p.curve for p in found} == {"s"}


def test_identity_of_a_point_is_that_of_its_recipe():
    (one,) = points(recipe({"seed": [3]}))
    alone = Recipe.model_validate({**BASE, "name": "other", "seed": 3})
    split = alone.data.split.model_copy(update={"seed": 0})
    alone = alone.model_copy(update={"data": alone.data.model_copy(update={"split": split})})
    assert identity(alone) == one.identity


def test_labels():
    found = points(recipe({"optimiser.learning_rate": [0.01], "strategy": [{"kind": "heads"}], "arm": {"x": {}}}))
    assert found[0].curve == "optimiser.learning_rate=0.01, strategy=heads, x"
    assert [shown(v) for v in (True, "a", {"a": 1}, None)] == ["true", "a", '{"a":1}', "null"]
    assert nested(["a", "b"], 1) == {"a": {"b": 1}}
    assert set(leaves({"a": {"b": 1, "c": {}}})) == {("a", "b"), ("a", "c")}


@pytest.mark.parametrize(
    ("vary", "more", "words"),
    [
        ({}, {}, "nothing varies"),
        ({"seed": [0, 1]}, {"data": {**BASE["data"], "split": {"fold": "seed"}}}, r"data\.split\.fold is 'seed'"),
        (SIZES, {"training": {"steps": 20}}, r"Write training\.evaluate_unit: steps"),
        (SIZES, {"training": {"epochs": 2, "evaluate_unit": "steps"}}, r"Write training\.evaluate_unit: epochs"),
        ({"training.patience": [None, 3]}, {}, "budgets of several kinds: early stopping, fixed steps"),
        ({"loss": [{"energy": 2}], "arm": {"a": {"loss": {"energy": 3}}}}, {}, "loss and arm both set loss"),
        ({"arm": {"a": {}, "b": {"loss": {"energy": 3.0}}}}, {"loss": {"energy": 3}}, "are the same run"),
        ({"data.subset": [10, {"compositions": 5}]}, {}, "some subsets count structures and some compositions"),
        ({"training.epochs": [3]}, {}, r"training\.epochs=3: give exactly one"),
    ],
)
def test_what_would_not_compare_is_refused(vary, more, words):
    with pytest.raises(RecipeError, match=words):
        points(recipe(vary, **more))


def test_budgets_in_words():
    found = Recipe.model_validate({**BASE, "training": {"epochs": 9, "patience": 3}})
    assert budget(found) == (
        "early stopping",
        "at most 9 epochs, ended after 3 evaluations (every 1 epochs) without a better one",
    )


def test_axes_keep_their_order():
    assert [axis.name for axis in axes({"b": [1], "a": {"x": None}}, "scratch")] == ["b", "a", "contrast"]


@pytest.mark.parametrize("more", [{"seeds": [1]}, {"compare": {"a": {}}}])
def test_a_study_is_no_comparison(more):
    with pytest.raises(ValueError, match="a study has no"):
        recipe(SIZES, **more)


def test_a_contrast_belongs_to_a_study():
    with pytest.raises(ValueError, match="contrast belongs to a study"):
        Recipe.model_validate({**BASE, "contrast": "scratch"})
