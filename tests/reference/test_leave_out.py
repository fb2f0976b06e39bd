import numpy as np
import pytest

from transferkit.errors import ReferenceFitError
from transferkit.reference.leave_out import left_out_residuals, refitted_residuals


def _targets(system):
    labels = (system.counts @ system.e0 + system.noise) / system.size
    return np.stack([labels, system.noise], axis=1)


@pytest.mark.parametrize("method", ["least-squares", "ridge"])
def test_closed_form_equals_refitting(system, method):
    groups = np.unique(system.compositions, return_inverse=True)[1]
    fast, known = left_out_residuals(system.counts, _targets(system), groups, method=method, ridge=0.3)
    slow, expected = refitted_residuals(system.counts, _targets(system), groups, method=method, ridge=0.3)
    np.testing.assert_array_equal(known, expected)
    np.testing.assert_allclose(fast, slow, atol=1e-9)


def test_closed_form_with_groups_of_several_compositions(system):
    groups = np.arange(len(system.counts)) % 4
    fast, _ = left_out_residuals(system.counts, _targets(system), groups)
    slow, _ = refitted_residuals(system.counts, _targets(system), groups)
    np.testing.assert_allclose(fast, slow, atol=1e-9)


def test_rank_deficient_data_still_predict_what_is_estimable(system):
    counts = np.repeat(system.counts, [2, 1, 1, 1, 1], axis=1)
    groups = np.unique(system.compositions, return_inverse=True)[1]
    fast, known = left_out_residuals(counts, _targets(system), groups)
    slow, expected = refitted_residuals(counts, _targets(system), groups)
    assert known.all()
    np.testing.assert_array_equal(known, expected)
    np.testing.assert_allclose(fast, slow, atol=1e-9)


@pytest.mark.parametrize("method", ["least-squares", "ridge", "huber"])
def test_group_with_an_element_of_its_own_is_undetermined(method):
    counts = np.array([[1.0, 0, 0], [0, 1, 0], [1, 1, 0], [1, 2, 0], [1, 0, 1], [1, 0, 1]])
    targets = np.random.default_rng(0).normal(size=(6, 1))
    residuals, known = left_out_residuals(counts, targets, np.array([0, 1, 2, 3, 4, 4]), method=method)
    assert known.tolist() == [True, True, True, True, False, False]
    assert np.isnan(residuals[4:]).all()
    assert np.isfinite(residuals[:4]).all()


def test_one_group_leaves_nothing():
    residuals, known = left_out_residuals(np.ones((3, 2)), np.ones((3, 1)), np.zeros(3, dtype=int))
    assert not known.any()
    assert np.isnan(residuals).all()


def test_lengths_must_agree():
    with pytest.raises(ReferenceFitError, match="3 counts, 2 targets and 3 groups"):
        left_out_residuals(np.ones((3, 2)), np.ones((2, 1)), np.zeros(3, dtype=int))


def test_unknown_method_is_not_taken_for_least_squares():
    with pytest.raises(ReferenceFitError, match="Did you mean 'ridge'"):
        left_out_residuals(np.ones((3, 2)), np.ones((3, 1)), np.arange(3), method="rigde")
