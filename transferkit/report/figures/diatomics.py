"""Curves of pairs of equal atoms before and after training: whether the wall between them still stands."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from transferkit.report.figures.style import BLACK, FINAL, STEP0, canvas, plain, styled
from transferkit.typing import Json

HIGHEST, LOWEST = 22.0, -12.0
"""eV: a little more than the height up to which holes are looked for, and deep enough to see a curve plunge."""
FARTHEST = 2.0
"""Bond lengths that are drawn."""
COLUMNS = 3


@styled
def diatomics(curves: Mapping[str, Json], bonds: Mapping[str, float]) -> Figure:
    """One panel per element: energy above that of the bonded distance, against distance.

    Args:
        curves: by symbol "distance" (Å), "before" and "after" (eV); "before" may be null
        bonds: bonded distance of each, Å

    >>> figure = diatomics({"O": {"distance": [0.7, 1.2, 2.0], "before": None, "after": [9.0, 0.0, 5.0]}}, {"O": 1.2})
    >>> figure.axes[0].get_title("left"), len(figure.axes[0].get_lines())
    ('O', 2)
    """
    columns = max(1, min(COLUMNS, len(curves)))
    rows = max(1, -(-len(curves) // columns))
    figure = canvas(max(2.5 * columns + 0.4, 4.0), 2.3 * rows + 0.4)
    for k, (symbol, curve) in enumerate(curves.items()):
        axes = figure.add_subplot(rows, columns, k + 1)
        x = np.array(curve["distance"], dtype=np.float64)
        axes.axhline(0.0, color=BLACK, linewidth=0.8)
        for key, colour, line, word in (("before", STEP0, "--", "before training"), ("after", FINAL, "-", "after")):
            if curve.get(key) is not None:
                y = np.array(curve[key], dtype=np.float64)
                axes.plot(x, y, line, color=colour, linewidth=1.6, label=word)
        shown = [v for key in ("before", "after") for v in curve.get(key) or []]
        axes.set_xlim(x.min(), min(x.max(), FARTHEST * bonds[symbol]))
        axes.set_ylim(max(LOWEST, min(shown) - 1.0), HIGHEST)
        axes.set_title(plain(symbol))
        if k >= len(curves) - columns:
            axes.set_xlabel("distance (Å)")
        if k % columns == 0:
            axes.set_ylabel("energy above bond (eV)")
    if figure.axes:
        handles, words = figure.axes[0].get_legend_handles_labels()
        figure.legend(handles, words, loc="outside upper left", ncols=2)
    return figure
