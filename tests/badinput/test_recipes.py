"""Recipes as they come: missing, empty, not YAML, not a recipe. Always one clear message and exit code 2."""

import pytest
from typer.testing import CliRunner

from transferkit.cli import app
from transferkit.errors import RecipeError
from transferkit.recipe_file import load_recipe

GOOD = "name: x\ndata: {source: a, fidelity: PBE}\nadapter: {name: toy}\ntraining: {steps: 1}\n"

FILES = [
    ("", "is empty"),
    ("# only a comment\n", "is empty"),
    ("- a\n- b\n", "option: value"),
    ("just text\n", "option: value"),
    ("name: [x\n", "is not YAML. line "),
    ("a: b: c\n", "line 1: "),
    ("\tname: x\n", "line 1: "),
    ("name: x\n---\nname: y\n", "line 2: "),
    (
        GOOD + "lerning_rate: 1\n",
        "Did you mean pretrain.learning_rate or reference.learning_rate or optimiser.learning_rate?",
    ),
    (GOOD.replace("toy", "chgent"), "Did you mean 'chgnet'?"),
    (GOOD.replace("1}", "many}"), "training.steps: should be a whole number, and is 'many' (text)"),
    (GOOD.replace("steps: 1", "steps: 1, epochs: 1"), "exactly one of epochs and steps"),
    (GOOD + "compare: [a, b]\n", "compare: should be a group of options"),
    (GOOD + "compare: {a: [1]}\n", "compare.a: should be a group of options"),
    (GOOD + "tracking: {wandb: maybe}\n", "tracking.wandb: should be a group of options"),
    (GOOD + "seed: !!python/name:os.system x\n", "recipes have none"),
    (GOOD + "1: 2\n", "1: unknown option"),
]


@pytest.mark.parametrize(("text", "words"), FILES, ids=[words for _, words in FILES])
def test_a_bad_file_gives_one_message_and_no_traceback(tmp_path, text, words):
    path = tmp_path / "r.yaml"
    path.write_text(text)
    with pytest.raises(RecipeError) as caught:
        load_recipe(path)
    assert words in str(caught.value)
    assert str(path) in str(caught.value)
    ended = CliRunner().invoke(app, ["run", str(path)])
    assert ended.exit_code == 2
    assert words in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_missing_file_names_its_neighbour(tmp_path):
    (tmp_path / "quickstart.yaml").write_text(GOOD)
    with pytest.raises(RecipeError, match=r"does not exist. Did you mean 'quickstart.yaml'\?"):
        load_recipe(tmp_path / "quikstart.yaml")


def test_a_folder_is_no_recipe(tmp_path):
    with pytest.raises(RecipeError, match="is a folder"):
        load_recipe(tmp_path)


def test_bytes_are_no_recipe(tmp_path):
    (tmp_path / "r.yaml").write_bytes(b"name: \xff\xfe\n")
    with pytest.raises(RecipeError, match=r"is not UTF-8 text: .* at byte 6"):
        load_recipe(tmp_path / "r.yaml")


def test_control_characters_are_no_recipe(tmp_path):
    (tmp_path / "r.yaml").write_bytes(b"name: \x00\n")
    with pytest.raises(RecipeError, match="is not YAML"):
        load_recipe(tmp_path / "r.yaml")


@pytest.mark.parametrize("override", ["", "=", "=3", "training.", "a..b=1", "training.steps"])
def test_an_override_without_key_or_value(tmp_path, override):
    (tmp_path / "r.yaml").write_text(GOOD)
    with pytest.raises(RecipeError, match=r"command line, .*option=value"):
        load_recipe(tmp_path / "r.yaml", [override])


def test_an_override_that_is_not_yaml(tmp_path):
    (tmp_path / "r.yaml").write_text(GOOD)
    with pytest.raises(RecipeError, match=r"command line, training: .* is not YAML"):
        load_recipe(tmp_path / "r.yaml", ["training=[1"])


def test_an_override_of_an_unknown_option(tmp_path):
    (tmp_path / "r.yaml").write_text(GOOD)
    with pytest.raises(RecipeError, match=r"command line, training.stps: unknown option. Did you mean 'steps'?"):
        load_recipe(tmp_path / "r.yaml", ["training.stps=2"])
