import numpy as np
import pytest

from transferkit.scaling import market as module
from transferkit.scaling.market import NEVER, Market, Path, best, cheapest
from transferkit.scaling.mixed_fit import MixedFit, fit_form
from transferkit.scaling.mixed_forms import Exchange, ProductFromNone, Saturating
from transferkit.scaling.mixed_points import mixed_points

HIGH, LOW = (v.ravel() for v in np.meshgrid([10.0, 30.0, 100.0], [0.0, 100.0, 1000.0]))
LAWS = {
    "exchange": (Exchange(), lambda h, l: 3 * (h + 0.2 * l) ** -0.5),  # noqa: E741
    "saturating": (Saturating(), lambda h, l: 3 * (h + 0.3 * l / (1 + 0.3 * l / (4 * h))) ** -0.5),  # noqa: E741
    "product": (ProductFromNone(), lambda h, l: 3 * h**-0.4 * (1 + l / 50) ** -0.2),  # noqa: E741
}
FITS = {}
for _name, (_form, _law) in LAWS.items():
    _points = mixed_points(HIGH, LOW, _law(HIGH, LOW), None)
    FITS[_name] = MixedFit(_points, _form, fit_form(_points, _form))
MARKET = Market(high=7.0, low=1.0, least_high=3.0, most_high=NEVER, least_low=0.0, most_low=NEVER)
H, L = np.meshgrid(np.arange(3, 400), np.arange(2500), indexing="ij")
by_law = pytest.mark.parametrize("name", LAWS)


def errors_of(name):
    return np.exp(FITS[name].log_error(H.ravel(), L.ravel())).reshape(H.shape)


@by_law
@pytest.mark.parametrize("target", [0.6, 0.3])
@pytest.mark.parametrize("price", [2.0, 7.0, 60.0])
def test_the_cheapest_mix_is_that_of_brute_force(name, target, price):
    market = Market(price, 1.0, 3.0, NEVER, 0.0, NEVER)
    cost = np.where(errors_of(name) <= target, price * H + L, np.inf)
    found = cheapest(FITS[name], market, target)
    assert found.cost == cost.min()
    assert found.error <= target * (1 + 1e-9)
    assert found.cost == price * found.n_high + found.n_low


@by_law
@pytest.mark.parametrize("budget", [55.0, 400.5, 2400.0])
def test_the_best_mix_is_that_of_brute_force(name, budget):
    error = np.where(budget >= 7 * H + L, errors_of(name), np.inf)
    found = best(FITS[name], MARKET, budget)
    assert found.error == pytest.approx(error.min())
    assert found.cost <= budget


@by_law
def test_what_can_be_had_is_kept_to(name):
    few = Market(7.0, 1.0, 3.0, 40.0, 0.0, 100.0)
    found = best(FITS[name], few, 1e5)
    assert (found.n_high, found.n_low) == (40, 100)
    assert cheapest(FITS[name], few, 0.01) is None
    least = Market(7.0, 1.0, 90.0, NEVER, 0.0, NEVER)
    assert cheapest(FITS[name], least, 5.0).n_high == 90


def test_a_budget_below_the_least_labels_buys_nothing():
    assert best(FITS["exchange"], MARKET, 20.9) is None
    assert best(FITS["exchange"], MARKET, 21.0).n_high == 3


def test_free_labels_are_all_taken():
    free = Market(7.0, 0.0, 3.0, NEVER, 0.0, 500.0)
    assert best(FITS["saturating"], free, 70.0).n_low == 500
    assert cheapest(FITS["saturating"], free, 0.3).cost % 7 == 0


@by_law
def test_a_coarse_search_finds_the_same(name, monkeypatch):
    fine = cheapest(FITS[name], MARKET, 0.05)
    monkeypatch.setattr(module, "ALL", 200)
    assert cheapest(FITS[name], MARKET, 0.05).cost == pytest.approx(fine.cost, rel=1e-4)


@by_law
def test_the_smooth_path_is_the_bound_of_whole_numbers(name):
    path, budget = Path(FITS[name], MARKET), 2000.0
    error = float(np.exp(path.log_error(np.log([budget]))[0]))
    assert error == pytest.approx(best(FITS[name], MARKET, budget).error, rel=2e-3)
    assert path.least == pytest.approx(np.log(21.0))


@by_law
def test_the_budget_moves_with_the_parameters_as_said(name):
    fit, cost = FITS[name], 1500.0
    x = np.log([cost])
    target = float(np.exp(Path(fit, MARKET).log_error(x)[0]))
    for k in range(len(fit.theta)):
        step = np.zeros(len(fit.theta))
        step[k] = 1e-3
        other = Path(MixedFit(fit.points, fit.form, fit.theta + step), MARKET)
        grid = np.log(cost) + np.linspace(-0.05, 0.05, 2001)
        at = grid[np.argmin(np.abs(other.log_error(grid) - np.log(target)))]
        assert at - x[0] == pytest.approx(1e-3 * Path(fit, MARKET).moved(cost)[k], abs=1e-4)
