import math

import pytest

from transferkit.report.quantities import MISSING, QUANTITIES, count, decimals, duration, percent, probability
from transferkit.units import GPA


@pytest.mark.parametrize("value", [None, math.nan, math.inf])
def test_a_value_that_is_not_there_is_a_dash_and_never_zero(value):
    assert QUANTITIES["energy"].show(value) == MISSING
    assert QUANTITIES["energy"].value(value) is None
    assert probability(value) == MISSING
    assert duration(value) == MISSING
    assert count(value) == MISSING


def test_zero_is_shown_as_zero():
    assert QUANTITIES["energy"].show(0.0) == "0.00"


def test_stress_is_converted_by_the_units_of_the_package():
    assert QUANTITIES["stress"].value(0.25 * GPA) == pytest.approx(0.25)
    assert QUANTITIES["stress"].show(0.25 * GPA) == "0.250"


def test_interval_has_the_decimals_of_its_value():
    assert QUANTITIES["forces"].show(0.03846, (0.03, 0.1)) == "38.5 [30.0, 100.0]"


@pytest.mark.parametrize("interval", [None, (None, 0.1), (0.1, math.nan)])
def test_incomplete_interval_is_left_out(interval):
    assert QUANTITIES["energy"].show(0.05, interval) == "50.0"


def test_negative_differences_have_a_minus_sign():
    assert QUANTITIES["energy"].show(-0.0032, (-0.0042, 0.001)) == "−3.20 [−4.20, 1.00]"


@pytest.mark.parametrize(
    ("value", "interval", "text"),
    [
        (-2e-10, (-9e-10, 5e-10), "−2.00·10⁻⁷ [−9.00·10⁻⁷, 5.00·10⁻⁷]"),
        (-1e-9, (-2e-3, 1e-3), "0.000 [−2.000, 1.000]"),
        (-1e-15, (-1e-14, 1e-14), "0.00 [0.00, 0.00]"),
        (-0.0, None, "0.00"),
        (0.0, (-1e-10, 1e-10), "0 [−1.00·10⁻⁷, 1.00·10⁻⁷]"),
        (-5e-8, None, "−5.00·10⁻⁵"),
    ],
)
def test_small_differences_keep_their_digits_and_zero_has_no_sign(value, interval, text):
    assert QUANTITIES["energy"].show(value, interval) == text


def test_three_significant_digits_over_nine_decades():
    for exponent in range(-4, 5):
        value = 1.234 * 10**exponent
        assert float(f"{value:.{decimals(value)}f}") == pytest.approx(value, rel=5e-3)


def test_percent_and_times():
    assert percent(0.131) == "13 %"
    assert duration(59.94) == "59.9 s"
    assert duration(3600.0) == "1 h 00 min"
    assert duration(119.7) == "2 min 00 s"
    assert probability(0.0009) == "< 0.001"
