"""YAML without the traps: chemistry stays text, numbers are numbers, every value knows its line."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from transferkit.recipe_yaml import read_yaml


@pytest.mark.parametrize(
    "text",
    ["No", "NO", "no", "Y", "N", "yes", "on", "Off", "True", "FALSE", "1:30", "2024-01-01", "1_000", "0x1F", "Null"],
)
def test_text_stays_text(text):
    assert read_yaml(f"x: {text}").data == {"x": text}


@pytest.mark.parametrize(
    ("text", "value"),
    [("true", True), ("false", False), ("null", None), ("~", None), ("", None), ("12", 12), ("-3", -3), ("012", 12), ("1e-4", 1e-4),
     ("1.0e-3", 1e-3), ("1E5", 1e5), (".5", 0.5), ("3.", 3.0), ("-.inf", float("-inf")), ('"0.3.0"', "0.3.0"), ("'1'", "1"), ("0.3.0", "0.3.0")],
)  # fmt: skip
def test_scalars(text, value):
    found = read_yaml(f"x: {text}").data["x"]
    assert found == value
    assert type(found) is type(value)


@given(st.floats(allow_nan=False))
def test_every_float_that_python_writes_is_read(value):
    text = repr(value).replace("inf", ".inf")
    found = read_yaml(f"x: {text}").data["x"]
    assert found == value
    assert isinstance(found, float)


def test_lines_of_keys_items_and_flow_values():
    lines = read_yaml("# head\na:\n  b: 1\n  c: [1,\n     2]\nd: {e: 1}\n").lines
    assert lines["a",] == 2
    assert lines["a", "b"] == 3
    assert lines["a", "c", 1] == 5
    assert lines["d", "e"] == 6


def test_a_key_twice_is_a_mistake():
    [(path, text)] = read_yaml("a:\n  b: 1\n  b: 2\n").mistakes
    assert path == ("a", "b")
    assert "lines 2 and 3" in text


@pytest.mark.parametrize(
    "text",
    [
        "a: !!python/object/apply:os.system ['true']",
        "a: !local 1",
        "a: !!int x",
        "a: !!bool maybe",
        "a: &x [*x]",
        "? [1, 2]\n: 3",
    ],
)
def test_what_recipes_have_no_use_for_is_a_mistake(text):
    assert len(read_yaml(text).mistakes) == 1


def test_aliases_repeat_a_value():
    assert read_yaml("a: &x {b: 1}\nc: *x\n").data == {"a": {"b": 1}, "c": {"b": 1}}


def test_nothing_is_none():
    assert read_yaml("# only a comment\n").data is None


@pytest.mark.parametrize("text", ["a: [1", "a: b: c", "\ta: 1", "a: 1\n---\nb: 2"])
def test_what_is_not_one_document_of_yaml(text):
    with pytest.raises(yaml.YAMLError):
        read_yaml(text)
