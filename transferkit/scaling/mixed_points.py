"""The points of a law of two fidelities: errors at numbers of expensive and of cheap labels, one row per chain."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from transferkit.errors import ScalingError, closest
from transferkit.scaling.curve import Labels

FEWEST = 3
"""Different numbers of each kind of label. With two, no curvature is seen and one bad point decides."""
DECADE = 10.0
NEEDED = ("n_high", "n_low", "error")


@dataclass(frozen=True, eq=False)
class MixedPoints:
    """Errors at mixes of labels.

    Args:
        n_high: expensive labels of each mix, (m,)
        n_low: cheap labels of each mix, (m,); may be zero
        errors: (chains, m), in any unit
        chains: label of each row; None where there is one
    """

    n_high: np.ndarray
    n_low: np.ndarray
    errors: np.ndarray
    chains: tuple[object, ...] | None

    @cached_property
    def logs(self) -> np.ndarray:
        """Natural logarithm of the errors, (chains, m)."""
        return np.asarray(np.log(self.errors))

    @property
    def both(self) -> bool:
        """Whether every mix has cheap labels."""
        return bool((self.n_low > 0).all())

    @cached_property
    def unit(self) -> float:
        """Geometric mean of the numbers of expensive labels: the fits count both kinds in units of it."""
        return float(np.exp(np.log(self.n_high).mean()))

    def without(self, mix: int) -> "MixedPoints":
        """All mixes but one."""
        keep = np.arange(len(self.n_high)) != mix
        return MixedPoints(self.n_high[keep], self.n_low[keep], self.errors[:, keep], self.chains)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a reader must know of the points."""
        found = []
        if self.chains is None:
            found.append("One chain: there are no intervals. Repeat the mixes with other subsets and seeds.")
        elif len(self.chains) == 2:
            found.append("Two chains: intervals are about three times as wide as with three.")
        if (span := float(self.n_high.max() / self.n_high.min())) < DECADE * (1 - 1e-9):
            found.append(f"n_high spans a factor of {span:.3g} only: noise may decide its exponent.")
        return tuple(found)


def mixed_points(n_high: np.ndarray, n_low: np.ndarray, errors: np.ndarray, chains: Labels | None) -> MixedPoints:
    """Check points and bring them in order.

    Args:
        n_high: expensive labels, one per error
        n_low: cheap labels, one per error; zero where there were none
        errors: test errors at the expensive level of theory
        chains: which chain (subset order and seed) each error belongs to

    Raises:
        ScalingError: numbers that cannot be, a mix twice in a chain, chains with different mixes, fewer than three different numbers
            of either kind, or cheap labels that rise in step with the expensive ones.

    >>> grid = np.array([(h, l) for h in (10, 30, 100) for l in (0, 100, 1000)], dtype=float)
    >>> points = mixed_points(grid[:, 0], grid[:, 1], np.ones(9), None)
    >>> points.errors.shape, points.chains
    ((1, 9), None)
    """
    high, low, error = (np.asarray(v, dtype=np.float64) for v in (n_high, n_low, errors))
    labels: np.ndarray = np.zeros(error.shape, dtype=np.int64) if chains is None else np.asarray(chains)
    if not (high.ndim == 1 and high.shape == low.shape == error.shape == labels.shape):
        raise ScalingError(
            f"n_high has shape {high.shape}, n_low {low.shape}, errors {error.shape} and chains {labels.shape}. Give one of each per point."
        )
    _possible(high, low, error)
    order = sorted(dict.fromkeys(labels.tolist()), key=lambda label: (str(type(label)), label))
    mixes = sorted(set(zip(high.tolist(), low.tolist(), strict=True)))
    table = np.full((len(order), len(mixes)), np.nan)
    for h, n, e, label in zip(high.tolist(), low.tolist(), error.tolist(), labels.tolist(), strict=True):
        at = order.index(label), mixes.index((h, n))
        if np.isfinite(table[at]):
            where = f"in chain {label!r}" if chains is not None else "and there are no chains"
            raise ScalingError(
                f"the mix of {h:g} expensive and {n:g} cheap labels stands twice {where}. Give one error per mix and chain: that of one "
                f"quantity and test part, the mean over seeds."
            )
        table[at] = e
    gone = np.argwhere(np.isnan(table))
    if len(gone):
        h, n = mixes[gone[0][1]]
        raise ScalingError(
            f"chain {order[gone[0][0]]!r} has no error for {h:g} expensive and {n:g} cheap labels, which other chains have. Finish it, or "
            f"leave this mix or this chain out."
        )
    grid = np.array(mixes)
    points = MixedPoints(grid[:, 0], grid[:, 1], table, tuple(order) if len(order) > 1 else None)
    _enough(points)
    return points


