"""One error against another on logarithmic axes, with a fitted line: pre-trained against fine-tuned, head against head."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from transferkit.report.figures.style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    VERMILION,
    canvas,
    log_scale,
    plain,
    styled,
)
from transferkit.report.quantities import QUANTITIES
from transferkit.typing import Json, Property

COLOURS, MARKERS = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, BLACK), ("o", "s", "^", "D", "v", "P")


@styled
def error_line(lines: Sequence[Json], name: Property, *, x: str, y: str) -> Figure:
    """Points of each group with its line; the grey diagonal is where both errors are equal.

    Args:
        lines: each {"label", "points": [{"x", "y"}], "fit": None or {"slope", "intercept"}}, errors in the stored unit
        name: property, which gives the unit
        x: what the error on the horizontal axis is of
        y: what the other is of

    >>> line = {"label": "a", "points": [{"x": 0.1, "y": 0.05}, {"x": 0.2, "y": 0.07}], "fit": None}
    >>> error_line([line], "energy", x="pre-trained", y="fine-tuned").axes[0].get_xlabel()
    'energy MAE, pre-trained (meV/atom)'
    """
    quantity = QUANTITIES[name]
    figure = canvas(6.4, 4.6 + 0.2 * len(lines))
    axes = figure.add_subplot()
    for k, line in enumerate(lines):
        colour, marker = COLOURS[k % len(COLOURS)], MARKERS[k % len(MARKERS)]
        found = _columns(line["points"])
        axes.plot(
            quantity.factor * found[0],
            quantity.factor * found[1],
            marker,
            color=colour,
            markersize=6,
            label=plain(line["label"]),
        )
        if line.get("fit") and found[0].size:
            grid = np.geomspace(found[0].min(), found[0].max(), 40)
            fitted = np.exp(line["fit"]["intercept"] + line["fit"]["slope"] * np.log(grid))
            axes.plot(quantity.factor * grid, quantity.factor * fitted, "-", color=colour, linewidth=1.5)
    if axes.has_data():
        log_scale(axes.xaxis)
        log_scale(axes.yaxis)
        (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
        ends = max(left, low), min(right, high)
        if ends[0] < ends[1]:
            axes.plot(ends, ends, "-", color=GREY, linewidth=0.8, zorder=0, label="equal errors")
        axes.set_xlim(left, right)
        axes.set_ylim(low, high)
        figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    axes.set_xlabel(f"{quantity.name} MAE, {plain(x)} ({quantity.unit})")
    axes.set_ylabel(f"{quantity.name} MAE, {plain(y)} ({quantity.unit})")
    return figure


def _columns(points: Sequence[Json]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([p["x"] for p in points], dtype=np.float64), np.array([p["y"] for p in points], dtype=np.float64)
