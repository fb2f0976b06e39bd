"""Compositions as a linear system: fractions, row space, and the elements that it leaves open."""

import numpy as np

RANK_TOLERANCE = 1e-10
"""Singular values below this share of the largest count as zero. Compositions that differ at all differ by far more."""
DIRECTION_TOLERANCE = 1e-8
"""Largest length outside the row space that still counts as inside it."""


def fractions(counts: np.ndarray) -> np.ndarray:
    """Counts divided by the number of atoms of each structure, shape (structures, elements)."""
    out: np.ndarray = counts / counts.sum(axis=1, keepdims=True)
    return out


def row_basis(counts: np.ndarray) -> np.ndarray:
    """Orthonormal basis of the row space of the composition fractions, shape (rank, elements)."""
    # The triangular factor has the singular values of the tall matrix without squaring them, as X^T X would.
    triangle = np.linalg.qr(fractions(counts), mode="r")
    _, singular, rows = np.linalg.svd(triangle, full_matrices=False)
    rank = int((singular > RANK_TOLERANCE * singular.max(initial=0.0)).sum())
    basis: np.ndarray = rows[:rank]
    return basis


def undetermined_elements(basis: np.ndarray, elements: np.ndarray) -> tuple[int, ...]:
    """Atomic numbers whose unit vector does not lie in the row space with this basis, sorted."""
    outside = np.linalg.norm(np.eye(len(elements)) - basis.T @ basis, axis=1)
    return tuple(sorted(int(z) for z in np.asarray(elements)[outside > DIRECTION_TOLERANCE]))
