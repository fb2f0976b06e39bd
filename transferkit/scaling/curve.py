"""The points of one learning curve: sizes, errors, and which points share a chain of nested subsets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from transferkit.errors import ScalingError

FEWEST_SIZES = 3
FEWEST_COMPOSITIONS = 5
DECADE = 10.0

Numbers = Sequence[float] | Sequence[Sequence[float]] | np.ndarray
Labels = Sequence[object] | np.ndarray


@dataclass(frozen=True, eq=False)
class Curve:
    """Errors at sizes, one row per chain.

    Args:
        sizes: (m,), increasing
        errors: (chains, m), in any unit
        chains: label of each row; None for one curve whose points are taken as independent
        compositions: names of the test compositions; empty where their errors were not given
        cells: their errors, (chains, m, compositions)
    """

    sizes: np.ndarray
    errors: np.ndarray
    chains: tuple[object, ...] | None
    compositions: tuple[str, ...] = ()
    cells: np.ndarray | None = None

    @cached_property
    def logs(self) -> np.ndarray:
        """Natural logarithm of the errors, (chains, m)."""
        return np.asarray(np.log(self.errors))

    @cached_property
    def shares(self) -> np.ndarray | None:
        """What each composition adds to the log error, (chains, m, compositions); None without their errors."""
        return None if self.cells is None else shares_of(self.cells)

    @cached_property
    def middle(self) -> tuple[float, float]:
        """Geometric means of sizes and errors: the fits use sizes and errors in units of these."""
        return float(np.exp(np.log(self.sizes).mean())), float(np.exp(self.logs.mean()))


def curve_of(
    sizes: Numbers,
    errors: Numbers,
    chains: Labels | None = None,
    *,
    compositions: Mapping[str, Numbers] | None = None,
    name: str = "",
) -> Curve:
    """Check the points of a learning curve and bring them in order.

    Args:
        sizes: training set sizes; one per error, or one per column of ``errors``
        errors: one per size, or a table with one row per chain
        chains: which chain of nested subsets each error (or each row) belongs to; rows come out sorted by it
        compositions: errors of each test composition, in the shape of ``errors``, which is their mean
        name: what a message calls the curve

    Raises:
        ScalingError: fewer than three sizes or less than a decade of them, a size or an error that is not positive, a size twice
            in a chain, chains with different sizes.

    >>> curve_of([10, 100, 1000], [0.3, 0.2, 0.1]).errors.shape
    (1, 3)
    """
    of = f" of {name!r}" if name else ""
    x, y, labels = _flat(sizes, errors, chains, of)
    _positive(x, "size", of)
    _positive(y, "error", of)
    order = sorted(dict.fromkeys(labels.tolist()), key=lambda label: (str(type(label)), label))
    grid = np.unique(x)
    rows, columns = np.array([order.index(label) for label in labels.tolist()]), np.searchsorted(grid, x)
    table = np.full((len(order), len(grid)), np.nan)
    for k, at in enumerate(zip(rows, columns, strict=True)):
        if np.isfinite(table[at]):
            raise ScalingError(_twice(x[k], order[rows[k]], of, told=chains is not None))
        table[at] = y[k]
    _complete(table, order, grid, of)
    _wide_enough(grid, of)
    curve = Curve(grid, table, tuple(order) if len(order) > 1 else None)
    return curve if compositions is None else _with_compositions(curve, compositions, (rows, columns), of)


def _with_compositions(
    curve: Curve, compositions: Mapping[str, Numbers], at: tuple[np.ndarray, np.ndarray], of: str
) -> Curve:
    """The curve with the errors of its test compositions."""
    names = sorted(compositions)
    if len(names) < FEWEST_COMPOSITIONS:
        raise ScalingError(
            f"there are errors of {len(names)} compositions{of}. Give those of at least {FEWEST_COMPOSITIONS}, or leave them out."
        )
    table = np.empty((*curve.errors.shape, len(names)))
    for k, name in enumerate(names):
        values = np.asarray(compositions[name], dtype=np.float64).ravel()
        if values.shape != at[0].shape or not np.all(np.isfinite(values) & (values >= 0)):
            raise ScalingError(
                f"composition {name!r}{of} has {np.isfinite(values).sum()} errors for {len(at[0])} points, or a negative one. Give one "
                f"error per point, and leave out compositions that were not tested at every point."
            )
        table[(*at, k)] = values
    mean = table.mean(axis=-1)
    far = np.abs(mean / curve.errors - 1.0)
    if far.max() > 1e-6:
        row, i = np.unravel_index(int(far.argmax()), far.shape)
        raise ScalingError(
            f"the error at size {curve.sizes[i]:g}{of} is {curve.errors[row, i]:g}, and the mean over its {len(names)} compositions "
            f"{mean[row, i]:g}. Give errors that are means over these compositions."
        )
    return replace(curve, compositions=tuple(names), cells=table)


def shares_of(cells: np.ndarray) -> np.ndarray:
    """What each composition adds to the logarithm of the mean error over compositions, by a jackknife.

    Leaving one out says more than its distance from the mean: few hard ones make most of a mean, which is far from linear.

    Args:
        cells: errors, (..., compositions), in any unit

    Returns:
        shares of the same shape, which sum to zero over compositions

    >>> shares_of(np.array([1.0, 1.0, 4.0])).round(2)
    array([-0.2 , -0.2 ,  0.41])
    """
    n = cells.shape[-1]
    excess = cells / cells.mean(axis=-1, keepdims=True) - 1.0
    left_out = np.log1p(-np.minimum(excess / (n - 1), 1.0 - 1e-9))
    return np.asarray(-(n - 1) / n * (left_out - left_out.mean(axis=-1, keepdims=True)))


def _flat(sizes: Numbers, errors: Numbers, chains: Labels | None, of: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sizes, errors and chain labels, one per point."""
    try:
        x, y = np.asarray(sizes, dtype=np.float64), np.asarray(errors, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ScalingError(f"the sizes and errors{of} are not all numbers: {error}. Give numbers only.") from error
    if y.ndim == 2 and x.shape == (y.shape[1],):
        labels = np.arange(len(y)) if chains is None else np.asarray(chains)
        if labels.shape != (len(y),):
            raise ScalingError(
                f"errors{of} have {len(y)} rows and there are {labels.size} chains. Give one chain a row."
            )
        return np.tile(x, len(y)), y.ravel(), np.repeat(labels, y.shape[1])
    labels = np.zeros(y.shape, dtype=np.int64) if chains is None else np.asarray(chains)
    if not (x.ndim == 1 and x.shape == y.shape == labels.shape):
        raise ScalingError(
            f"sizes{of} have shape {x.shape}, errors {y.shape} and chains {labels.shape}. Give one of each per point, or "
            f"errors as a table with one row per chain and one column per size."
        )
    return x, y, labels


def _positive(values: np.ndarray, what: str, of: str) -> None:
    if not len(values):
        raise ScalingError(f"there are no points{of}. Give at least {FEWEST_SIZES} sizes with their errors.")
    wrong = np.flatnonzero(~(np.isfinite(values) & (values > 0)))
    if len(wrong):
        raise ScalingError(
            f"{what} {values[wrong[0]]:g} (point {wrong[0]}{of}) is not a positive number, and a law in logarithms needs "
            f"positive ones. Leave out points without training data and runs that failed."
        )


def _twice(size: float, label: object, of: str, *, told: bool) -> str:
    if told:
        return f"size {size:g} stands twice in chain {label!r}{of}. Give one error per size and chain, e.g. the mean over seeds."
    return f"size {size:g} stands twice{of}. Say which points share a chain of nested subsets (chains), or give their mean."


def _complete(table: np.ndarray, order: list[object], grid: np.ndarray, of: str) -> None:
    """Every chain has every size: a chain's line through other sizes would be a line with another expectation."""
    gone = np.argwhere(~np.isfinite(table))
    if not len(gone):
        return
    chain, size = order[gone[0][0]], grid[gone[0][1]]
    full = grid[np.isfinite(table).all(axis=0)]
    whole = [str(label) for label, row in zip(order, table, strict=True) if np.isfinite(row).all()]
    raise ScalingError(
        f"chain {chain!r}{of} has no error at size {size:g}, which other chains have. Finish it, or leave out what is not in all: "
        f"all chains have sizes {', '.join(f'{n:g}' for n in full) or 'none'}; chains with all sizes: {', '.join(whole) or 'none'}."
    )


def no_law(sizes: Sequence[float]) -> str:
    """Why no law can be fitted to points of these sizes, in a sentence; empty where one can.

    >>> no_law([67, 120])
    'There are 2 sizes (67, 120), and two points lie on every line. Give at least 3 sizes.'
    >>> no_law([12, 38, 120])
    ''
    """
    try:
        _wide_enough(np.unique(np.asarray(sizes, dtype=np.float64)), "")
    except ScalingError as error:
        return f"{str(error)[:1].upper()}{str(error)[1:]}"
    return ""


def _wide_enough(grid: np.ndarray, of: str) -> None:
    if len(grid) < FEWEST_SIZES:
        told = ", ".join(f"{n:g}" for n in grid)
        raise ScalingError(
            f"there are {len(grid)} sizes{of} ({told}), and two points lie on every line. Give at least {FEWEST_SIZES} sizes."
        )
    span = grid[-1] / grid[0]
    if span < DECADE * (1.0 - 1e-9):
        raise ScalingError(
            f"the sizes{of} go from {grid[0]:g} to {grid[-1]:g}, a factor of {span:.3g}: over less than a decade noise decides the "
            f"exponent. Add sizes up to {DECADE * grid[0]:g} or more, or below {grid[-1] / DECADE:g}."
        )
