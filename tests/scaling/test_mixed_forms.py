import numpy as np
import pytest

from transferkit.scaling.mixed_forms import Exchange, Product, ProductFromNone, Saturating, forms_for

CASES = [
    (Exchange(), [0.3, 0.5, 0.2]),
    (Saturating(), [0.3, 0.5, -1.0, 1.2]),
    (Product(), [0.3, 0.4, 0.2]),
    (ProductFromNone(), [0.3, 0.4, 0.2, -0.5]),
]
HIGH, LOW = (v.ravel() for v in np.meshgrid([0.2, 1.0, 4.0], [0.1, 2.0, 30.0]))
by_form = pytest.mark.parametrize(("form", "theta"), CASES, ids=lambda x: type(x).__name__)


@by_form
def test_gradients_are_differences(form, theta):
    theta = np.array(theta)
    step = 1e-6 * np.eye(len(theta))
    differences = [(form.value(theta + s, HIGH, LOW) - form.value(theta - s, HIGH, LOW)) / 2e-6 for s in step]
    assert np.allclose(form.gradient(theta, HIGH, LOW), np.stack(differences, axis=-1), atol=1e-7)


@by_form
def test_many_fits_at_once_are_each_alone(form, theta):
    thetas = np.array([theta, 1.1 * np.array(theta)])
    both, slopes = form.value(thetas, HIGH, LOW), form.gradient(thetas, HIGH, LOW)
    assert both.shape == (2, 9)
    assert slopes.shape == (2, 9, len(theta))
    assert np.allclose(both[1], form.value(thetas[1], HIGH, LOW))
    assert np.allclose(slopes[1], form.gradient(thetas[1], HIGH, LOW))


@by_form
def test_labels_needed_give_the_error_that_was_asked_for(form, theta):
    theta = np.array(theta)
    target = float(form.value(theta, np.array([1.0]), np.array([2.0]))[0])
    assert form.low_for(theta, target, np.array([1.0]))[0] == pytest.approx(2.0)
    assert form.high_for(theta, target, 2.0) == pytest.approx(1.0)


@by_form
def test_columns_and_starts_make_the_value(form, theta):
    theta = np.array(theta)
    n = len(form.starts[0])
    # Product(1 + l / m) and the worths are started from the last parameters as they stand in theta.
    start = theta[len(theta) - n :]
    columns = form.columns(start, HIGH, LOW)
    assert np.allclose(columns @ theta[: len(theta) - n], form.value(theta, HIGH, LOW))


@by_form
def test_readable_parameters_are_for_labels_counted_one_by_one(form, theta):
    theta, unit = np.array(theta), 50.0
    p = form.readable(theta, unit)
    h, n = HIGH * unit, LOW * unit
    said = {
        "Exchange": lambda: p["A"] * (h + p["k"] * n) ** -p["b"],
        "Saturating": lambda: p["A"] * (h + p["k"] * n / (1 + p["k"] * n / (p["g"] * h))) ** -p["b"],
        "Product": lambda: p["A"] * h ** -p["b"] * n ** -p["d"],
        "ProductFromNone": lambda: p["A"] * h ** -p["b"] * (1 + n / p["m"]) ** -p["d"],
    }[type(form).__name__]()
    assert np.allclose(np.log(said), form.value(theta, HIGH, LOW))


def test_cheap_labels_alone_are_not_enough_where_they_saturate():
    form, theta = Saturating(), np.array([0.0, 1.0, 0.0, np.log(2.0)])
    assert form.low_for(theta, np.log(1 / 2.9), np.array([1.0]))[0] == pytest.approx(38.0)
    assert np.isinf(form.low_for(theta, np.log(1 / 3.1), np.array([1.0]))[0])


def test_harmful_cheap_labels_are_not_sound():
    assert not Exchange().sound(np.array([0.0, 0.5, -0.1]))
    assert np.isinf(Exchange().low_for(np.array([0.0, 0.5, -0.1]), -1.0, np.array([1.0]))[0])
    assert not Product().sound(np.array([0.0, 0.5, -0.1]))
    assert not Saturating().sound(np.array([0.0, 0.5, 0.0, 40.0]))
    assert not ProductFromNone().sound(np.array([0.0, 0.5, 0.1, -30.0]))


def test_forms_follow_the_points():
    assert [f.name for f in forms_for(always_cheap=False, offset=True)][-1] == "product + c"
    assert isinstance(forms_for(always_cheap=False, offset=False)[-1], ProductFromNone)
    assert len(forms_for(always_cheap=True, offset=None)) == 6
