import json

import numpy as np
import pytest
from scipy.stats import wilcoxon

from transferkit.errors import DataError
from transferkit.evaluation.compare import holm, paired

NAMES = [f"c{k}" for k in range(12)]


def _errors(offset, seeds=5, noise=0.01, stream=0):
    rng = np.random.default_rng(stream)
    base = np.linspace(0.05, 1.0, 12)  # compounds differ far more than methods do
    return {s: dict(zip(NAMES, base + offset + noise * rng.normal(size=12), strict=True)) for s in range(seeds)}


def test_pairing_finds_a_small_difference_between_unequal_compounds():
    [found] = paired({"refit": _errors(0.0), "residual": _errors(-0.05, stream=1)}, "refit")
    assert found.mean_difference == pytest.approx(-0.05, abs=0.01)
    assert found.interval[0] < found.mean_difference < found.interval[1] < 0
    assert found.p_wilcoxon < 0.01
    assert (found.n_compositions, found.n_seeds, found.claim, found.warnings) == (12, 5, True, ())


def test_test_is_over_compositions_after_averaging_seeds():
    a, b = _errors(0.0), _errors(0.004, stream=1)
    [found] = paired({"b": b, "a": a}, "a")
    means = [np.mean([b[s][c] - a[s][c] for s in range(5)]) for c in NAMES]
    assert found.mean_difference == pytest.approx(np.mean(means))
    assert found.p_wilcoxon == pytest.approx(wilcoxon(means).pvalue)


def test_equal_methods_give_no_evidence():
    [found] = paired({"a": _errors(0.0), "b": _errors(0.0)}, "a")
    assert (found.mean_difference, found.p_wilcoxon, found.p_holm) == (0.0, 1.0, 1.0)


def test_fewer_than_five_seeds_claim_nothing():
    [found] = paired({"a": _errors(0.0, seeds=3), "b": _errors(0.1, seeds=5)}, "a")
    assert found.n_seeds == 3
    assert not found.claim
    assert found.seeds_per_composition == 3
    [warning] = found.warnings
    assert warning == "3 seeds: indicative only; an ordering needs at least 5 for every composition"


def test_five_seeds_with_one_fold_each_claim_nothing():
    folds = {s: {c: 0.1 * k for k, c in enumerate(NAMES) if k % 5 == s} for s in range(5)}
    better = {s: {c: v - 0.05 for c, v in one.items()} for s, one in folds.items()}
    [found] = paired({"a": folds, "b": better}, "a")
    assert (found.n_seeds, found.seeds_per_composition, found.claim) == (5, 1, False)
    assert "5 seeds in all, but only 1 for some compositions: indicative only" in found.warnings[0]


def test_composition_with_the_fewest_seeds_decides():
    errors = _errors(0.1)
    del errors[2]["c3"]
    [found] = paired({"a": _errors(0.0), "b": errors}, "a")
    assert (found.n_seeds, found.seeds_per_composition, found.claim) == (5, 4, False)


def test_too_few_compositions_are_said():
    few = {s: {n: v for n, v in e.items() if n in NAMES[:4]} for s, e in _errors(0.1).items()}
    [found] = paired({"a": _errors(0.0), "b": few}, "a")
    assert found.n_compositions == 4
    assert "cannot fall below 0.05" in found.warnings[0]


def test_one_composition_has_no_interval():
    one = {0: {"MgO": 1.0}}
    [found] = paired({"a": one, "b": {0: {"MgO": 1.5}}}, "a")
    assert found.interval is None
    assert found.mean_difference == 0.5


def test_holm_by_hand_and_within_the_family():
    assert holm([0.01, 0.02, 0.2]) == pytest.approx([0.03, 0.04, 0.2])
    assert holm([0.6, 0.9]) == [1.0, 1.0]
    assert holm([]) == []
    family = paired({"a": _errors(0.0), "b": _errors(-0.05, stream=1), "c": _errors(0.002, stream=2)}, "a")
    assert [c.p_holm for c in family] == holm([c.p_wilcoxon for c in family])
    assert family[0].p_holm > family[0].p_wilcoxon


def test_json_is_standard():
    [found] = paired({"a": _errors(0.0), "b": _errors(0.1)}, "a")
    again = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert again["interval"] == list(found.interval)
    assert again["claim"] is True
    assert again["seeds_per_composition"] == 5


def test_unknown_baseline_and_nothing_in_common():
    with pytest.raises(DataError, match="Did you mean 'refit'"):
        paired({"refit": _errors(0.0)}, "refti")
    with pytest.raises(DataError, match="share no composition"):
        paired({"a": {0: {"MgO": 1.0}}, "b": {1: {"MgO": 1.0}}}, "a")
    with pytest.raises(DataError, match="share no composition"):
        paired({"a": {0: {"MgO": 1.0}}, "b": {0: {"Si": 1.0}}}, "a")
