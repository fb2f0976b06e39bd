import numpy as np
import pytest

from transferkit.analysis.cka import cka
from transferkit.errors import DataError

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 6))
Y = X[:, :4] + RNG.normal(size=(60, 4))


def by_kernels(x, y):
    """Equation 5 of Song et al. with the kernels written out."""
    n = len(x)
    one = np.ones(n)

    def hsic(a, b):
        K, L = a @ a.T, b @ b.T
        np.fill_diagonal(K, 0.0)
        np.fill_diagonal(L, 0.0)
        middle = (one @ K @ one) * (one @ L @ one) / ((n - 1) * (n - 2))
        return (np.trace(K @ L) + middle - 2 / (n - 2) * (one @ K @ L @ one)) / (n * (n - 3))

    return hsic(x, y) / np.sqrt(hsic(x, x) * hsic(y, y))


def test_the_value_is_that_of_the_kernels():
    assert cka(X, Y).value == pytest.approx(by_kernels(X, Y), rel=1e-10)


def test_rotation_scale_and_shift_change_nothing():
    rotation = np.linalg.qr(RNG.normal(size=(6, 6)))[0]
    assert cka(X, 5.0 * X @ rotation - 3.0).value == pytest.approx(1.0)
    assert cka(X @ rotation + 100.0, 0.1 * Y).value == pytest.approx(cka(X, Y).value)
    assert cka(X, X * np.array([1, 1, 1, 1, 1, 9.0])).value < 0.9  # one axis alone is no isotropic scale


def test_independent_noise_is_zero_on_average_where_the_plain_estimator_is_not():
    values, plain = [], []
    for _ in range(300):
        x, y = RNG.normal(size=(40, 30)), RNG.normal(size=(40, 30))
        values.append(cka(x, y).value)
        x, y = x - x.mean(axis=0), y - y.mean(axis=0)
        plain.append(np.sum((x.T @ y) ** 2) / np.linalg.norm(x.T @ x) / np.linalg.norm(y.T @ y))
    assert abs(np.mean(values)) < 4 * np.std(values) / np.sqrt(300)
    assert np.mean(plain) > 0.3


def test_the_interval_is_the_jackknife_over_groups():
    group = np.repeat(np.arange(12), 5)
    found = cka(X, Y, groups=group)
    rest = np.array([by_kernels(X[group != g], Y[group != g]) for g in range(12)])
    error = np.sqrt(11 / 12 * ((rest - rest.mean()) ** 2).sum())
    assert np.diff(found.interval)[0] / 2 == pytest.approx(2.200985 * error, rel=1e-5)
    assert (found.rows, found.groups) == (60, 12)


def test_rows_of_one_composition_count_as_one():
    copies = np.repeat(np.arange(60), 4)
    noise = 0.01 * RNG.normal(size=(240, 6)), 0.01 * RNG.normal(size=(240, 4))
    x, y = X[copies] + noise[0], Y[copies] + noise[1]
    told, untold = cka(x, y, groups=copies), cka(x, y)
    assert np.diff(told.interval) > 1.5 * np.diff(untold.interval)


def test_few_groups_give_no_interval_and_constant_features_no_value():
    assert cka(X, Y, groups=np.repeat([0, 1], 30)).interval is None
    assert np.isnan(cka(X, np.ones((60, 2))).value)


@pytest.mark.parametrize(
    ("x", "y", "said"),
    [
        (X, Y[1:], r"shapes \(60, 6\) and \(59, 4\)"),
        (X[:3], Y[:3], "3 rows"),
        (X, np.where(Y > 2, np.nan, Y), "not finite"),
    ],
)
def test_features_that_cannot_be_compared(x, y, said):
    with pytest.raises(DataError, match=said):
        cka(x, y)


@pytest.mark.slow
def test_intervals_hold_the_truth_as_often_as_they_say():
    mix = RNG.normal(size=(6, 6))

    def drawn(n, rng):
        shared = np.repeat(rng.normal(size=(n, 6)), 4, axis=0) + rng.normal(size=(4 * n, 6))
        return shared, 0.7 * shared @ mix + 1.5 * rng.normal(size=shared.shape)

    truth = cka(*drawn(100_000, np.random.default_rng(1))).value
    held = 0
    for seed in range(400):
        x, y = drawn(40, np.random.default_rng(seed + 10))
        low, high = cka(x, y, groups=np.repeat(np.arange(40), 4)).interval
        held += low <= truth <= high
    assert 0.91 <= held / 400 <= 0.98
