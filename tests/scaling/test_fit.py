import numpy as np
import pytest
from scipy.stats import linregress, t

from transferkit.scaling.curve import curve_of
from transferkit.scaling.fit import fit_plain

B = np.array([0.0, 1.0])


def test_one_curve_has_the_interval_of_a_regression(paper):
    n, _, scratch = paper
    fit = fit_plain(curve_of(n, scratch))
    found = linregress(np.log(n), np.log(scratch))
    assert fit.exponent == pytest.approx(-found.slope)
    assert fit.r2 == pytest.approx(found.rvalue**2)
    low, high = fit.spread.interval(fit.exponent, B, 0.95).pieces[0]
    assert (high - low) / 2 == pytest.approx(t.ppf(0.975, 4) * found.stderr)


def test_chains_have_the_interval_of_their_own_slopes():
    rng = np.random.default_rng(0)
    n = np.array([10.0, 30, 100, 400])
    errors = n**-0.5 * np.exp(0.1 * rng.normal(size=(4, 4)))
    fit = fit_plain(curve_of(n, errors))
    own = np.array([-linregress(np.log(n), np.log(row)).slope for row in errors])
    assert fit.exponent == pytest.approx(own.mean())
    low, high = fit.spread.interval(fit.exponent, B, 0.95).pieces[0]
    assert (high - low) / 2 == pytest.approx(t.ppf(0.975, 3) * own.std(ddof=1) / 2)


def test_a_chain_that_is_better_everywhere_changes_no_exponent():
    n = np.array([10.0, 30, 100, 400])
    errors = n**-0.5 * np.array([[1.0], [1.3], [0.8]])
    fit = fit_plain(curve_of(n, errors))
    low, high = fit.spread.interval(fit.exponent, B, 0.95).pieces[0]
    assert high - low < 1e-10
    assert fit.spread.of(np.array([1.0, 0.0]))[0] > 0.1
    assert fit.variance < 1e-20


def test_units_of_sizes_and_errors_change_nothing_but_the_prefactor(paper):
    n, transfer, _ = paper
    one, other = fit_plain(curve_of(n, transfer)), fit_plain(curve_of(n / 10, transfer * 1000))
    assert other.exponent == pytest.approx(one.exponent)
    assert other.prefactor == pytest.approx(one.prefactor * 1000 * 10**-one.exponent)


def test_huber_forgives_a_run_that_went_astray():
    n = np.geomspace(10, 1000, 5)
    errors = n**-0.5 * np.exp(0.02 * np.random.default_rng(1).normal(size=(5, 5)))
    errors[2, 4] *= 8
    assert abs(fit_plain(curve_of(n, errors)).exponent - 0.5) > 0.05
    fit = fit_plain(curve_of(n, errors), huber=True)
    assert abs(fit.exponent - 0.5) < 0.02
    assert 0.5 in fit.spread.interval(fit.exponent, B, 0.95)
