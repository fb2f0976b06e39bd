"""Division: the parts of a recipe, and what of the training part it learns from."""

import pytest

import transferkit as tk
from transferkit.division import SMOKE_STRUCTURES, divide, subset_of
from transferkit.errors import SplitError
from transferkit.recipe import Recipe


@pytest.fixture(scope="module")
def data():
    return tk.bundled("gpaw-pbe-r2scan")


def recipe(subset=None, *, seed=0, split=None, **more):
    plain = {"source": "bundled:gpaw-pbe-r2scan", "fidelity": "r2SCAN", "split": split or {"fold": 0}, "subset": subset}
    return Recipe.model_validate(
        {"name": "x", "seed": seed, "data": plain, "adapter": {"name": "toy"}, "training": {"steps": 1}, **more}
    )


def test_validation_and_unseen_test_depend_on_no_size_and_no_chain(data):
    parts = [
        divide(recipe({"compositions": n, "frames": 1}, seed=seed, split={"fold": 0, "seed": 3}), data)
        for n in (20, 60)
        for seed in (0, 1)
    ]
    assert len({tuple(p.valid.id) for p in parts}) == len({tuple(p.test.id) for p in parts}) == 1
    assert len({tuple(p.train.id) for p in parts}) == 4
    assert set(parts[0].train.id) < set(parts[2].train.id)
    assert all(set(p.train.composition).isdisjoint(p.test.composition) for p in parts)


def test_known_materials_are_drawn_by_the_split_seed_alone(data):
    first, second = (divide(recipe(seed=seed, split={"fold": 0, "seed": 3}), data) for seed in (0, 1))
    assert list(first.tests["known materials"].id) == list(second.tests["known materials"].id)


def test_without_a_split_seed_the_seed_decides_as_it_always_did(data):
    first, second = (divide(recipe(seed=seed), data) for seed in (0, 1))
    assert list(first.tests["known materials"].id) != list(second.tests["known materials"].id)


def test_the_reference_may_be_fitted_on_the_whole_training_part(data):
    options = {"compositions": 20}
    user = divide(recipe(options), data)
    network = divide(recipe(options, reference={"fit_on": "training"}), data)
    assert user.fitted_on is user.train
    assert len(network.fitted_on) == len(divide(recipe(), data).train)
    assert list(network.train.id) == list(user.train.id)


def test_a_smoke_run_fits_the_reference_on_few_structures_too(data):
    parts = divide(recipe({"compositions": 20}, reference={"fit_on": "training"}), data, smoke=True)
    assert (len(parts.fitted_on), len(divide(recipe(), data).train)) == (SMOKE_STRUCTURES, 220)
    assert parts.n_atoms == sum(len(part.numbers) for part in (*parts.all().values(), parts.fitted_on))


def test_the_size_of_the_pool_is_kept(data):
    whole, few = divide(recipe(), data), divide(recipe({"compositions": 20}), data)
    held = {"structures": len(whole.train), "compositions": len(set(whole.train.composition))}
    assert whole.info["pool"] == few.info["pool"] == held == {"structures": 220, "compositions": 121}


def test_a_chain_has_the_seed_of_the_recipe_or_its_own(data):
    def ids(**options):
        seed = options.pop("recipe", 0)
        return set(subset_of(recipe({"compositions": 10, **options}, seed=seed), data).id)

    assert ids() != ids(recipe=1)
    assert ids(seed=4) == ids(seed=4, recipe=1)
    assert len(ids(order="covering")) > 0


@pytest.mark.parametrize(
    ("subset", "words"),
    [
        (5000, r"data\.subset is 5000, and the training part has 220 structures"),
        ({"compositions": 500}, r"data\.subset\.compositions is 500, and the training part has 121 compositions"),
    ],
)
def test_more_than_there_is(data, subset, words):
    with pytest.raises(SplitError, match=words):
        divide(recipe(subset), data)


def test_a_smoke_run_is_cut(data):
    assert len(divide(recipe(), data, smoke=True).train) == SMOKE_STRUCTURES
