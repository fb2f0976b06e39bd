"""What is minimised: weights, and losses that need no labels."""

import pytest
from pydantic import ValidationError

from transferkit.loss_options import Loss


def test_there_are_no_consistency_losses_unless_asked_for():
    assert Loss().consistency is None


def test_weights_must_be_given():
    with pytest.raises(ValidationError, match=r"(?s)pitc\n  Field required.*pisc\n  Field required"):
        Loss(consistency={})


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"pitc": 0.0, "pisc": 0.0}, "both zero; write consistency: null"),
        ({"kappa": 0.25}, r"0 \(first order\) or 0.5 \(second order\); got 0.25"),
        ({"kappa": 1.0}, r"0 \(first order\) or 0.5 \(second order\); got 1"),
        ({"length": 0.0}, "greater than 0"),
        ({"length": 5.0}, "less than or equal to 0.5"),
        ({"direction": "sideways"}, "'uniform', 'random' or 'adversarial'"),
        ({"fraction": 0.0}, "greater than 0"),
        ({"warmup": 1.0}, "less than 1"),
        ({"pitch": 1.0}, "Extra inputs"),
    ],
)
def test_what_makes_no_sense_is_refused(options, words):
    with pytest.raises(ValidationError, match=words):
        Loss(consistency={"pitc": 1.0, "pisc": 0.1} | options)
