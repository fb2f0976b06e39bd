import numpy as np
import pytest

from transferkit.scaling.mixed_fit import MixedFit, fit_form, told_apart
from transferkit.scaling.mixed_form import Floored
from transferkit.scaling.mixed_forms import Exchange, Product, ProductFromNone, Saturating
from transferkit.scaling.mixed_points import mixed_points

HIGH, LOW = (v.ravel() for v in np.meshgrid([10.0, 30.0, 100.0, 300.0], [0.0, 100.0, 1000.0, 3000.0]))
LAWS = {
    "exchange": lambda h, l: 3 * (h + 0.2 * l) ** -0.5,  # noqa: E741
    "saturating": lambda h, l: 3 * (h + 0.3 * l / (1 + 0.3 * l / (4 * h))) ** -0.5,  # noqa: E741
    "product": lambda h, l: 3 * h**-0.4 * (1 + l / 50) ** -0.2,  # noqa: E741
}
FORMS = {"exchange": Exchange(), "saturating": Saturating(), "product": ProductFromNone()}


def drawn(name, *, chains=5, noise=0.06, seed=0, floor=0.0):
    rng = np.random.default_rng(seed)
    label = np.repeat(np.arange(chains), len(HIGH))
    off = noise * (rng.normal(size=len(label)) + rng.normal(size=chains)[label])
    error = np.tile(LAWS[name](HIGH, LOW) + floor, chains) * np.exp(off)
    return mixed_points(np.tile(HIGH, chains), np.tile(LOW, chains), error, label)


@pytest.mark.parametrize("name", LAWS)
def test_exact_points_give_the_exact_law(name):
    points = drawn(name, chains=1, noise=0.0)
    fit = MixedFit(points, FORMS[name], fit_form(points, FORMS[name]))
    assert np.abs(fit.residuals).max() < 1e-7
    assert fit.misfit < 1e-5
    assert fit.spread is None


@pytest.mark.parametrize("name", LAWS)
def test_exact_points_give_the_exact_floor(name):
    points = drawn(name, chains=1, noise=0.0, floor=0.1)
    form = Floored(FORMS[name])
    assert form.readable(fit_form(points, form), points.unit)["c"] == pytest.approx(0.1, rel=1e-3)


def test_points_without_zero_are_fitted_by_the_plain_product():
    keep = LOW > 0
    points = mixed_points(HIGH[keep], LOW[keep], 2 * HIGH[keep] ** -0.4 * LOW[keep] ** -0.1, None)
    assert fit_form(points, Product())[1:] == pytest.approx([0.4, 0.1])


@pytest.mark.parametrize("name", LAWS)
def test_points_prefer_their_own_form(name):
    points = drawn(name)
    fits = {n: MixedFit(points, form, fit_form(points, form)) for n, form in FORMS.items()}
    assert min(fits, key=lambda n: fits[n].misfit) == name
    if name != "exchange":  # saturating holds the exchange law as a limit
        assert all(told_apart(fits[name], fits[n], 0.95) for n in fits if n != name)
    assert not told_apart(fits[name], fits[name], 0.95)


def test_spread_is_that_of_chains_fitted_alone():
    points = drawn("exchange", noise=0.01)
    fit = MixedFit(points, Exchange(), fit_form(points, Exchange()))
    alone = [
        fit_form(mixed_points(points.n_high, points.n_low, row, None), Exchange(), unit=points.unit)
        for row in points.errors
    ]
    error, df = fit.spread.of(np.eye(3))
    assert error == pytest.approx(np.std(alone, axis=0, ddof=1) / np.sqrt(5), rel=0.05)
    assert (df == 4).all()


def test_a_mix_left_out_is_not_seen():
    points = drawn("exchange", chains=1, noise=0.0)
    points.errors[0, 3] *= 2
    fit = MixedFit(points, Exchange(), fit_form(points, Exchange()))
    assert fit.left_out[0, 3] == pytest.approx(np.log(2), abs=1e-5)
