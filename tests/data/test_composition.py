import numpy as np
import pytest

from transferkit.data.composition import fractions, row_basis, undetermined_elements
from transferkit.data.describe import describe
from transferkit.reference.composition import coverage


def test_basis_is_orthonormal_and_does_not_depend_on_cell_size():
    counts = np.random.default_rng(1).integers(0, 4, (60, 5)) + np.eye(5)[np.arange(60) % 5]
    basis = row_basis(counts)
    np.testing.assert_allclose(basis @ basis.T, np.eye(5), atol=1e-12)
    larger = row_basis(counts * np.arange(1, 61)[:, None])
    np.testing.assert_allclose(basis.T @ basis, larger.T @ larger, atol=1e-10)


def test_fractions_sum_to_one():
    assert fractions(np.array([[1.0, 2.0, 1.0]])).tolist() == [[0.25, 0.5, 0.25]]


@pytest.mark.parametrize(
    ("counts", "rank", "undetermined"),
    [
        (np.array([[1.0, 1, 0], [2, 2, 0], [0, 0, 1]]), 2, (3, 9)),
        (np.array([[1.0, 1, 0], [1, 2, 0]]), 2, (14,)),
        (
            np.array([[1.0, 1, 0], [1, 1 + 1e-12, 0]]),
            1,
            (3, 9, 14),
        ),  # what rounding leaves over is no direction of its own
        (np.zeros((0, 3)), 0, (3, 9, 14)),
    ],
)
def test_rank_and_undetermined_elements(counts, rank, undetermined):
    basis = row_basis(counts)
    assert len(basis) == rank
    assert undetermined_elements(basis, np.array([3, 9, 14])) == undetermined


def test_describing_and_fitting_agree(r2scan):
    for part in (r2scan, r2scan[::7], r2scan[:3]):
        found, fitted = describe(part), coverage(part.counts(), part.elements)
        assert found.rank == fitted.rank
        assert len(found.undetermined) == len(fitted.undetermined)
