"""Licences that forbid commercial use are recognised and said."""

import pytest

from transferkit.adapters.licence import describe_weights, is_non_commercial
from transferkit.adapters.toy import Toy


@pytest.mark.parametrize(
    "licence",
    [
        "ASL",
        "Academic Software License (non-commercial)",
        "CC BY-NC 4.0",
        "CC-BY-NC-SA",
        "for noncommercial use",
        "research only",
    ],
)
def test_restricted(licence):
    assert is_non_commercial(licence)


@pytest.mark.parametrize(
    "licence", ["MIT", "modified BSD (chgnet package, with its weights)", "Apache-2.0", "", "CC BY 4.0"]
)
def test_free(licence):
    assert not is_non_commercial(licence)


def test_it_is_said_before_training():
    potential = Toy.load("demo")
    assert "!" not in describe_weights(potential, "default")
    potential.adapter.licence = "ASL"
    assert "! These weights are for non-commercial use only" in describe_weights(potential, "default")
    potential.adapter.licence = ""
    assert "not stated" in describe_weights(potential, "default")
    potential.add_head("r2SCAN", "default")
    assert "head r2SCAN is trained, next to default" in describe_weights(potential, "r2SCAN")
