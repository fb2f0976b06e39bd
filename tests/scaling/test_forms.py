import numpy as np
import pytest

from transferkit.scaling.forms import Plain, WithFloor

U = np.array([0.1, 1.0, 7.0])


@pytest.mark.parametrize(("form", "theta"), [(Plain(), [0.3, 0.6]), (WithFloor(), [0.3, 0.6, 0.2])])
def test_derivatives_agree_with_differences(form, theta):
    theta = np.array(theta)
    for k in range(form.n):
        step = 1e-6 * np.eye(form.n)[k]
        numeric = (form.value(theta + step, U) - form.value(theta - step, U)) / 2e-6
        assert np.allclose(form.gradient(theta, U)[:, k], numeric, atol=1e-8)
    numeric = (form.value(theta, U * np.exp(1e-6)) - form.value(theta, U * np.exp(-1e-6))) / 2e-6
    assert np.allclose(form.steepness(theta, U), -numeric, atol=1e-8)


def test_only_one_form_has_a_floor():
    assert Plain().floor(np.array([0.0, 1.0])) == 0
    theta = np.array([0.0, 1.0, 0.2])
    assert WithFloor().floor(theta) == 0.2
    assert np.exp(WithFloor().value(theta, np.array([1e9]))) == pytest.approx(0.2)
