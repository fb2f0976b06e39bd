"""Work is done once; mistakes are kept with the runs that they concern."""

import pytest

from transferkit.errors import DataError
from transferkit.preview.attempts import Attempts, key_of


def refuse():
    raise DataError("the file is empty")


def test_work_is_done_once():
    done = []
    attempts = Attempts()
    assert [attempts.once(run, "k", lambda: done.append(1) or 7) for run in ("a", "b")] == [7, 7]
    assert done == [1]
    assert attempts.seconds("k") > 0
    assert attempts.seconds("never") == 0


def test_a_mistake_is_told_once_with_its_runs():
    attempts = Attempts()
    assert attempts.once("a", "k", refuse) is None
    assert attempts.once("b", "k", refuse) is None
    told = {"what": "DataError: the file is empty", "where": ["a", "b"]}
    assert attempts.mistakes(among=["a", "b", "c"]) == [told]
    assert attempts.mistakes(among=["b", "a"]) == [told | {"where": []}]
    assert attempts.seconds("k") == 0


def test_a_bug_is_not_a_mistake_of_the_user():
    with pytest.raises(ZeroDivisionError):
        Attempts().once("a", "k", lambda: 1 / 0)


def test_keys_follow_the_options(recipe):
    one, other = recipe(), recipe(seed=3)
    assert key_of(one.data, one.adapter) == key_of(other.data, other.adapter)
    assert key_of(one.seed) != key_of(other.seed)
