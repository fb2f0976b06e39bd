"""Fit elemental energies to labelled totals: least squares, ridge or Huber."""

from collections.abc import Sequence

import numpy as np
from scipy.linalg import lstsq
from sklearn.linear_model import HuberRegressor, Ridge

from transferkit.data.composition import RANK_TOLERANCE, row_basis, undetermined_elements
from transferkit.errors import ReferenceFitError, nearest
from transferkit.reference.composition import checked_counts
from transferkit.reference.elemental import ElementalReference

METHODS: tuple[str, ...] = ("least-squares", "ridge", "huber")


def fit_reference(
    counts: np.ndarray,
    energies: np.ndarray,
    elements: Sequence[int] | np.ndarray,
    *,
    method: str = "least-squares",
    ridge: float = 1e-3,
    per_atom: bool = True,
    source: str = "",
) -> ElementalReference:
    r"""Elemental energies that best explain total energies: :math:`E_s \approx \sum_e n_{se} E^0_e`.

    Equation 2 of Huang et al., npj Comput. Mater. 11, 313 (2025), in float64 and by a rank-revealing method. Where the
    compositions leave a direction open, the solution of smallest norm is taken and every element that is not
    determined is listed in ``undetermined`` (an element that does not occur gets 0 and is listed). Their entries of
    the covariance describe the fixed directions only and say nothing about the element.

    Args:
        counts: atoms of each element in each structure, shape (structures, elements)
        energies: total energies, eV, shape (structures,)
        elements: atomic numbers of the columns, shape (elements,)
        method: "least-squares"; "ridge" adds ``ridge * |E0|²`` to the sum of squares; "huber" (Huber 1964, joint
            scale, threshold 1.35) bounds the influence of outliers
        ridge: strength of the ridge penalty
        per_atom: divide each structure by its number of atoms first, as the paper does
        source: where the labels come from, in words

    Raises:
        ReferenceFitError: lengths differ, an energy is NaN or infinite, there are no structures, or the method is unknown.

    >>> import numpy as np
    >>> counts = np.array([[1.0, 1.0], [1.0, 2.0], [2.0, 3.0]])  # TiO, TiO2, Ti2O3
    >>> e0 = fit_reference(counts, counts @ [-7.5, -5.0], [22, 8])
    >>> {symbol: round(e, 6) for symbol, e in e0.to_mapping().items()}
    {'O': -5.0, 'Ti': -7.5}
    """
    elements = np.asarray(elements, dtype=np.int64)
    counts = checked_counts(counts, elements)
    energies = checked_energies(energies, len(counts))
    order = np.argsort(elements)
    elements, counts = elements[order], counts[:, order]
    weight = counts.sum(axis=1) if per_atom else np.ones(len(counts))
    rows, targets = counts / weight[:, None], energies / weight
    values, covariance = solve(rows, targets, method=method, ridge=ridge)
    return ElementalReference(
        elements,
        values,
        covariance=covariance,
        undetermined=undetermined_elements(row_basis(counts), elements),
        source=source,
    )


def solve(
    rows: np.ndarray, targets: np.ndarray, *, method: str = "least-squares", ridge: float = 1e-3
) -> tuple[np.ndarray, np.ndarray | None]:
    """Coefficients, shape (elements,), and their covariance, shape (elements, elements).

    The covariance is None where no residual degrees of freedom are left to estimate a variance from.

    Raises:
        ReferenceFitError: no method is called so; names the nearest.
    """
    check_method(method)
    if method == "ridge":
        return _ridge(rows, targets, ridge)
    if method == "huber":
        return _huber(rows, targets)
    values, _, rank, _ = lstsq(rows, targets, cond=RANK_TOLERANCE)
    return values, _scaled(inverse_gram(rows), targets - rows @ values, len(rows) - float(rank))


