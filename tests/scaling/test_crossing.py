import numpy as np
import pytest

from transferkit.scaling.bounds import Interval
from transferkit.scaling.crossing import Crossing
from transferkit.scaling.gain import compare_curves

N = np.geomspace(20, 2000, 5)


def noisy(errors, seed, chains=4, scatter=0.05):
    return errors * np.exp(scatter * np.random.default_rng(seed).normal(size=(chains, len(errors))))


def test_the_crossing_of_paper_a(paper):
    n, transfer, scratch = paper
    found = compare_curves(transfer=(n, transfer), scratch=(n, scratch)).crossing
    assert found.size == pytest.approx(719_996, rel=1e-3)
    assert found.below == "transfer"
    assert not found.inside
    assert found.beyond == "3.8 times beyond your largest size"
    assert found.interval.low < found.size < found.interval.high
    assert "extrapolation" in str(found)


def test_fiellers_interval_in_closed_form():
    transfer, scratch = noisy(0.5 * N**-0.3, 1), noisy(2.0 * N**-0.6, 2)
    found = compare_curves(transfer=(N, transfer), scratch=(N, scratch)).crossing
    x = np.log(N)
    lines = np.array([np.polyfit(x, row, 1) for row in np.log(transfer) - np.log(scratch)])
    mean, cov = lines.mean(axis=0), np.cov(lines.T) / len(lines)
    from scipy.stats import t

    k = t.ppf(0.975, 3) ** 2
    square = [mean[0] ** 2 - k * cov[0, 0], 2 * (mean[0] * mean[1] - k * cov[0, 1]), mean[1] ** 2 - k * cov[1, 1]]
    low, high = np.sort(np.exp(np.roots(square)))
    assert found.interval.pieces[0] == pytest.approx((low, high), rel=1e-4)
    assert found.inside


def test_parallel_curves_bound_no_crossing():
    chance = np.exp(0.05 * np.random.default_rng(3).normal(size=(4, 5)))
    found = compare_curves(transfer=(N, noisy(0.5 * N**-0.5, 4)), scratch=(N, 1.01 * N**-0.5 * chance)).crossing
    assert not found.interval.bounded
    assert "do" in str(found)
    same = compare_curves(transfer=(N, 0.5 * N**-0.5 * chance), scratch=(N, N**-0.5 * chance)).crossing
    assert same.size is None
    assert same.below == "transfer"
    assert "do not meet" in str(same)
    assert "at 95 % the data tell them apart at every size" in same.told("a", "b")
    assert "a is better" in same.told("a", "b")


@pytest.mark.parametrize("low", [1e-9, 1e-4, None])
def test_a_crossing_below_one_structure_is_told_in_words(low):
    found = Crossing(1e-3, Interval(((low, 0.5),), 0.95), "transfer", False, "2e+04 times below your smallest size")
    assert found.to_json()["size"] == 1e-3
    said = found.told("a", "b")
    assert said.startswith("The laws meet below any size, 95 % interval: ")
    assert "b is better at every size." in said
    assert "0.001" not in said


def test_far_unbounded_on_both_sides():
    found = compare_curves(
        transfer=(N, noisy(N**-0.5, 5, chains=3, scatter=0.3)), scratch=(N, noisy(N**-0.5, 6, chains=3, scatter=0.3))
    ).crossing
    assert (found.interval.low, found.interval.high) == (None, None)
    assert "The slopes are not told apart" in str(found)


def test_scratch_may_be_better_below():
    found = compare_curves(transfer=(N, noisy(2.0 * N**-0.6, 7)), scratch=(N, noisy(0.5 * N**-0.3, 8))).crossing
    assert found.below == "scratch"
    assert found.to_json()["below"] == "scratch"
