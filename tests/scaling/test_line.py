import json

import numpy as np
import pytest

from transferkit.errors import ScalingError
from transferkit.scaling.line import ErrorLine, fit_line


def drawn(rng, chains, slope=0.7, m=6, noise=0.12):
    x = -np.linspace(0, 2, m)
    shared = rng.normal(size=(chains, m))
    both = [
        noise * (0.6 * shared + 0.8 * rng.normal(size=(chains, m))) + 0.3 * rng.normal(size=(chains, 1)) for _ in "xy"
    ]
    return np.exp(x + both[0]).ravel(), np.exp(slope * x + both[1]).ravel(), np.repeat(np.arange(chains), m)


@pytest.mark.parametrize("chains", [3, 5])
def test_noise_in_x_does_not_flatten_the_line_and_intervals_cover(chains):
    rng = np.random.default_rng(chains)
    lines = [fit_line(*drawn(rng, chains, noise=0.3)) for _ in range(80)]
    assert np.median([one.slope for one in lines]) == pytest.approx(0.7, abs=0.05)
    assert 0.87 <= np.mean([0.7 in one.interval for one in lines]) <= 1.0


def test_without_chains_intervals_cover_too():
    rng = np.random.default_rng(7)
    x = -np.linspace(0, 2, 8)
    lines = [fit_line(*np.exp([x + 0.1 * rng.normal(size=8), 0.7 * x + 0.1 * rng.normal(size=8)])) for _ in range(80)]
    assert 0.87 <= np.mean([0.7 in one.interval for one in lines]) <= 1.0
    assert np.median([one.slope for one in lines]) == pytest.approx(0.7, abs=0.03)


def test_conditions_are_matched_by_name():
    x, y, chains = drawn(np.random.default_rng(0), 3)
    by = np.tile(np.arange(6), 3)
    order = np.random.default_rng(1).permutation(18)
    one, other = fit_line(x, y, chains, by=by), fit_line(x[order], y[order], chains[order], by=by[order])
    assert other.slope == pytest.approx(one.slope)
    assert ErrorLine.from_json(json.loads(json.dumps(one.to_json()))) == one
    assert one.y(np.array([1.0]))[0] == pytest.approx(np.exp(one.intercept))
    assert "3 chains" in str(one)


def test_no_relation_has_no_ends():
    rng = np.random.default_rng(2)
    line = fit_line(*np.exp(rng.normal(size=(2, 5))))
    assert not line.interval.bounded or line.interval.high - line.interval.low > 3


@pytest.mark.parametrize(
    ("x", "y", "chains", "part"),
    [
        ([1, 2], [1, 2], None, "2 points"),
        ([1, 2, 0], [1, 2, 3], None, "x of point 2 is 0"),
        ([1, 2, 3], [1, 2], None, "one x and one y"),
        ([1, 2, 3, 4], [1, 2, 3, 4], [0, 0, 0, 1], "do not have the same conditions"),
        ([2, 2, 2], [1, 2, 3], None, "the same x, 2"),
    ],
)
def test_mistakes(x, y, chains, part):
    with pytest.raises(ScalingError, match=part):
        fit_line(np.array(x, dtype=float), np.array(y, dtype=float), chains)
