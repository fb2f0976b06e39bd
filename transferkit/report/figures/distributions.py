"""How the numbers of a data set are distributed: one histogram per quantity."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from transferkit.report.figures.style import BLUE, VERMILION, canvas, plain, styled

BINS = 50


@styled
def distributions(values: Mapping[str, Sequence[float]], *, positive: Sequence[str] = ()) -> Figure:
    """Histograms with a logarithmic count, so that a single odd structure is seen beside a million usual ones.

    The five lowest and highest values, at most, are also marked on the axis.

    Args:
        values: title with the unit -> one number per structure; empty ones are left out
        positive: titles of quantities that cannot be negative: their axis begins at zero

    >>> axes = distributions({"volume (Å³/atom)": [9.0, 10.0, 11.0], "none": []}).axes
    >>> [a.get_xlabel() for a in axes]
    ['volume (Å³/atom)']
    """
    there = {name: np.asarray(v, dtype=np.float64) for name, v in values.items() if len(v)}
    columns = max(1, min(2, len(there)))
    rows = max(1, -(-len(there) // columns))
    figure = canvas(5.2 * columns, 2.7 * rows + 0.2)
    for k, (name, numbers) in enumerate(there.items()):
        axes = figure.add_subplot(rows, columns, k + 1)
        _histogram(axes, numbers, from_zero=name in positive)
        axes.set_xlabel(plain(name))
        axes.set_ylabel("structures")
    return figure


def _histogram(axes: Axes, numbers: np.ndarray, *, from_zero: bool) -> None:
    low, high = float(numbers.min()), float(numbers.max())
    low = min(low, 0.0) if from_zero else low
    if high == low:
        low, high = low - 0.5, high + 0.5
    axes.hist(numbers, bins=min(BINS, max(8, len(numbers))), range=(low, high), color=BLUE)
    axes.set_yscale("log")
    axes.set_ylim(bottom=0.5)
    axes.yaxis.set_major_formatter("{x:,g}")
    ends = np.sort(numbers)
    marked = np.unique([*ends[:5], *ends[-5:]])
    axes.plot(marked, np.full(len(marked), 0.5), "|", color=VERMILION, markersize=10, clip_on=False)
    axes.locator_params(axis="x", nbins=6)
