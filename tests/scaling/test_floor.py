import numpy as np
import pytest

from transferkit.scaling import floor
from transferkit.scaling.curve import curve_of
from transferkit.scaling.fit import fit_plain
from transferkit.scaling.floor import exponent_with_floor, fit_with_floor, floor_of
from transferkit.scaling.simulation import Noise, Truth, simulate

N = np.geomspace(20, 2000, 6)


@pytest.mark.parametrize(("b", "c"), [(0.3, 0.2), (0.5, 1e-3), (1.5, 0.05)])
def test_exact_points_give_the_exact_law(b, c):
    fit = fit_with_floor(curve_of(N, 3.0 * N**-b + c))
    assert fit.exponent == pytest.approx(b, rel=1e-4)
    assert fit.floor == pytest.approx(c, rel=1e-3)
    assert fit.prefactor == pytest.approx(3.0, rel=1e-3)


def test_bounds_hold_the_truth_and_the_estimate():
    study = simulate(np.random.default_rng(5), [Truth(1.0, 0.7, 0.05)], N, chains=8)
    fit = fit_with_floor(curve_of(N, study.errors[0]))
    told = floor_of(fit, 0.95)
    assert told.at_least <= told.estimate <= told.at_most
    assert 0.02 < told.at_most < 0.1
    assert fit.exponent in exponent_with_floor(fit, 0.95)


def test_a_straight_line_has_no_floor_and_a_downward_bend_neither():
    rng = np.random.default_rng(0)
    noise = np.exp(0.05 * rng.normal(size=(6, 6)))
    straight = floor_of(fit_with_floor(curve_of(N, N**-0.5 * noise)), 0.95)
    assert straight.at_least == 0
    assert straight.p_value > 0.05
    down = fit_with_floor(curve_of(N, (N**-0.3 - 0.08) * noise))
    assert down.floor < 0
    told = floor_of(down, 0.95)
    assert told.estimate == told.at_least == 0


def test_more_level_is_more_room():
    fit = fit_with_floor(
        curve_of(N, simulate(np.random.default_rng(3), [Truth(1.0, 0.6, 0.03)], N, chains=5).errors[0])
    )
    loose, strict = floor_of(fit, 0.8), floor_of(fit, 0.95)
    assert strict.at_most > loose.at_most
    assert strict.at_least <= loose.at_least


def test_test_compositions_widen_the_bounds():
    study = simulate(np.random.default_rng(4), [Truth(1.0, 0.6, 0.03)], N, chains=8, noise=Noise(gain=0.4))
    alone = curve_of(N, study.errors[0])
    known = curve_of(N, study.errors[0], compositions=study.compositions(0))
    one, other = (floor_of(fit_with_floor(c), 0.95) for c in (alone, known))
    assert other.at_most > one.at_most
    assert other.estimate == pytest.approx(one.estimate)


def test_compositions_that_gain_unlike_amounts_move_the_upper_bound_more_than_the_lower_one(monkeypatch):
    study = simulate(np.random.default_rng(4), [Truth(1.0, 0.6, 0.03)], N, chains=8, noise=Noise(gain=0.4))
    fit = fit_with_floor(curve_of(N, study.errors[0], compositions=study.compositions(0)))
    told = floor_of(fit, 0.95)
    monkeypatch.setattr(floor, "unskewed", lambda score, _: score)
    even = floor_of(fit, 0.95)
    assert told.at_most > even.at_most
    assert told.at_least > even.at_least


def test_huber_keeps_the_floor_where_one_run_went_astray():
    errors = (N**-0.7 + 0.02) * np.exp(0.02 * np.random.default_rng(1).normal(size=(5, 6)))
    errors[1, 5] *= 6
    wild, robust = fit_with_floor(curve_of(N, errors)), fit_with_floor(curve_of(N, errors), huber=True)
    assert abs(robust.floor - 0.02) < 0.004 < abs(wild.floor - 0.02)
    assert robust.r2 <= 1
    assert fit_plain(curve_of(N, errors), huber=True).loss.scale is not None
