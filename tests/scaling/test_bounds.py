import numpy as np
import pytest

from transferkit.scaling.bounds import Interval, accepted, around


def test_ends_are_found_between_grid_points():
    found = accepted(lambda x: np.abs(x - np.pi) - 0.1, np.linspace(0, 10, 101), 0.95)
    assert found.pieces[0] == pytest.approx((np.pi - 0.1, np.pi + 0.1), abs=1e-6)
    assert found.bounded


def test_an_accepted_end_of_the_grid_is_no_end():
    found = accepted(lambda x: 3.0 - x, np.linspace(0, 10, 11), 0.95)
    assert found.pieces == ((3.0, None),)
    assert 1e9 in found
    assert 2.9 not in found
    assert not found.bounded


def test_a_middle_may_be_left_out_and_nothing_may_be_left():
    found = accepted(lambda x: 2.0 - np.abs(x), np.linspace(-10, 10, 22), 0.95)
    (_, low), (high, _) = found.pieces
    assert (low, high) == pytest.approx((-2.0, 2.0), abs=1e-6)
    assert 0.0 not in found
    assert -99.0 in found
    assert accepted(np.ones_like, np.linspace(0, 1, 5), 0.95).pieces == ()


def test_json_round_trip_and_change_of_variable():
    found = Interval(((None, 1.0), (2.0, None)), 0.9)
    assert Interval.from_json(found.to_json()) == found
    assert found.through(np.exp).pieces[1] == (pytest.approx(np.e**2), None)
    assert around(1.0, np.inf, 0.95).pieces == ((None, None),)
