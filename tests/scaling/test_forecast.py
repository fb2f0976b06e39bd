import numpy as np
import pytest
from scipy.stats import t

from transferkit.errors import ScalingError
from transferkit.scaling.curve import curve_of
from transferkit.scaling.fit import fit_plain
from transferkit.scaling.floor import fit_with_floor, floor_of
from transferkit.scaling.forecast import crossing_of, error_at, refined, searched, size_for
from transferkit.scaling.simulation import Truth, simulate

N = np.geomspace(20, 2000, 6)


def noisy(errors, chains=5, seed=0):
    return errors * np.exp(0.05 * np.random.default_rng(seed).normal(size=(chains, len(errors))))


def test_one_curve_has_the_prediction_interval_of_a_regression(paper):
    n, transfer, _ = paper
    found = error_at(fit_plain(curve_of(n, transfer)), 1e6, level=0.95)
    x, y = np.log(n), np.log(transfer)
    slope, start = np.polyfit(x, y, 1)
    s2 = ((y - start - slope * x) ** 2).sum() / 4
    lever = 1 / 6 + (np.log(1e6) - x.mean()) ** 2 / ((x - x.mean()) ** 2).sum()
    half = t.ppf(0.975, 4) * np.sqrt(s2 * (1 + lever))
    assert np.log(found.prediction.high / found.error) == pytest.approx(half)
    assert np.log(found.interval.high / found.error) == pytest.approx(t.ppf(0.975, 4) * np.sqrt(s2 * lever))


def test_a_forecast_says_how_far_it_reaches():
    fit = fit_plain(curve_of(N, noisy(N**-0.5)))
    inside, far = error_at(fit, 100, level=0.95, unit="eV/atom"), error_at(fit, 4800, level=0.95, unit="eV/atom")
    assert inside.beyond == ""
    assert "2.4 times beyond your largest size" in str(far)
    assert "meV/atom" in str(far)
    assert far.interval.low < 4800**-0.5 < far.interval.high
    assert far.prediction.low < far.interval.low
    assert far.to_json()["prediction"]["low"] == far.prediction.low


def test_a_new_training_draws_a_chain_anew_and_test_compositions_no_more_often_than_the_law():
    study = simulate(np.random.default_rng(1), [Truth(0.3, 0.4)], N, chains=5)
    bare, known = (
        error_at(fit_plain(curve_of(N, study.errors[0], compositions=cells)), 2000, level=0.95)
        for cells in (None, study.compositions(0))
    )

    def half(interval, found):
        return np.log(interval.high / found.error)

    assert half(known.interval, known) > 1.3 * half(bare.interval, bare)
    assert (
        half(bare.prediction, bare)
        < half(known.prediction, known)
        < half(bare.prediction, bare) + half(known.interval, known)
    )


def test_the_size_for_an_error_inverts_the_error_at_a_size():
    fit = fit_plain(curve_of(N, noisy(N**-0.5)))
    error = error_at(fit, 300, level=0.95).error
    found = size_for(fit, None, error, level=0.95)
    assert found.size == pytest.approx(300)
    assert error_at(fit, found.interval.low, level=0.95).interval.low == pytest.approx(error, rel=1e-6)
    assert error_at(fit, found.prediction.high, level=0.95).prediction.high == pytest.approx(error, rel=1e-6)


def test_a_floor_forbids():
    fit = fit_with_floor(curve_of(N, noisy(N**-0.8 + 0.02)))
    floor = floor_of(fit, 0.95)
    below = size_for(fit, floor, 0.005, level=0.95, unit="eV/atom")
    assert below.size is None
    assert below.reach == "unreachable"
    assert str(below) == "5 meV/atom is unreachable."
    near = size_for(fit, floor, (floor.estimate + floor.at_most) / 2, level=0.95)
    assert near.reach == "open"
    assert near.size is not None
    assert near.interval.high is None
    assert "do not exclude a floor" in str(near)
    under = size_for(fit, floor, (floor.estimate + floor.at_least) / 2, level=0.95)
    assert (under.size, under.reach) == (None, "below the floor")
    assert size_for(fit, floor, 0.06, level=0.95).reach == "reachable"


def test_flat_points_bound_no_size():
    fit = fit_plain(curve_of(N, noisy(np.ones(6))))
    found = size_for(fit, None, 0.9, level=0.95)
    assert not found.interval.bounded


def test_a_law_that_rises_gives_no_size_and_speaks_of_no_floor():
    rising = fit_plain(curve_of(N, noisy(0.5 * N**0.1)))
    above, below = (size_for(rising, None, error, level=0.95, unit="eV/atom") for error in (3.0, 0.1))
    assert (above.size, above.reach) == (None, "already reached")
    assert str(above) == "3,000 meV/atom is above the law at your smallest size already."
    assert (below.size, below.reach) == (None, "not reached")
    assert "too flat, or rises" in str(below)
    assert "floor" not in str(above) + str(below)


def test_a_flat_law_below_the_target_has_reached_it():
    flat = fit_plain(curve_of(N, N**-0.001))
    assert size_for(flat, None, 2.0, level=0.95).reach == "already reached"
    assert size_for(flat, None, 0.1, level=0.95).reach == "not reached"


@pytest.mark.parametrize("bad", [0.0, -1.0, float("nan")])
def test_what_is_asked_must_be_positive(bad):
    fit = fit_plain(curve_of(N, N**-0.5))
    with pytest.raises(ScalingError, match=r"error .* is not a positive number"):
        size_for(fit, None, bad, level=0.95)
    with pytest.raises(ScalingError, match=r"size .* is not a positive number"):
        error_at(fit, bad, level=0.95)


def test_grids_reach_far_and_are_fine_where_it_matters():
    grid = searched(N)
    assert grid[-1] == pytest.approx(np.log(2000) + 12 * np.log(10))
    assert np.diff(refined(grid, 5.0)).min() < 1e-7
    assert crossing_of(lambda x: x - 5.0, grid) == pytest.approx(5.0)
    assert crossing_of(np.ones_like, grid) is None
    assert refined(grid, None) is grid
