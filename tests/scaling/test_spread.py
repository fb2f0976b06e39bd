import numpy as np
import pytest
from scipy.stats import t, ttest_rel

from transferkit.scaling.spread import (
    CHAINS,
    Spread,
    freedom_of,
    joined,
    of_chains,
    of_compositions,
    of_points,
    unskewed,
)


def test_chains_give_the_t_test_over_chains():
    rows = np.random.default_rng(0).normal(size=(5, 2))
    error, df = Spread((of_chains(rows),)).of(np.array([1.0, 0.0]))
    assert error == pytest.approx(rows[:, 0].std(ddof=1) / np.sqrt(5))
    assert df == pytest.approx(4)


def test_points_give_the_variance_of_a_regression():
    inverse = np.array([[2.0, 0.5], [0.5, 1.0]])
    error, df = Spread((of_points(inverse, 0.3, 7),)).of(np.array([1.0, -1.0]))
    assert error**2 == pytest.approx(0.3 * 2.0)
    assert df == pytest.approx(7)


def test_pairs_are_told_from_independent_curves():
    rng = np.random.default_rng(1)
    first = rng.normal(size=(6, 1))
    second = first + 0.1 * rng.normal(size=(6, 1))
    spreads = Spread((of_chains(first),)), Spread((of_chains(second),))
    difference = np.array([1.0, -1.0])
    paired, df = joined(*spreads, frozenset({CHAINS})).of(difference)
    assert first.mean() - second.mean() == pytest.approx(ttest_rel(first[:, 0], second[:, 0]).statistic * paired)
    assert df == pytest.approx(5)
    apart, df = joined(*spreads, frozenset()).of(difference)
    assert apart > 3 * paired
    assert 5 < df <= 10


def test_the_noise_of_single_cells_is_counted_once():
    # Nothing but independent noise of cells: chains alone already see all of it.
    rng = np.random.default_rng(2)
    cells = rng.normal(size=(40, 50, 1)) / 50
    chains = of_chains(cells.sum(axis=1))
    alone, _ = Spread((chains,)).of(np.ones(1))
    both, _ = Spread((chains, *of_compositions(cells, chains=True))).of(np.ones(1))
    assert float(both) == pytest.approx(float(alone), rel=0.35)
    shared = np.broadcast_to(cells[:1], cells.shape)  # the same in all chains: chains see nothing of it
    with_shared, _ = Spread((chains, *of_compositions(shared, chains=True))).of(np.ones(1))
    assert with_shared > 2 * alone


def test_a_few_hard_compositions_leave_few_degrees_of_freedom():
    rng = np.random.default_rng(3)
    assert freedom_of(rng.normal(size=500)) > 150
    assert freedom_of(np.concatenate([rng.normal(size=97), [40.0, -40.0, 35.0]])) < 8


def test_a_skewed_mean_has_a_statistic_without_skew():
    rng = np.random.default_rng(4)
    draws = rng.exponential(size=(20_000, 25)) - 1.0
    error = draws.std(axis=1, ddof=1) / 5
    off = draws - draws.mean(axis=1, keepdims=True)
    score, skewness = draws.mean(axis=1) / error, (off**3).sum(axis=1) / 25**3 / error**3
    critical = t.ppf(0.95, 24)
    tails = [((s < -critical).mean(), (s > critical).mean()) for s in (score, unskewed(score, skewness))]
    assert tails[0][0] > 0.085  # the upper bound holds the truth in less than 91.5 %
    assert tails[0][1] < 0.03
    assert tails[1] == pytest.approx((0.05, 0.05), abs=0.02)
    assert np.array_equal(unskewed(score, np.zeros_like(score)), score)
