"""Errors of an elemental fit on compositions that it has not seen, without refitting once per composition."""

from collections.abc import Iterator

import numpy as np

from transferkit.data.composition import fractions
from transferkit.errors import ReferenceFitError
from transferkit.reference.composition import estimable
from transferkit.reference.fit import check_method, inverse_gram, solve

SINGULAR = 1e-8
"""Smallest singular value of I - P M at which a group still counts as predictable from the others."""


def left_out_residuals(
    counts: np.ndarray,
    targets: np.ndarray,
    groups: np.ndarray,
    *,
    method: str = "least-squares",
    ridge: float = 1e-3,
) -> tuple[np.ndarray, np.ndarray]:
    r"""Target minus the prediction of a fit from which the structure's whole group was left out.

    For least squares and ridge this needs one fit. With rows :math:`X` (fractions), :math:`P = (X^T X + λ)^{-1}` and
    in-sample residuals :math:`e`, leaving out group :math:`g` gives :math:`(I - X_g P X_g^T)^{-1} e_g`, which equals
    :math:`e_g + X_g (I - P M)^{-1} P X_g^T e_g` with :math:`M = X_g^T X_g`; the last form is a system only as large
    as the number of elements in the group. Huber fits have no such form and are refitted.

    Args:
        counts: atoms of each element in each structure, shape (structures, elements)
        targets: eV/atom, shape (structures, targets): several right-hand sides at once
        groups: integer label of each structure's group, shape (structures,)
        method: as in :func:`~transferkit.reference.fit.fit_reference`
        ridge: as there

    Returns:
        Residuals, eV/atom, shape (structures, targets), NaN where the other groups do not determine the structure's
        reference; and where they do, bool, shape (structures,).

    Raises:
        ReferenceFitError: the arrays differ in length, or the method is unknown.

    >>> counts = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    >>> errors, determined = left_out_residuals(counts, np.array([[1.0], [3.0], [2.5]]), np.arange(3))
    >>> errors.ravel().round(6)  # AB is 0.5 above the mean of A and B; A and B are 2 * 0.5 below what AB asks for
    array([-1. , -1. ,  0.5])
    """
    if not len(counts) == len(targets) == len(groups):
        raise ReferenceFitError(
            f"{len(counts)} counts, {len(targets)} targets and {len(groups)} groups differ in number"
        )
    check_method(method)
    if method == "huber":
        return refitted_residuals(counts, targets, groups, method=method, ridge=ridge)
    rows = fractions(counts)
    penalty = ridge if method == "ridge" else 0.0
    inverse, plain = inverse_gram(rows, penalty), inverse_gram(rows)
    residuals = targets - rows @ (inverse @ (rows.T @ targets))
    determined = np.ones(len(rows), dtype=bool)
    for members in _members(groups):
        here = np.flatnonzero(rows[members].any(axis=0))
        X, e = rows[np.ix_(members, here)], residuals[members]
        M, cut = X.T @ X, np.ix_(here, here)
        eye = np.eye(len(here))
        # Whether the others determine the group is a question of rank, also where a ridge would give some number.
        if np.linalg.svd(eye - plain[cut] @ M, compute_uv=False)[-1] < SINGULAR:
            determined[members] = False
            continue
        residuals[members] = e + X @ np.linalg.solve(eye - inverse[cut] @ M, inverse[cut] @ (X.T @ e))
    residuals[~determined] = np.nan
    return residuals, determined


def refitted_residuals(
    counts: np.ndarray,
    targets: np.ndarray,
    groups: np.ndarray,
    *,
    method: str = "least-squares",
    ridge: float = 1e-3,
) -> tuple[np.ndarray, np.ndarray]:
    """As :func:`left_out_residuals`, by one fit per group and target: slow, and right for any method."""
    rows = fractions(counts)
    residuals = np.full(targets.shape, np.nan)
    determined = np.zeros(len(rows), dtype=bool)
    for members in _members(groups):
        others = np.setdiff1d(np.arange(len(rows)), members)
        if len(others) == 0 or not estimable(counts[others], counts[members]).all():
            continue
        determined[members] = True
        for k in range(targets.shape[1]):
            values, _ = solve(rows[others], targets[others, k], method=method, ridge=ridge)
            residuals[members, k] = targets[members, k] - rows[members] @ values
    return residuals, determined


def _members(groups: np.ndarray) -> Iterator[np.ndarray]:
    order = np.argsort(groups, kind="stable")
    edges = np.flatnonzero(np.diff(groups[order])) + 1
    yield from np.split(order, edges)
