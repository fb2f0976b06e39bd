import numpy as np
import pytest

from transferkit.evaluation.outliers import outliers

USUAL = list(np.linspace(9.0, 11.0, 21))


def test_a_structure_is_named_once_by_the_quantity_in_which_it_is_farthest():
    found = outliers({"volume": [*USUAL, 30.0], "force": [*USUAL, -500.0]})
    assert [(one.row, one.name, one.value) for one in found] == [(21, "force", -500.0)]
    assert found[0].deviations < -100


def test_deviations_are_robust_standard_deviations():
    rng = np.random.default_rng(0)
    numbers = [*rng.normal(size=5000), 10.0]
    assert outliers({"x": numbers})[0].deviations == pytest.approx(10.0, rel=0.05)


def test_the_farthest_come_first_and_no_more_than_asked_for():
    found = outliers({"x": [*USUAL, 50.0, 90.0, -60.0]}, n=2)
    assert [one.value for one in found] == [90.0, -60.0]


def test_absent_values_few_values_and_equal_values_give_nothing():
    assert outliers({"x": [None] * 50, "y": [1.0, 2.0, 500.0], "z": [0.0] * 40 + [9.0]}) == []
    assert [one.row for one in outliers({"x": [None, *USUAL, 99.0]})] == [22]
    assert outliers({}) == []
