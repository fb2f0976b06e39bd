"""The point function: what comes back, and what it leaves about a point."""

import json

import pytest

from transferkit.errors import DataError, Interrupted
from transferkit.studies import order as module
from transferkit.studies.hold import hold
from transferkit.studies.order import carry_out, in_words, spent_s


@pytest.fixture
def order(study_recipe, tmp_path):
    return module.Order("abc", "size=10", "transfer", study_recipe(vary=None), tmp_path)


def test_done_and_seconds_add_up(order):
    assert carry_out(order, lambda _: None).state == "done"
    first = spent_s(order.stem)
    carry_out(order, lambda _: None)
    assert spent_s(order.stem) > first > 0
    assert json.loads(order.stem.with_suffix(".json").read_text())["state"] == "done"


def test_a_failure_says_why_and_is_forgotten_when_it_is_done(order):
    def fail(_):
        raise DataError("no forces in x")

    outcome = carry_out(order, fail)
    path = order.stem.with_suffix(".failed.json")
    assert (outcome.state, outcome.why) == ("failed", "DataError: no forces in x")
    assert "no forces in x" in json.loads(path.read_text())["traceback"]
    carry_out(order, lambda _: None)
    assert not path.exists()


def test_our_own_mistakes_are_said_to_be_ours():
    assert in_words(ZeroDivisionError("x")) == "ZeroDivisionError: x (a mistake in transferkit, not yours)"
    assert in_words(FileNotFoundError("y")) == "FileNotFoundError: y"


@pytest.mark.parametrize("error", [KeyboardInterrupt, Interrupted])
def test_a_stop_is_no_failure(order, error):
    def stop(_):
        raise error("now")

    assert carry_out(order, stop).state == "interrupted"
    assert not order.stem.with_suffix(".failed.json").exists()


def test_what_another_process_works_on_is_not_begun(order, monkeypatch):
    monkeypatch.setattr("transferkit.studies.order.hold", lambda _: _Never())
    begun = []
    assert carry_out(order, begun.append).state == "elsewhere"
    assert begun == []


class _Never:
    def __enter__(self):
        return False

    def __exit__(self, *_):
        return None


def test_a_run_has_the_folders_of_the_study_and_no_page(order, monkeypatch):
    asked = {}
    monkeypatch.setattr("transferkit.pipeline.run_one", lambda _, folder, **more: asked.update(folder=folder, **more))
    assert carry_out(order).state == "done"
    assert asked["folder"] == order.study / "points" / "abc"
    assert asked["graphs"] == order.study / "graphs"
    assert (asked["page"], asked["variant"], asked["quiet"]) == (False, "transfer", True)
    with hold(order.stem) as mine:
        assert mine
