"""Means come from sums and counts, whatever the size of the batches."""

import numpy as np
import pytest

from transferkit.training.tally import Tally

WEIGHTS = {"energy": 3.0, "forces": 1.0, "stress": 0.1, "magmoms": 1.0}


def test_two_batches_are_one():
    a, b = np.arange(18.0).reshape(3, 6), np.ones((3, 6))
    apart, together = Tally(), Tally()
    apart.add(a)
    apart.add(b)
    together.add(a + b)
    assert apart.row(WEIGHTS) == together.row(WEIGHTS)


def test_a_label_that_is_nowhere_is_null_and_not_zero():
    tally = Tally()
    tally.add(np.array([[1.0, 0, 0, 0, 0, 0], [2.0, 0, 0, 0, 0, 0], [0.5, 0, 0, 0, 0, 0]]))
    row = tally.row(WEIGHTS)
    assert row == {"loss": 1.5, "energy_mae": 0.25, "forces_mae": None, "stress_mae": None, "magmoms_mae": None}


def test_nothing_at_all_is_null():
    assert set(Tally().row(WEIGHTS).values()) == {None}


def test_consistency_losses_are_in_the_row_only_where_they_were_computed():
    tally = Tally()
    tally.add(np.array([[0.0, 0, 0, 0, 6.0, 0], [0.0, 0, 0, 0, 2.0, 0], [0.0, 0, 0, 0, 1.0, 0]]))
    row = tally.row({**WEIGHTS, "pitc": 0.5, "pisc": 9.0})
    assert (row["loss"], row["pitc_mae"]) == (1.5, 0.5)
    assert "pisc_mae" not in row


def test_counts():
    tally = Tally()
    tally.add(np.array([[0.0] * 6, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [0.0] * 6]))
    counts = {"energy": 1.0, "forces": 2.0, "stress": 3.0, "magmoms": 4.0, "pitc": 5.0, "pisc": 6.0}
    assert tally.counts() == counts
    assert tally.loss(WEIGHTS) == pytest.approx(0.0)


def test_sets_have_sums_of_their_own():
    tally = Tally()
    zeros = [0.0] * 5
    tally.add(np.array([[6.0, *zeros, 8.0, *zeros], [2.0, *zeros, 4.0, *zeros], [1.0, *zeros, 3.0, *zeros]]))
    weights, sets = {"energy": 3.0}, {"r2SCAN": 1.0, "PBE": 0.5}
    row = tally.row(weights, sets)
    assert [(name, one["loss"], one["energy_mae"]) for name, one in row["heads"].items()] == [
        ("r2SCAN", 9.0, 0.5),
        ("PBE", 6.0, 0.75),
    ]
    assert row["loss"] == tally.total(weights, sets) == 9.0 + 0.5 * 6.0
    assert row["energy_mae"] == 0.5  # of the target
    assert tally.sets == 2
    assert "heads" not in tally.row(weights, {"r2SCAN": 1.0})


def test_before_training_every_set_has_nothing():
    row = Tally().row(WEIGHTS, {"a": 1.0, "b": 1.0})
    assert row.pop("heads") == {"a": row, "b": row}
    assert set(row.values()) == {None}


def test_a_root_is_taken_of_the_sum_of_squares():
    tally = Tally()
    for sums in ([1.0, 2.0, 9.0, 20.0], [3.0, 2.0, 9.0, 16.0]):
        tally.add(np.array([[value, 0, 0, 0, 0, 0] for value in sums]))
    assert tally.roots()["energy"] == 3.0
    assert tally.loss({"energy": 2.0}) == 2.0 * (1.0 + 3.0)
    assert Tally().roots()["energy"] == 0.0
