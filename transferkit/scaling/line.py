"""Straight lines between two errors: pre-trained against fine-tuned, or one head against another (paper B)."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student

from transferkit.errors import ScalingError
from transferkit.scaling import wording
from transferkit.scaling.bounds import Interval, accepted
from transferkit.scaling.curve import Labels
from transferkit.typing import Json

FEWEST = 3


@dataclass(frozen=True)
class ErrorLine:
    """log y = intercept + slope log x (natural logarithms), both errors.

    Args:
        slope: dimensionless; 1 where both errors fall by the same factor
        intercept: log y at x = 1 in the units of the points
        interval: of the slope
        r2: squared correlation of the logarithms, of means over chains
        n_points: conditions, e.g. pre-training set sizes
        n_chains: 1 where none were told
        method: what the interval assumes
        level: of the interval
    """

    slope: float
    intercept: float
    interval: Interval
    r2: float
    n_points: int
    n_chains: int
    method: str
    level: float

    def y(self, x: np.ndarray) -> np.ndarray:
        """The line at errors x."""
        return np.exp(self.intercept + self.slope * np.log(np.asarray(x, dtype=np.float64)))

    def to_json(self) -> Json:
        """Plain data."""
        return vars(self) | {"interval": self.interval.to_json()}

    @classmethod
    def from_json(cls, data: Json) -> "ErrorLine":
        """The inverse of :meth:`to_json`."""
        return cls(**data | {"interval": Interval.from_json(data["interval"])})

    def __str__(self) -> str:
        """A sentence."""
        return (
            f"y = {np.exp(self.intercept):.3g} x^{self.slope:.3f}, slope's {wording.interval(self.interval, wording.number)} "
            f"(R² {self.r2:.3f}, {self.n_points} points, {self.n_chains} chain{'s' * (self.n_chains > 1)}; {self.method})."
        )


def fit_line(
    x: np.ndarray, y: np.ndarray, chains: Labels | None = None, *, by: Labels | None = None, level: float = 0.95
) -> ErrorLine:
    """Fit log y = intercept + slope log x where both x and y have errors (paper B, arXiv 2506.14963).

    With chains (seeds that repeat the same conditions), how much x and y scatter, and how this scatter is correlated, is estimated
    from what chains differ by; the slope is that of maximum likelihood for such errors, and its interval inverts a t test over
    chains. A chain that is better or worse everywhere moves nothing. Without chains x and y are taken to have equal,
    independent relative errors, and the interval is that of Creasy and Williams.

    Args:
        x: errors, e.g. of pre-trained networks; one per point
        y: errors of the same points, e.g. after fine-tuning
        chains: which chain each point is of
        by: which condition each point is, e.g. the pre-training set size; by the order in each chain if not given
        level: of the interval

    Raises:
        ScalingError: fewer than three conditions, values that are not positive, or chains with different conditions.

    >>> line = fit_line(np.array([0.1, 0.2, 0.4, 0.8]), np.array([0.05, 0.072, 0.099, 0.141]))
    >>> round(line.slope, 2), [round(end, 2) for end in line.interval.pieces[0]]
    (0.49, [0.46, 0.53])
    """
    tables = _tables(x, y, chains, by)
    X, Y = (table - table.mean(axis=1, keepdims=True) for table in tables)
    mean = np.stack([X.mean(axis=0), Y.mean(axis=0)])
    n, m = X.shape
    if not mean[0].any():
        raise ScalingError(
            f"all {m} conditions have the same x, {np.exp(tables[0].mean()):g}. Give points that differ."
        )
    scatter = np.eye(2)
    if n > 1:
        off = np.stack([X - mean[0], Y - mean[1]])
        scatter = np.einsum("akm,bkm->ab", off, off) / ((n - 1) * (m - 1))
        scatter += 1e-9 * np.eye(2) * max(np.trace(mean @ mean.T) / m, 1e-300)
    slope = _steepest(mean @ mean.T, scatter)
    near = np.geomspace(1e-4, 1.0, 40)
    grid = np.unique(np.concatenate([np.tan(np.linspace(-1.5706, 1.5706, 401)), slope - near, [slope], slope + near]))
    df = n - 1 if n > 1 else m - 2
    critical = float(student.ppf(0.5 + level / 2, df))

    def excess(slopes: np.ndarray) -> np.ndarray:
        return np.asarray(np.abs(_scores(slopes, X, Y, scatter)) - critical)

    method = (
        f"t interval over {n} chains; their scatter in x and y is taken into account"
        if n > 1
        else "assuming equal, independent relative errors of x and y"
    )
    r2 = float((mean[0] @ mean[1]) ** 2 / max((mean[0] @ mean[0]) * (mean[1] @ mean[1]), 1e-300))
    intercept = float(tables[1].mean() - slope * tables[0].mean())
    found = accepted(excess, grid, level)
    # The steepest misfit makes the same test zero as the best fit does; what is around it is no candidate.
    around = Interval(tuple(piece for piece in found.pieces if slope in Interval((piece,), level)), level)
    return ErrorLine(slope, intercept, around, r2, m, n, method, level)


def _steepest(spread: np.ndarray, scatter: np.ndarray) -> float:
    """The slope whose residuals y - slope x are smallest in units of their scatter: the smallest generalised eigenvector."""
    root = np.linalg.inv(np.linalg.cholesky(scatter))
    _, vectors = np.linalg.eigh(root @ spread @ root.T)
    off = root.T @ vectors[:, 0]
    return float(-off[0] / off[1]) if abs(off[1]) > 1e-12 * abs(off[0]) else float(np.sign(-off[0] * off[1]) * 1e12)


def _scores(slopes: np.ndarray, x: np.ndarray, y: np.ndarray, scatter: np.ndarray) -> np.ndarray:
    """Statistics of the t test of each slope: the correlation of residuals with where on the line points lie, free of shared scatter."""
    b = slopes[:, None]
    off = y.mean(axis=0) - b * x.mean(axis=0)
    shared = (scatter[0, 1] - b * scatter[0, 0]) / (scatter[1, 1] - 2 * b * scatter[0, 1] + b**2 * scatter[0, 0])
    place = x.mean(axis=0) - shared * off
    n, m = x.shape
    if n == 1:
        r = (place * off).sum(axis=1) / np.sqrt((place**2).sum(axis=1) * (off**2).sum(axis=1) + 1e-300)
        return np.asarray(r * np.sqrt((m - 2) / np.maximum(1.0 - r**2, 1e-300)))
    per_chain = place @ y.T - b * (place @ x.T)
    return np.asarray(per_chain.mean(axis=1) / np.maximum(per_chain.std(axis=1, ddof=1) / np.sqrt(n), 1e-300))


def _tables(x: np.ndarray, y: np.ndarray, chains: Labels | None, by: Labels | None) -> tuple[np.ndarray, np.ndarray]:
    """Logarithms of x and y, (chains, conditions)."""
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if x.ndim != 1 or x.shape != y.shape:
        raise ScalingError(f"x has shape {x.shape} and y {y.shape}. Give one x and one y per point.")
    for name, values in (("x", x), ("y", y)):
        wrong = np.flatnonzero(~(np.isfinite(values) & (values > 0)))
        if len(wrong):
            raise ScalingError(
                f"{name} of point {wrong[0]} is {values[wrong[0]]:g}, not a positive number. Leave the point out."
            )
    labels = np.zeros(len(x), dtype=np.int64) if chains is None else np.asarray(chains)
    names = list(dict.fromkeys(labels.tolist()))
    rows = [np.flatnonzero(labels == name) for name in names]
    if by is not None:
        conditions = np.asarray(by)
        rows = [row[np.argsort(conditions[row], kind="stable")] for row in rows]
        told = {tuple(conditions[row].tolist()) for row in rows}
    else:
        told = {tuple(range(len(row))) for row in rows}
    if len(told) > 1 or (by is not None and any(len(set(one)) < len(one) for one in told)):
        raise ScalingError(
            f"the {len(names)} chains do not have the same conditions, each once. Give every chain the same points, or leave out "
            f"those that are not in all."
        )
    if not rows or len(rows[0]) < FEWEST:
        raise ScalingError(
            f"there are {len(rows[0]) if rows else 0} points, and two lie on every line. Give at least {FEWEST}."
        )
    return np.log(x[np.array(rows)]), np.log(y[np.array(rows)])
