"""Mistakes in vary: all at once, with line, place and nearest spelling."""

import pytest

from transferkit.errors import RecipeError
from transferkit.recipe_file import load_recipe

GOOD = """\
name: s
data: {source: a, fidelity: PBE, split: {fold: 0}}
adapter: {name: toy}
training: {steps: 4, evaluate_every: 2, evaluate_unit: steps}
vary:
"""


def mistakes(tmp_path, text, *overrides):
    path = tmp_path / "s.yaml"
    path.write_text(GOOD + text)
    with pytest.raises(RecipeError) as caught:
        load_recipe(path, overrides)
    return str(caught.value)


def test_all_at_once(tmp_path):
    text = mistakes(
        tmp_path,
        """\
  data.subst.compositions: [10]
  data.subset.compositions: [10, "x", 0]
  optimizer: [1]
  seed: [0, 1, 1]
  training: [{epochs: 3}]
  strategy: {a: {}}
  name: [a]
  loss.energy: []
  arm:
    transfer:
    whole: {reference.fiton: training}
    scratch: {strategy: {kind: from-scrach}, seeds: [1]}
    bad: 3
  none: {}
""",
    )
    for line in (
        "line 6, vary.data.subst.compositions: unknown option. Did you mean 'data.subset.compositions'?",
        "line 7, vary.data.subset.compositions.1: should be a whole number, and is 'x' (text)",
        "line 7, vary.data.subset.compositions.2: should be greater than 0, and is 0",
        "line 8, vary.optimizer: unknown option. Did you mean 'optimiser'?",
        "line 9, vary.seed.2: 1 stands twice",
        "line 10, vary.training.0: give exactly one of epochs and steps",
        "line 11, vary.strategy: strategy is an option, and a group of named arms cannot be called so",
        "line 12, vary.name: name belongs to the study as a whole and cannot vary",
        "line 13, vary.loss.energy: holds no value",
        "line 16, vary.arm.whole.reference.fiton: unknown option. Did you mean 'fit_on'?",
        "line 17, vary.arm.scratch.strategy.kind: 'from-scrach' is not a choice. Did you mean 'from-scratch'?",
        "line 17, vary.arm.scratch.seeds: seeds belongs to the study as a whole and cannot vary",
        "line 18, vary.arm.bad: should be a group of options, and is 3",
        "line 19, vary.none: holds no arm",
    ):
        assert line in text
    assert "has 14 mistakes" in text


@pytest.mark.parametrize(
    ("text", "overrides", "words"),
    [
        ("  seed: 3\n", (), "line 6, vary.seed: should be a list or a group of options, and is 3"),
        ("  seed: [0, 1]\n", ("data.split.fold=seed",), "line 5, vary: data.split.fold is 'seed'"),
        ("  seed: [0]\n", ("contrast=srcatch",), "contrast: 'srcatch' is not a choice. Did you mean 'scratch'?"),
        ("  seed: [0]\n", ("vary.sed=[1]",), "command line, vary.sed: unknown option. Did you mean 'seed'?"),
        ("  {}\n", (), "vary: nothing varies"),
    ],
)
def test_one_mistake(tmp_path, text, overrides, words):
    found = mistakes(tmp_path, text, *overrides)
    assert words in found
    assert "has a mistake" in found


def test_a_good_one_with_dots_in_arms_and_keys(tmp_path):
    path = tmp_path / "s.yaml"
    path.write_text(
        GOOD + "  reference.isolated_atoms: [{O: -1.0}]\n  arm: {a: , b: {loss.energy: 2, loss.forces: 5}}\n"
    )
    found = load_recipe(path, ["adapter.device=cpu"])
    assert found.vary["arm"] == {"a": {}, "b": {"loss": {"energy": 2, "forces": 5}}}


def test_mistakes_of_the_recipe_are_told_once(tmp_path):
    text = mistakes(tmp_path, "  seed: [0, 1]\n", "loss.enery=3")
    assert text.count("enery") == 1
    assert "has a mistake" in text
