"""Recipes from files: what ships loads, overrides work, all mistakes come at once."""

from pathlib import Path

import pytest

from transferkit.errors import RecipeError
from transferkit.recipe_file import load_recipe

RECIPES = sorted((Path(__file__).parents[1] / "recipes").glob("*.yaml"))
TEXT = """\
name: x
data: {source: a, fidelity: PBE}
adapter: {name: toy}
training:
  steps: 2
"""


@pytest.fixture
def recipe(tmp_path):
    def write(text=TEXT, *overrides):
        (tmp_path / "r.yaml").write_text(text)
        return load_recipe(tmp_path / "r.yaml", overrides)

    return write


@pytest.mark.parametrize("path", RECIPES, ids=lambda p: p.stem)
def test_shipped_recipes_load_and_say_what_they_are_for(path):
    recipe = load_recipe(path)
    head = [line for line in path.read_text().splitlines() if line.startswith("#")]
    assert head[0].startswith("# Question: ")
    assert any("Should reproduce" in line for line in head)
    assert recipe.question
    assert recipe.variants()
    assert recipe.vary or recipe.baseline in (recipe.compare or {})


def test_recipes_are_found():
    assert {p.stem for p in RECIPES} >= {"quickstart", "frozen_ladder", "mace", "smoke"}


def test_the_quickstart_compares_paper_a_at_equal_steps():
    recipe = load_recipe(next(p for p in RECIPES if p.stem == "quickstart"))
    arms = recipe.variants()
    ways = {name: (r.strategy.kind, r.reference.policy, r.reference.trainable) for name, r in arms.items()}
    assert ways["scratch"] == ("from-scratch", "refit", False)
    assert ways["trainable-gga"] == ("full", "keep", True)
    assert ways["frozen-gga"] == ("full", "keep", False)
    assert ways["refit"] == ("full", "refit", False)
    assert ways["residual"] == ("full", "residual", False)
    assert len({(r.training, r.optimiser, r.loss, r.data) for r in map(_hashable, arms.values())}) == 1
    assert recipe.seeds == (0, 1, 2)
    assert next(iter(arms.values())).training.steps <= 150
    for name in ("trainable-gga", "frozen-gga"):
        assert "not converged" in recipe.compare[name].note


def test_the_mace_recipe_takes_published_weights_by_its_two_commented_lines(tmp_path):
    text = next(p for p in RECIPES if p.stem == "mace").read_text()
    switches = [line for line in text.splitlines() if line.startswith(("# adapter:", "# strategy:"))]
    for line in switches:
        new = line.removeprefix("# ")
        (old,) = [line for line in text.splitlines() if line.startswith(new.split(":")[0] + ":")]
        text = text.replace(f"\n{old}\n", f"\n{new}\n")
    (tmp_path / "r.yaml").write_text(text)
    recipe = load_recipe(tmp_path / "r.yaml")
    assert len(switches) == 2
    assert (recipe.adapter.checkpoint, recipe.adapter.trust, recipe.strategy.kind) == ("medium-mpa-0", True, "full")


def _hashable(recipe):
    class Same:
        training, optimiser, loss, data = (
            str(x) for x in (recipe.training, recipe.optimiser, recipe.loss, recipe.data)
        )

    return Same


def test_overrides_are_yaml_values_at_dotted_keys(recipe):
    found = recipe(
        TEXT,
        "training.steps=7",
        "strategy={kind: frozen, train: [readout]}",
        "tracking.wandb=null",
        "optimiser.learning_rate=1e-4",
    )
    assert found.training.steps == 7
    assert found.strategy.train == ("readout",)
    assert found.tracking.wandb is None
    assert found.optimiser.learning_rate == 1e-4


def test_an_override_merges_into_its_group(recipe):
    found = recipe(TEXT, "training={batch: {edges: 5}}", "name=y")
    assert (found.training.steps, found.training.batch.edges, found.name) == (2, 5, "y")


def test_an_override_may_hold_an_equals_sign(recipe):
    assert recipe(TEXT, "question=a = b?").question == "a = b?"


def test_an_override_of_one_variant(recipe):
    text = TEXT + "compare:\n  a:\n  b: {loss.kind: mse}\n"
    found = recipe(text, "compare.a.training.steps=9").variants()
    assert (found["a"].training.steps, found["b"].training.steps, found["b"].loss.kind) == (9, 2, "mse")


def test_all_mistakes_at_once_each_with_its_line(recipe):
    text = (
        TEXT.replace("steps", "stps").replace("toy", "tuy")
        + "loss: {kind: hubert}\nloss: {enrgy: 1}\ncompare: {a: {seed: x}}\n"
    )
    with pytest.raises(RecipeError) as caught:
        recipe(text, "reference.policy=refitt", "training")
    lines = str(caught.value).splitlines()
    assert "has 7 mistakes" in lines[0]
    wanted = [
        ("line 3, adapter.name:", "Did you mean 'toy'?"),
        ("line 5, training.stps:", "Did you mean 'steps'?"),
        ("line 7, loss:", "given twice, in lines 6 and 7"),
        ("line 7, loss.enrgy:", "Did you mean 'energy'?"),
        ("line 8, compare.a.seed:", "should be a whole number, and is 'x' (text)"),
        ("command line, reference.policy:", "Did you mean 'refit'?"),
        ("command line, training:", "option=value"),
    ]
    for (place, remedy), line in zip(wanted, lines[1:], strict=True):
        assert line.startswith(f"  {place}"), line
        assert remedy in line


@pytest.mark.parametrize(
    ("more", "overrides", "place"),
    [
        ("", ("loss.energy=0", "loss.forces=0", "loss.stress=0", "loss.magmoms=0"), "command line"),
        ("loss: {energy: 0, forces: 0, stress: 0}\n", ("loss.magmoms=0",), "command line"),
        ("loss: {energy: 0, forces: 0, stress: 0, magmoms: 0}\n", ("seed=3",), "line 6"),
    ],
)
def test_a_mistake_of_a_group_is_told_where_its_options_were_given(recipe, more, overrides, place):
    with pytest.raises(RecipeError, match=rf"\n  {place}, loss: "):
        recipe(TEXT + more, *overrides)


def test_a_group_that_the_file_gives_twice_is_told_of_the_file(recipe):
    with pytest.raises(RecipeError, match="line 7, loss: given twice"):
        recipe(TEXT + "loss: {energy: 1}\nloss: {energy: 2}\n", "loss.forces=2")


def test_a_mistake_of_the_recipe_is_not_repeated_for_each_variant(recipe):
    with pytest.raises(RecipeError) as caught:
        recipe(TEXT + "sed: 1\ncompare: {a: {}, b: {}}\n")
    assert "has a mistake" in str(caught.value)


def test_a_baseline_is_checked_beside_other_mistakes(recipe):
    with pytest.raises(RecipeError) as caught:
        recipe(TEXT + "sed: 1\nbaseline: b\ncompare: {a: {}}\n")
    assert "line 7, baseline: 'b' is not a variant. Known: a." in str(caught.value)
