"""Centred kernel alignment: how alike two sets of features of the same atoms are, whatever their axes and scale."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student

from transferkit.errors import DataError

FEWEST_ROWS = 4
"""The unbiased estimator takes four different rows at a time."""
FEWEST_GROUPS = 3


@dataclass(frozen=True)
class Alignment:
    """Linear CKA of two sets of features.

    Args:
        value: 1 for features that differ by a rotation, a shift and a scale only; 0 on average for independent ones. The unbiased
            estimate may lie a little outside 0 to 1; NaN where one set does not vary
        interval: at ``level``, over groups; None without at least three of them
        rows: atoms
        groups: compositions, or atoms where none were told
        level: of the interval
    """

    value: float
    interval: tuple[float, float] | None
    rows: int
    groups: int
    level: float


def cka(
    x: np.ndarray, y: np.ndarray, *, groups: Sequence[object] | np.ndarray | None = None, level: float = 0.95
) -> Alignment:
    """Linear CKA (Kornblith et al. 2019, arXiv 1905.00414) with the unbiased estimator of HSIC (Song et al. 2012, JMLR 13, equation 5).

    The plain estimator grows with the number of channels over the number of rows: independent features come out alike. The unbiased
    one leaves out the products of a row with itself, as Nguyen et al. (2021, arXiv 2010.15327) do.

    The interval is Student's t with the jackknife over groups: rows of one composition are not independent. A bootstrap would put copies
    of a row beside itself, and with them the bias that the estimator takes out.

    Args:
        x: features, (rows, channels)
        y: other features of the same rows, (rows, other channels)
        groups: of the rows, e.g. compositions; each row alone if not given
        level: of the interval

    Raises:
        DataError: other shapes, fewer than four rows, or values that are not finite.

    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(200, 8))
    >>> rotation = np.linalg.qr(rng.normal(size=(8, 8)))[0]
    >>> round(cka(x, 3.0 * x @ rotation + 1.0).value, 9), abs(cka(x, rng.normal(size=(200, 8))).value) < 0.05
    (1.0, True)
    """
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    labels: np.ndarray = np.arange(len(x)) if groups is None else np.asarray(groups)
    if x.ndim != 2 or y.ndim != 2 or not len(x) == len(y) == len(labels):
        raise DataError(
            f"features have shapes {x.shape} and {y.shape} and there are {len(labels)} groups. Give (rows, channels) of the same rows."
        )
    if len(x) < FEWEST_ROWS:
        raise DataError(f"there are {len(x)} rows, and CKA needs at least {FEWEST_ROWS}. Give more structures.")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise DataError("features hold values that are not finite. Look for a potential whose training diverged.")
    x, y = (f - f.mean(axis=0) for f in (x, y))
    if not (x.any() and y.any()):
        return Alignment(float("nan"), None, len(x), len(np.unique(labels)), level)
    x, y = (f / np.sqrt((f**2).sum(axis=1).mean()) for f in (x, y))
    _, group = np.unique(labels, return_inverse=True)
    n = int(group.max()) + 1
    pairs = [_Sums.of(a, b) for a, b in ((x, y), (x, x), (y, y))]
    value = _ratio(pairs)
    interval = None
    if n >= FEWEST_GROUPS and np.isfinite(value):
        rest = np.array(
            [_ratio([s.without(o) for s, o in zip(pairs, out, strict=True)]) for out in _each(x, y, group, n)]
        )
        error = np.sqrt((n - 1) / n * ((rest - rest.mean()) ** 2).sum())
        half = float(student.ppf(0.5 + level / 2, n - 1) * error)
        interval = (value - half, value + half) if np.isfinite(half) else None
    return Alignment(value, interval, len(x), n, level)


@dataclass(frozen=True)
class _Sums:
    """Sums over rows from which HSIC of linear kernels follows, with or without some rows; k and l are squared norms of x and y."""

    n: int
    xy: np.ndarray
    x: np.ndarray
    y: np.ndarray
    xl: np.ndarray
    yk: np.ndarray
    k: float
    l: float  # noqa: E741
    kl: float

    @classmethod
    def of(cls, x: np.ndarray, y: np.ndarray) -> "_Sums":
        k, l = (x**2).sum(axis=1), (y**2).sum(axis=1)  # noqa: E741
        return cls(
            len(x), x.T @ y, x.sum(axis=0), y.sum(axis=0), l @ x, k @ y, float(k.sum()), float(l.sum()), float(k @ l)
        )

    def without(self, other: "_Sums") -> "_Sums":
        mine, its = vars(self), vars(other)
        return _Sums(**{name: mine[name] - its[name] for name in mine})

    @property
    def hsic(self) -> float:
        """The unbiased estimate; products of a row with itself are taken out of every sum."""
        n = self.n
        if n < FEWEST_ROWS:
            return float("nan")
        both = (self.xy**2).sum() - self.kl
        apart = (self.x @ self.x - self.k) * (self.y @ self.y - self.l) / ((n - 1) * (n - 2))
        chained = self.x @ self.xy @ self.y - self.x @ self.xl - self.y @ self.yk + self.kl
        return float((both + apart - 2.0 / (n - 2) * chained) / (n * (n - 3)))


def _each(x: np.ndarray, y: np.ndarray, group: np.ndarray, n: int) -> Iterator[list[_Sums]]:
    """Sums over each group alone."""
    order = np.argsort(group, kind="stable")
    for rows in np.split(order, np.cumsum(np.bincount(group, minlength=n))[:-1]):
        a, b = x[rows], y[rows]
        yield [_Sums.of(a, b), _Sums.of(a, a), _Sums.of(b, b)]


def _ratio(pairs: list[_Sums]) -> float:
    """HSIC over the geometric mean of each set's own; NaN where one does not vary."""
    between, *own = (pair.hsic for pair in pairs)
    return float(between / np.sqrt(own[0] * own[1])) if min(own) > 0 else float("nan")
