"""Errors: one class per mistake, all of them a user's, all with a message."""

import inspect

import pytest

from transferkit import errors
from transferkit.errors import TransferkitError, nearest

CLASSES = [c for _, c in inspect.getmembers(errors, inspect.isclass) if c.__module__ == errors.__name__]


@pytest.mark.parametrize("error", CLASSES, ids=lambda c: c.__name__)
def test_every_error_is_the_users_and_says_what_it_is(error):
    assert issubclass(error, TransferkitError)
    assert error.exit_code == (130 if error is errors.Interrupted else 2)
    assert error.__doc__


@pytest.mark.parametrize(
    ("name", "known", "text"),
    [
        ("chgent", ["chgnet", "mace"], "Did you mean 'chgnet'? Known: chgnet, mace."),
        ("zzz", ["chgnet", "mace"], "Known: chgnet, mace."),
        ("x", ["b", "a"], "Known: a, b."),
    ],
)
def test_the_nearest_name(name, known, text):
    assert nearest(name, known) == text
