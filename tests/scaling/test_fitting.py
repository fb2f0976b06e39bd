import numpy as np
import pytest

from transferkit.scaling.fitting import HUBER, Loss, descend, spread_of

X = np.linspace(0, 1, 6)
DESIGN = np.stack([np.ones_like(X), X], axis=-1)


def line(theta):
    return theta @ DESIGN.T, np.broadcast_to(DESIGN, (len(theta), *DESIGN.shape))


def test_least_squares_is_found_from_any_start():
    logs = np.random.default_rng(0).normal(size=(3, 6))
    found, cost = descend(line, np.array([[5.0, -9.0], [0.0, 0.0]]), logs, Loss())
    expected = np.linalg.lstsq(DESIGN, logs.mean(axis=0), rcond=None)[0]
    assert np.allclose(found, expected, atol=1e-8)
    assert cost[0] == pytest.approx(0.5 * ((logs - DESIGN @ expected) ** 2).sum())


def test_huber_hardly_moves_for_one_wild_point():
    logs = (1.0 - 2.0 * X)[None] + 0.01 * np.random.default_rng(1).normal(size=(1, 6))
    logs[0, 3] += 5.0
    [plain], _ = descend(line, np.zeros((1, 2)), logs, Loss())
    [robust], _ = descend(line, plain[None], logs, Loss(0.01))
    assert np.abs(plain - [1.0, -2.0]).max() > 0.3
    assert np.abs(robust - [1.0, -2.0]).max() < 0.1


def test_impossible_steps_are_not_taken():
    def logarithm(theta):
        value = np.where(theta > 0, theta, np.nan)
        return np.log(value) * np.ones(6), (1.0 / value)[:, :, None] * np.ones((1, 6, 1))

    found, _ = descend(logarithm, np.array([[5.0]]), np.full((1, 6), np.log(0.01)), Loss())
    assert found[0, 0] == pytest.approx(0.01)


def test_loss_is_the_integral_of_psi():
    loss = Loss(0.5)
    r = np.linspace(-3, 3, 13)
    numeric = (loss.cost(r + 1e-6) - loss.cost(r - 1e-6)) / 2e-6
    assert np.allclose(loss.psi(r), numeric, atol=1e-6)
    assert loss.edge == HUBER * 0.5
    assert spread_of(np.random.default_rng(0).normal(size=20000)) == pytest.approx(1.0, abs=0.03)


def test_a_trial_step_that_overflows_is_not_taken():
    """An exponential whose first step goes far beyond what a float holds: no warning, and a finite end."""

    def model(theta):
        value = np.exp(np.exp(theta))
        return value, (value * np.exp(theta))[:, :, None]

    theta, cost = descend(model, np.array([[-8.0]]), np.array([[1.5]]), Loss())
    assert np.isfinite(theta).all()
    assert np.isfinite(cost).all()
