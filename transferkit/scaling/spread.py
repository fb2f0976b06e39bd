"""How far an estimate may be off: variances of linear combinations of fitted parameters, with degrees of freedom.

An estimate's error is a sum over independent sources: chains of nested subsets, test compositions, or single points. Each
source is a table with one row per unit (its influence on every parameter), so that correlations inside a unit need no model.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import t as student

from transferkit.scaling.bounds import Interval, around

CHAINS, POINTS, COMPOSITIONS, CELLS = "chains", "points", "compositions", "chains and compositions"


@dataclass(frozen=True)
class Source:
    """Influence of independent units on the parameters, (units, parameters); variance = scale * sum of squares.

    ``units`` says what they are. ``df`` is None for a correction that is taken off: the noise of one composition in one chain,
    which chains and compositions both count.
    """

    units: str
    rows: np.ndarray
    scale: float
    df: float | None

    def variance(self, directions: np.ndarray) -> np.ndarray:
        """Of linear combinations (..., parameters)."""
        return np.asarray(self.scale * ((directions @ self.rows.T) ** 2).sum(axis=-1))

    def freedom(self, directions: np.ndarray) -> np.ndarray:
        """Degrees of freedom of :meth:`variance`: fewer where a few test compositions make most of it."""
        shape = directions.shape[:-1]
        if self.units != COMPOSITIONS:
            return np.full(shape, self.df)
        return freedom_of(directions @ self.rows.T)

    def placed(self, before: int, behind: int) -> "Source":
        """The same among more parameters, on which these units have no influence."""
        return replace(self, rows=np.pad(self.rows, ((0, 0), (before, behind))))


@dataclass(frozen=True)
class Spread:
    """Sources of error of one estimate."""

    sources: tuple[Source, ...]

    def of(self, directions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Standard errors of linear combinations (..., parameters), and their degrees of freedom (Satterthwaite)."""
        found = [s.variance(directions) for s in self.sources if s.df]
        dofs = [s.freedom(directions) for s in self.sources if s.df]
        off = np.sum([s.variance(directions) for s in self.sources if not s.df], axis=0)
        # A correction may exceed what it corrects by chance; the largest single source is always there.
        total = np.maximum(np.sum(found, axis=0) - off, np.max(found, axis=0))
        noise = np.sum([v**2 / df for v, df in zip(found, dofs, strict=True)], axis=0)
        least = np.min(dofs, axis=0)
        df = np.divide(total**2, noise, out=np.array(least), where=noise > 0)
        return np.asarray(np.sqrt(total)), np.asarray(np.maximum(df, least))

    def half(self, directions: np.ndarray, level: float) -> np.ndarray:
        """Half width of the t interval at a level."""
        error, df = self.of(directions)
        return np.asarray(student.ppf(0.5 + level / 2, df) * error)

    def interval(self, value: float, direction: np.ndarray, level: float) -> Interval:
        """The t interval of one linear combination."""
        return around(value, float(self.half(direction, level)), level)


def freedom_of(influences: np.ndarray) -> np.ndarray:
    """Degrees of freedom of the variance of a sum over n units, (..., n): n - 1 for normal ones, 2 n / (kurtosis - 1) for others.

    >>> (
    ...     freedom_of(np.array([1.0, -1.0, 1.0, -1.0])).item(),
    ...     freedom_of(np.array([9.0, 0.0, 0.0, -9.0, 0.0, 0.0])).item(),
    ... )
    (3.0, 5.0)
    """
    n = influences.shape[-1]
    squares = influences * influences
    kurtosis = n * (squares * squares).sum(axis=-1) / np.maximum(squares.sum(axis=-1) ** 2, 1e-300)
    return np.asarray(np.minimum(2.0 * n / np.maximum(kurtosis - 1.0, 1e-9), n - 1.0))


def unskewed(score: np.ndarray, skewness: np.ndarray) -> np.ndarray:
    """A t statistic whose estimate is skewed, turned into one that is not: Hall's cubic (J. R. Stat. Soc. B 54, 221, 1992).

    Where an estimate is skewed to the right, low estimates come with small standard errors, so that upper bounds would lie too low.

    Args:
        score: (estimate - hypothesis) / standard error
        skewness: of the estimate, third central moment over standard error cubed

    >>> unskewed(np.array([-2.0, 2.0]), np.array([0.3, 0.3])).round(3)
    array([-1.577,  2.477])
    """
    return np.asarray(score + skewness * score**2 / 3 + skewness**2 * score**3 / 27 + skewness / 6)


def of_chains(rows: np.ndarray) -> Source:
    """The spread of a mean over chains, from the chains' own estimates, (chains, parameters)."""
    n = len(rows)
    return Source(CHAINS, rows - rows.mean(axis=0), 1.0 / (n * (n - 1)), n - 1.0)


def of_points(inverse: np.ndarray, variance: float, df: int) -> Source:
    """The spread of a regression on independent points: ``inverse`` of the normal matrix and the residuals' variance."""
    return Source(POINTS, np.linalg.cholesky(inverse).T, variance, float(df))


def of_compositions(cells: np.ndarray, *, chains: bool) -> tuple[Source, ...]:
    """The spread over test compositions that could have been tested, (chains, compositions, parameters).

    Args:
        cells: influence of one composition's errors in one chain on the parameters of that chain
        chains: chains are a source of their own, so that the noise of single cells would be counted twice
    """
    n, c = cells.shape[:2]
    over = Source(COMPOSITIONS, cells.mean(axis=0), c / (c - 1), c - 1.0)
    twice = Source(CELLS, cells.reshape(n * c, -1) / n, c / (c - 1), None)
    return (over, twice) if chains else (over,)


def joined(first: Spread, second: Spread, shared: frozenset[str]) -> Spread:
    """The spread of two estimates' parameters side by side.

    Args:
        first: of the first parameters
        second: of the others
        shared: kinds of units that are the same units in the same order in both; others are independent
    """
    n, m = (spread.sources[0].rows.shape[1] for spread in (first, second))
    if {CHAINS, COMPOSITIONS} <= shared:
        shared |= {CELLS}
    out = []
    for a in first.sources:
        b = next((s for s in second.sources if s.units == a.units and a.units in shared), None)
        out.append(a.placed(0, m) if b is None else replace(a, rows=np.hstack([a.rows, b.rows])))
    done = {s.units for s in first.sources} & shared
    out += [b.placed(n, 0) for b in second.sources if b.units not in done]
    return Spread(tuple(out))
