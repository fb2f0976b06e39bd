"""How far an estimate may be off: variances of linear combinations of fitted parameters, with degrees of freedom.

An estimate's error is a sum over independent sources: chains of nested subsets, test compositions, or single points. Each
source is a table with one row per unit (its influence on every parameter), so that correlations inside a unit need no model.
"""

from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student

from transferkit.scaling.bounds import Interval, around


@dataclass(frozen=True)
class Source:
    """Influence of independent units on the parameters, (units, parameters); variance = scale * sum of squares.

    ``df`` is None for a correction that is taken off: units that two other sources count twice.
    """

    rows: np.ndarray
    scale: float
    df: float | None

    def variance(self, directions: np.ndarray) -> np.ndarray:
        """Of linear combinations (..., parameters)."""
        return self.scale * ((directions @ self.rows.T) ** 2).sum(axis=-1)

    def placed(self, before: int, behind: int) -> "Source":
        """The same among more parameters, on which these units have no influence."""
        return Source(np.pad(self.rows, ((0, 0), (before, behind))), self.scale, self.df)


@dataclass(frozen=True)
class Spread:
    """Sources of error of one estimate."""

    sources: tuple[Source, ...]

    def of(self, directions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Standard errors of linear combinations (..., parameters), and their degrees of freedom (Satterthwaite)."""
        variances = [s.variance(directions) for s in self.sources]
        total = np.sum([v if s.df else -v for s, v in zip(self.sources, variances, strict=True)], axis=0)
        # A correction may exceed what it corrects by chance; the largest single source is always there.
        total = np.maximum(total, np.max([v for s, v in zip(self.sources, variances, strict=True) if s.df], axis=0))
        noise = np.sum([v**2 / s.df for s, v in zip(self.sources, variances, strict=True) if s.df], axis=0)
        least = min(s.df for s in self.sources if s.df)
        df = np.divide(total**2, noise, out=np.full_like(total, least), where=noise > 0)
        return np.sqrt(total), np.maximum(df, least)

    def half(self, directions: np.ndarray, level: float) -> np.ndarray:
        """Half width of the t interval at a level."""
        error, df = self.of(directions)
        return student.ppf(0.5 + level / 2, df) * error

    def interval(self, value: float, direction: np.ndarray, level: float) -> Interval:
        """The t interval of one linear combination."""
        return around(value, float(self.half(direction, level)), level)


def of_chains(rows: np.ndarray) -> Source:
    """The spread of a mean over chains, from the chains' own estimates, (chains, parameters)."""
    n = len(rows)
    return Source(rows - rows.mean(axis=0), 1.0 / (n * (n - 1)), n - 1.0)


def of_points(inverse: np.ndarray, variance: float, df: int) -> Source:
    """The spread of a regression on independent points: ``inverse`` of the normal matrix and the residuals' variance."""
    return Source(np.linalg.cholesky(inverse).T, variance, float(df))


def together(first: Spread, second: Spread) -> Spread:
    """Two estimates from the same chains (and the same compositions): row k of both is the same unit."""
    rows = zip(first.sources, second.sources, strict=True)
    return Spread(tuple(Source(np.hstack([a.rows, b.rows]), a.scale, a.df) for a, b in rows))


def apart(first: Spread, second: Spread) -> Spread:
    """Two independent estimates."""
    n, m = (spread.sources[0].rows.shape[1] for spread in (first, second))
    return Spread((*(s.placed(0, m) for s in first.sources), *(s.placed(n, 0) for s in second.sources)))