def read_mixed(table: pd.DataFrame) -> MixedPoints:
    """The points of a table with columns ``n_high``, ``n_low``, ``error`` and perhaps ``chain`` or ``seed``.

    Raises:
        ScalingError: a column is missing, a cell is no number, and as :func:`mixed_points`.
    """
    columns = [str(c) for c in table.columns]
    for name in NEEDED:
        if name not in columns:
            near = closest(name, columns)
            hint = "" if near is None or near in NEEDED else f"Nearest: {near!r}. "
            raise ScalingError(
                f"the table has no column {name!r}. {hint}Columns: {', '.join(sorted(columns))}. Rename it, or write CSV with a first line "
                f"n_high,n_low,error,chain."
            )
    for name in NEEDED:
        wrong = np.flatnonzero(pd.to_numeric(table[name], errors="coerce").isna())
        if len(wrong):
            raise ScalingError(
                f"row {wrong[0] + 1}: {name} {table[name].iloc[wrong[0]]!r} is not a number (the line of names is not counted). "
                f"Leave out points without a result, in all chains."
            )
    high, low, error = (pd.to_numeric(table[name]).to_numpy(dtype=np.float64) for name in NEEDED)
    by = next((name for name in ("chain", "seed") if name in columns), None)
    if by is not None and table[by].isna().any():
        raise ScalingError(f"row {np.flatnonzero(table[by].isna())[0] + 1} has no {by}, and others have. Name it.")
    return mixed_points(high, low, error, None if by is None else table[by].to_numpy())


def _possible(high: np.ndarray, low: np.ndarray, error: np.ndarray) -> None:
    if not len(high):
        raise ScalingError(f"there are no points. Give at least {FEWEST} numbers of each kind of label, crossed.")
    for name, values, zero in (("n_high", high, False), ("n_low", low, True), ("error", error, False)):
        wrong = np.flatnonzero(~(np.isfinite(values) & ((values >= 0) if zero else (values > 0))))
        if len(wrong):
            more = (
                " A training without expensive labels follows another law: leave it out."
                if name == "n_high"
                else " Leave out runs that failed."
            )
            raise ScalingError(
                f"{name} of point {wrong[0]} is {values[wrong[0]]:g}, and must be a number {'from' if zero else 'above'} zero.{more}"
            )


def _enough(points: MixedPoints) -> None:
    for name, what, values in (("n_high", "expensive", points.n_high), ("n_low", "cheap", points.n_low)):
        told = np.unique(values)
        if len(told) < FEWEST:
            raise ScalingError(
                f"there are {len(told)} different numbers of {what} labels ({name} {', '.join(f'{n:g}' for n in told)}), which cannot show a "
                f"law. Give at least {FEWEST}."
            )
    x = np.log(points.n_high)
    y = np.log(points.n_low) if points.both else np.log1p(points.n_low / points.unit)
    if abs(np.corrcoef(x, y)[0, 1]) > 0.98:
        raise ScalingError(
            "cheap labels go in step with expensive ones, so these points cannot tell what each is worth. Add mixes with the same number "
            "of expensive and another number of cheap labels."
        )
