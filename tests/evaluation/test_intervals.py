import numpy as np
import pytest

from transferkit.evaluation.intervals import bootstrap_compositions, bootstrap_ratio, bootstrap_seeds, mean_over_seeds


def test_same_seed_same_interval():
    values = {f"c{k}": [float(k), float(k) / 2] for k in range(8)}
    assert bootstrap_compositions(values, seed=3) == bootstrap_compositions(values, seed=3)
    assert bootstrap_compositions(values, seed=3) != bootstrap_compositions(values, seed=4)


def test_more_frames_of_the_same_compounds_do_not_narrow_the_interval():
    few = {f"c{k}": [float(k)] for k in range(10)}
    many = {name: values * 100 for name, values in few.items()}
    assert bootstrap_compositions(many) == pytest.approx(bootstrap_compositions(few))


def test_more_compounds_do():
    rng = np.random.default_rng(0)
    width = []
    for n in (10, 1000):
        low, high = bootstrap_compositions({f"c{k}": [v] for k, v in enumerate(rng.normal(size=n))})
        width.append(high - low)
    assert width[1] < 0.2 * width[0]


def test_interval_covers_the_mean_of_clustered_values():
    rng = np.random.default_rng(1)
    hits = 0
    for trial in range(200):
        centres = rng.normal(size=30)
        values = {str(k): c + 0.1 * rng.normal(size=5) for k, c in enumerate(centres)}
        low, high = bootstrap_compositions(values, resamples=500, seed=trial)
        hits += low <= 0.0 <= high
    assert 0.88 <= hits / 200 <= 0.99


def test_fewer_than_two_compositions_bound_nothing():
    assert bootstrap_compositions({}) is None
    assert bootstrap_compositions({"MgO": [1.0, 2.0], "Si": []}) is None
    assert bootstrap_ratio(np.array([1.0, 0.0]), np.array([2.0, 0.0])) is None
    assert bootstrap_seeds([{"MgO": 1.0}, {"MgO": 2.0}]) is None
    assert bootstrap_seeds([]) is None


def test_level_widens():
    values = {str(k): [float(k)] for k in range(20)}
    low, high = bootstrap_compositions(values, level=0.99)
    inner_low, inner_high = bootstrap_compositions(values, level=0.5)
    assert low < inner_low < inner_high < high


def test_scatter_between_seeds_widens():
    names = [str(k) for k in range(20)]
    same = [{n: float(k) for k, n in enumerate(names)}] * 4
    spread = [{n: v + 20.0 * s for n, v in one.items()} for s, one in enumerate(same)]
    width = [np.diff(bootstrap_seeds(errors)).item() for errors in (same, spread)]
    assert width[1] > 2 * width[0]


def test_one_seed_is_the_bootstrap_over_compositions():
    values = {str(k): float(k) for k in range(12)}
    low, high = bootstrap_seeds([values], resamples=20_000)
    alone = bootstrap_compositions({n: [v] for n, v in values.items()}, resamples=20_000)
    assert (low, high) == pytest.approx(alone, abs=0.2)


def test_seeds_may_have_seen_different_compositions():
    low, high = bootstrap_seeds([{"a": 1.0, "b": 2.0}, {"c": 3.0, "d": 4.0}])
    assert 1.0 <= low < 2.5 < high <= 4.0


def test_mean_over_seeds_weighs_compositions_equally_however_many_seeds_saw_them():
    means = mean_over_seeds([{"NaCl": 4.0}, {"NaCl": 2.0, "MgO": 1.0}])
    assert means == {"MgO": 1.0, "NaCl": 3.0}
    assert list(means) == ["MgO", "NaCl"]
