import pytest

from transferkit.recipe_override import override

DATA = {"name": "x", "beside": [{"source": "a", "minus": {"ratio": 1}}, {"source": "b"}], "seeds": [0, 1]}


@pytest.mark.parametrize(
    ("text", "at", "expected"),
    [
        ("beside.1.ratio=2", "beside", [DATA["beside"][0], {"source": "b", "ratio": 2}]),
        ("beside.0.minus.ratio=3", "beside", [{"source": "a", "minus": {"ratio": 3}}, DATA["beside"][1]]),
        ("beside.1={ratio: 2}", "beside", [DATA["beside"][0], {"source": "b", "ratio": 2}]),
        ("beside.1=null", "beside", [DATA["beside"][0], None]),
        ("beside=[]", "beside", []),
        ("seeds.1=7", "seeds", [0, 7]),
        ("training.steps=5", "training", {"steps": 5}),
    ],
)
def test_one_option_changes_and_nothing_else(text, at, expected):
    found, _, mistake = override(DATA, text)
    assert mistake is None
    assert found == DATA | {at: expected}
    assert DATA["beside"] == [{"source": "a", "minus": {"ratio": 1}}, {"source": "b"}]  # the given one stays


def test_the_options_it_sets_are_named_as_messages_name_them():
    assert override(DATA, "beside.1={ratio: 2}")[1] == (("beside", 1), ("beside", 1, "ratio"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("beside.2.ratio=1", "beside is a list and has entries 0 to 1; '2' is none of them"),
        ("beside.first.ratio=1", "'first' is none of them"),
        ("beside.-1.ratio=1", "'-1' is none of them"),
        ("training.steps", "of the form option=value"),
        ("training..steps=3", "of the form option=value"),
        ("training.steps=[", "'[' is not YAML"),
    ],
)
def test_a_mistake_is_named_and_changes_nothing(text, message):
    found, _, mistake = override(DATA, text)
    assert found == DATA
    assert message in mistake.text


def test_an_empty_list_wants_to_be_given_whole():
    assert "has no entries; give the whole list" in override({"beside": []}, "beside.0.ratio=1")[2].text
