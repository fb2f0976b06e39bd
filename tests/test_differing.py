"""Which options differ is named, with both values."""

import pytest

from transferkit.differing import SHOWN, differences_from, differing
from transferkit.recipe import Recipe
from transferkit.run_folder import claim

PLAIN = {
    "name": "a",
    "data": {"source": "bundled:gpaw-pbe-r2scan", "fidelity": "r2SCAN"},
    "adapter": {"name": "toy"},
    "training": {"steps": 2},
}


def recipe(**changes):
    return Recipe.model_validate(PLAIN | changes)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"seed": 4}, ["seed: 0 -> 4"]),
        ({"training": {"epochs": 3}}, ["training.epochs: null -> 3", "training.steps: 2 -> null"]),
        ({"loss": {"energy": 2.0}, "seed": 1}, ["seed: 0 -> 1", "loss.energy: 3.0 -> 2.0"]),
        ({"anchor": {"kind": "l2-sp", "strength": 0.5}}, ["anchor: null -> {"]),
        ({"name": "b", "question": "?", "output": "x", "tracking": {"wandb": None}, "seeds": [3, 4]}, []),
        ({"adapter": {"name": "toy", "trust": True}}, []),
    ],
)
def test_options_that_differ_are_named_with_both_values(changes, said):
    found = differing(recipe(), recipe(**changes))
    assert len(found) == len(said)
    assert all(f.startswith(s) for f, s in zip(sorted(found), sorted(said), strict=True))


def test_an_entry_of_a_list_is_named_by_its_number():
    one, other = (recipe(beside=[{"source": "a", "fidelity": "PBE", "ratio": n}]) for n in (1.0, 2.0))
    assert differing(one, other) == ["beside.0.ratio: 1.0 -> 2.0"]


def test_many_are_counted_and_long_values_cut(tmp_path):
    claim(tmp_path, recipe(), smoke=False, resume=True)
    optimiser = {"learning_rate": 0.5, "weight_decay": 0.25}
    other = recipe(
        data={"source": "x" * 99, "fidelity": "PBE", "subset": 5, "label_convention": "mp2020"},
        seed=3,
        loss={"kind": "mse", "energy": 2.0, "forces": 3.0},
        optimiser=optimiser,
    )
    found = differing(recipe(), other)
    assert len(found) > SHOWN
    told = differences_from(tmp_path, other)
    assert told.count(" -> ") == SHOWN
    assert told.endswith(f"; and {len(found) - SHOWN} more")
    assert "x" * 57 + "..." in told
    assert "x" * 58 not in told


@pytest.mark.parametrize("content", [None, "name: [", "name: a\nno_such_option: 3\n"])
def test_a_recipe_that_cannot_be_read_says_nothing(tmp_path, content):
    if content is not None:
        (tmp_path / "recipe.yaml").write_text(content)
    assert differences_from(tmp_path, recipe()) == ""


def test_weights_that_changed_under_the_same_name_are_said(tmp_path):
    one = recipe(adapter={"name": "toy", "checkpoint": "runs/a"})
    claim(tmp_path, one, smoke=False, resume=True)
    assert differences_from(tmp_path, one) == "adapter.checkpoint runs/a holds other weights now"
