import numpy as np
import pytest

from transferkit.scaling.mixed_form import Floored, log_or_nan
from transferkit.scaling.mixed_forms import Exchange, Saturating

FORM = Floored(Exchange())
THETA = np.array([0.3, 0.5, 0.2, 0.1])
HIGH, LOW = (v.ravel() for v in np.meshgrid([0.2, 1.0, 4.0], [0.0, 2.0, 30.0]))


def test_a_floor_is_added():
    assert np.allclose(np.exp(FORM.value(THETA, HIGH, LOW)), np.exp(Exchange().value(THETA[:3], HIGH, LOW)) + 0.1)
    assert FORM.readable(THETA, 1.0)["c"] == 0.1
    assert FORM.sound(THETA)
    assert not FORM.sound(-THETA)
    assert (FORM.name, Floored(Saturating()).in_logs) == ("exchange + c", {"k", "g"})


def test_gradients_are_differences():
    step = 1e-6 * np.eye(4)
    differences = [(FORM.value(THETA + s, HIGH, LOW) - FORM.value(THETA - s, HIGH, LOW)) / 2e-6 for s in step]
    assert np.allclose(FORM.gradient(THETA, HIGH, LOW), np.stack(differences, axis=-1), atol=1e-7)


def test_nothing_reaches_the_floor():
    above = float(FORM.value(THETA, np.array([1.0]), np.array([2.0]))[0])
    assert FORM.high_for(THETA, above, 2.0) == pytest.approx(1.0)
    assert FORM.low_for(THETA, above, np.array([1.0]))[0] == pytest.approx(2.0)
    assert np.isinf(FORM.high_for(THETA, np.log(0.0999), 0.0))
    assert np.isinf(FORM.low_for(THETA, np.log(0.05), np.array([1.0]))[0])


def test_impossible_parameters_are_nan():
    assert np.isnan(FORM.value(np.array([0.3, 0.5, 0.2, -9.0]), HIGH, LOW)).all()
    assert np.isnan(log_or_nan(np.array([0.0]))).all()