def inverse_gram(rows: np.ndarray, ridge: float = 0.0) -> np.ndarray:
    """(XᵀX + ridge)⁻¹, a pseudo-inverse where X lacks rank and ridge is zero; shape (elements, elements)."""
    # From the singular values of X, because the rank cannot be told from XᵀX, whose eigenvalues are their squares.
    _, singular, right = np.linalg.svd(np.linalg.qr(rows, mode="r"))
    squares = np.zeros(rows.shape[1])
    squares[: len(singular)] = np.where(singular > RANK_TOLERANCE * singular.max(initial=0.0), singular, 0.0) ** 2
    squares += ridge
    scale = np.divide(1.0, squares, out=np.zeros_like(squares), where=squares > 0)
    inverse: np.ndarray = (right.T * scale) @ right
    return inverse


def _ridge(rows: np.ndarray, targets: np.ndarray, ridge: float) -> tuple[np.ndarray, np.ndarray | None]:
    values = Ridge(alpha=ridge, fit_intercept=False, solver="svd").fit(rows, targets).coef_
    gram = rows.T @ rows
    inverse = inverse_gram(rows, ridge)
    freedom = len(rows) - float(np.trace(inverse @ gram))
    return values, _scaled(inverse @ gram @ inverse, targets - rows @ values, freedom)


def _huber(rows: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    # Raw columns are as unequal as the abundance of elements, on which the optimiser stalls. In the coordinates of the
    # left singular vectors all columns have unit variance, and going back through them gives the smallest norm.
    left, singular, right = np.linalg.svd(rows, full_matrices=False)
    rank = int((singular > RANK_TOLERANCE * singular[0]).sum())
    left, back = left[:, :rank] * np.sqrt(len(rows)), right[:rank].T / singular[:rank] * np.sqrt(len(rows))
    gram = back @ back.T / len(rows)
    start, _, _, _ = lstsq(left, targets)
    residual = targets - left @ start
    spread = float(np.median(np.abs(residual)))
    if spread <= 1e-10 * max(float(np.abs(targets).max()), 1.0):
        return back @ start, _scaled(gram, residual, len(rows) - float(rank))
    model = HuberRegressor(fit_intercept=False, alpha=0.0, max_iter=10_000, tol=1e-8).fit(left, residual / spread)
    after = residual - spread * (left @ model.coef_)
    limit = model.epsilon * model.scale_ * spread
    inside = float((np.abs(after) < limit).mean())
    # Huber (1981), section 7.6: variance of the clipped residuals over the squared share of unclipped ones.
    covariance = _scaled(gram, after.clip(-limit, limit) / inside, len(rows) - float(rank)) if inside else None
    return back @ (start + spread * model.coef_), covariance


def _scaled(gram: np.ndarray, residual: np.ndarray, freedom: float) -> np.ndarray | None:
    if freedom < 0.5:
        return None
    covariance: np.ndarray = gram * float(residual @ residual) / freedom
    return covariance


def check_method(method: str) -> None:
    """Refuse an unknown method.

    Raises:
        ReferenceFitError: no method is called so; names the nearest.
    """
    if method not in METHODS:
        raise ReferenceFitError(f"No method of fitting is called {method!r}. {nearest(method, METHODS)}")


def checked_energies(energies: np.ndarray, n_structures: int, what: str = "energies") -> np.ndarray:
    """Energies as float64, refused where they are not one finite number per structure.

    Raises:
        ReferenceFitError: wrong length, or NaN or infinite; names the first structure.
    """
    energies = np.asarray(energies, dtype=np.float64)
    if energies.shape != (n_structures,):
        raise ReferenceFitError(
            f"{what} have shape {energies.shape} for {n_structures} structures; give one per structure"
        )
    if len(bad := np.flatnonzero(~np.isfinite(energies))):
        raise ReferenceFitError(
            f"{what}: structure {int(bad[0])} is {energies[bad[0]]} (and {len(bad) - 1} more); "
            f"leave structures without this energy out, e.g. data[data.has('energy')]"
        )
    return energies
