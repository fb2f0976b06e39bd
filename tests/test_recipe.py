"""Recipe: variants are resolved, identities follow what can change a number."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transferkit.errors import RecipeError
from transferkit.recipe import Recipe, identity, merge

BASE = {"data": {"source": "a", "fidelity": "PBE"}, "adapter": {"name": "toy"}, "training": {"steps": 2}}


def recipe(**more):
    return Recipe.model_validate({"name": "x", **BASE, **more})


def test_without_compare_the_recipe_is_its_only_variant():
    assert recipe().variants() == {"x": recipe()}


def test_variants_are_merged_deeply_and_stand_alone():
    arms = {"a": {"loss": {"energy": 5.0}, "label": "A"}, "b": {"training": {"steps": None, "epochs": 3}}}
    found = recipe(compare=arms, seeds=[0, 1], baseline="a").variants()
    assert list(found) == ["a", "b"]
    assert (found["a"].loss.energy, found["a"].loss.forces) == (5.0, 1.0)
    assert (found["b"].training.steps, found["b"].training.epochs) == (None, 3)
    assert all(v.compare is None and v.seeds is None and v.baseline is None for v in found.values())


def test_another_kind_of_strategy_replaces_the_block():
    frozen = {"kind": "frozen", "train": ["readout"], "rates": {"readout": 2.0}}
    found = recipe(
        strategy=frozen, compare={"all": {"strategy": {"kind": "full"}}, "rates": {"strategy": {"rates": {}}}}
    )
    assert found.variants()["all"].strategy.model_dump() == {"kind": "full", "rates": {}}
    assert found.variants()["rates"].strategy.train == ("readout",)


def test_another_kind_of_loss_keeps_the_weights():
    found = recipe(loss={"kind": "huber", "energy": 7.0}, compare={"mse": {"loss": {"kind": "mse"}}}).variants()["mse"]
    assert (found.loss.kind, found.loss.energy) == ("mse", 7.0)


def test_a_variant_that_does_not_fit_is_named():
    with pytest.raises(RecipeError, match="variant 'bad' of recipe 'x'"):
        recipe(compare={"bad": {"training": {"epochs": 1}}}).variants()


def test_variants_cannot_differ_in_what_belongs_to_the_whole():
    with pytest.raises(ValueError, match="seeds cannot differ between variants"):
        recipe(compare={"a": {"seeds": [1]}})


def test_baseline_must_be_a_variant():
    with pytest.raises(ValueError, match="Did you mean 'residual'"):
        recipe(compare={"residual": {}}, baseline="residuals")


def test_a_new_head_is_named_after_the_data_or_named_twice():
    with pytest.raises(ValueError, match="called 'r2SCAN' and the data are 'PBE'"):
        recipe(adapter={"name": "toy", "new_head": {"name": "r2SCAN"}})
    assert recipe(adapter={"name": "toy", "new_head": {"name": "r2SCAN"}, "head": "r2SCAN"}).adapter.head == "r2SCAN"
    assert recipe(adapter={"name": "toy", "new_head": {"name": "PBE"}}).adapter.new_head.copy_of is None


def test_random_weights_get_no_second_head():
    with pytest.raises(ValueError, match=r"from-scratch goes without adapter\.new_head"):
        recipe(adapter={"name": "toy", "new_head": {"name": "PBE"}}, strategy={"kind": "from-scratch"})


def test_a_seed_counts_once():
    with pytest.raises(ValueError, match="twice"):
        recipe(seeds=[1, 1])


def test_a_name_can_be_a_folder():
    with pytest.raises(ValueError, match="pattern"):
        Recipe.model_validate({"name": "../x", **BASE})


def test_recipes_travel_between_processes():
    whole = recipe(compare={"a": {"loss": {"energy": 5.0}}})
    assert pickle.loads(pickle.dumps(whole)) == whole  # noqa: S301


def test_identity_ignores_names_and_folders():
    renamed = {"question": "why?", "output": "elsewhere", "tracking": {"wandb": None}}
    assert identity(recipe()) == identity(recipe(**renamed).model_copy(update={"name": "y"}))


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 1},
        {"training": {"steps": 3}},
        {"training": {"steps": 2, "augmentation": {"kind": "noise"}}},
        {"loss": {"stress": 0.0}},
        {"data": {"source": "a", "fidelity": "SCAN"}},
        {"data": {"source": "a", "fidelity": "PBE", "keys": {"energy": "REF_energy"}}},
        {"seeds": [0]},
    ],
)
def test_identity_changes_with_what_changes_numbers(change):
    assert identity(recipe(**change)) != identity(recipe())


def test_the_word_that_a_pickle_may_be_opened_is_no_part_of_the_identity():
    assert identity(recipe(adapter={"name": "toy", "trust": True})) == identity(recipe(adapter={"name": "toy"}))


def test_identity_is_the_same_on_any_machine():
    # A change of this digest means that finished runs no longer count as finished: say so in the changelog.
    assert identity(recipe())[:16] == IDENTITY


IDENTITY = "60cec3ebf10bf195"

json = st.recursive(st.integers() | st.none(), lambda leaf: st.dictionaries(st.sampled_from("abc"), leaf), max_leaves=8)
mappings = st.dictionaries(st.sampled_from("abc"), json)


@given(mappings, mappings)
def test_merging_changes_neither_side_and_is_idempotent(base, override):
    before = repr((base, override))
    once = merge(base, override)
    assert merge(once, override) == once
    assert repr((base, override)) == before


@given(mappings)
def test_merging_with_nothing_changes_nothing(base):
    assert merge(base, {}) == base == merge({}, base)


def test_a_run_that_another_starts_from_is_known_by_its_weights_and_not_by_its_place(tmp_path):
    from transferkit.adapters.toy import Toy

    def of(folder):
        return identity(recipe(adapter={"name": "toy", "checkpoint": str(folder)}))

    first, moved, other, run = (tmp_path / name for name in ("first", "moved", "other", "run"))
    Toy.load("demo").save(first)
    Toy.load("demo").save(moved)
    Toy.load("demo").save(run / "model")
    Toy.scratch("tiny", seed=3).save(other)
    assert of(first) == of(moved) == of(run)
    assert of(first) != of(other)
    before = of(other)
    Toy.load("demo").save(other)
    assert of(other) != before
