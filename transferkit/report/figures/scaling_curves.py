"""Errors against the size of the training set, on logarithmic axes: chains, means, fitted lines, crossings."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import NullLocator

from transferkit.report.figures.style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    MARKERS,
    ORANGE,
    PURPLE,
    SKY,
    VERMILION,
    canvas,
    log_scale,
    plain,
    styled,
)
from transferkit.report.quantities import QUANTITIES
from transferkit.typing import Json, Property

COLOURS = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, BLACK)
FEW = 8
"""Sizes up to which each has a tick of its own."""
APART = 0.05
"""Share of the axis that a tick of its own needs, in the logarithm; else labels would overlap."""


@styled
def scaling_curves(
    curves: Sequence[Json], name: Property, *, abscissa: str, crossings: Sequence[Mapping[str, object]] = ()
) -> Figure:
    """One colour and marker per curve: small points are chains, large ones their means with intervals, lines are fits.

    Args:
        curves: each {"curve", "sizes", "mean", "interval", "chains": {chain: {size: error}}, "line": None or {"sizes",
            "errors", "low", "high"}}, errors in the stored unit
        name: property, which gives the unit
        abscissa: what a size counts
        crossings: each {"size", "pieces"}: where two lines meet (None where they do not) and its interval as a list of
            [low, high], either None where it has no end

    >>> curve = {
    ...     "curve": "a",
    ...     "sizes": [10, 100],
    ...     "mean": [0.2, 0.1],
    ...     "interval": [None, None],
    ...     "chains": {},
    ...     "line": None,
    ... }
    >>> scaling_curves([curve], "energy", abscissa="compositions").axes[0].get_ylabel()
    'energy MAE (meV/atom)'
    """
    quantity = QUANTITIES[name]
    figure = canvas(8.4, 4.4 + 0.22 * -(-len(curves) // 2))
    axes = figure.add_subplot()
    handles = []
    for k, curve in enumerate(curves):
        colour, marker = COLOURS[k % len(COLOURS)], MARKERS[k % len(MARKERS)]
        _points(axes, curve, quantity.factor, colour, marker)
        if curve.get("line") is not None:
            _line(axes, curve, quantity.factor, colour)
        handles.append(Line2D([], [], color=colour, marker=marker, label=plain(curve["curve"])))
    axes.set_xlabel(plain(abscissa))
    axes.set_ylabel(f"{quantity.name} MAE ({quantity.unit})")
    if axes.has_data():
        log_scale(axes.xaxis)
        log_scale(axes.yaxis)
        axes.margins(x=0.06)
        _ticks(axes, sorted({float(n) for curve in curves for n in curve["sizes"]}))
    for crossing in crossings:
        _crossing(axes, crossing)
    if any(curve.get("line") is not None for curve in curves):
        handles.append(Line2D([], [], color=GREY, linestyle="--", label="beyond what was measured"))
    if any(crossing.get("size") is not None for crossing in crossings):
        handles.append(Line2D([], [], color=BLACK, linestyle=":", label="lines meet (grey: its interval)"))
    figure.legend(handles=handles, loc="outside lower center", ncols=2, handlelength=3)
    return figure


def _points(axes: Axes, curve: Json, factor: float, colour: str, marker: str) -> None:
    for errors in curve["chains"].values():
        sizes = sorted(errors)
        axes.plot(
            sizes,
            [factor * errors[n] for n in sizes],
            "o",
            color=colour,
            markersize=3.5,
            markeredgecolor="white",
            markeredgewidth=0.6,
            zorder=3.5,
        )
    for n, mean, interval in zip(curve["sizes"], curve["mean"], curve["interval"], strict=True):
        axes.plot([n], [factor * mean], marker, color=colour, markersize=6.5, zorder=4)
        if interval is not None:
            axes.plot([n, n], [factor * end for end in interval], "-", color=colour, linewidth=1.4, zorder=3)


def _ticks(axes: Axes, sizes: Sequence[float]) -> None:
    """Ticks at the sizes themselves where those are few, not crowded, and most of what the axis shows."""
    left, right = np.log(axes.get_xlim())
    steps = np.diff(np.log(sizes)) / (right - left)
    if not 1 < len(sizes) <= FEW or steps.min() < APART or steps.sum() < 0.5:
        return
    axes.set_xticks(sizes)
    axes.xaxis.set_minor_locator(NullLocator())


def _line(axes: Axes, curve: Json, factor: float, colour: str) -> None:
    """The fitted line: full where there are data, dashed beyond; its interval as a band."""
    line = {key: np.asarray(values, dtype=np.float64) for key, values in curve["line"].items() if values is not None}
    sizes = line["sizes"]
    inside = (sizes >= 0.999 * min(curve["sizes"])) & (sizes <= 1.001 * max(curve["sizes"]))
    axes.plot(sizes[inside], factor * line["errors"][inside], "-", color=colour, linewidth=1.6, zorder=3)
    beyond = sizes >= 0.999 * max(curve["sizes"])
    axes.plot(sizes[beyond], factor * line["errors"][beyond], "--", color=colour, linewidth=1.2, zorder=3)
    if "low" in line and "high" in line:
        axes.fill_between(sizes, factor * line["low"], factor * line["high"], color=colour, alpha=0.13, linewidth=0)


def _crossing(axes: Axes, crossing: Mapping[str, object]) -> None:
    """A dotted line where two fits meet, and its interval as a grey field; one without an end reaches to the edge."""
    left, right = axes.get_xlim()
    size, pieces = crossing.get("size"), crossing.get("pieces") or []
    if isinstance(size, int | float) and left < size < right:
        axes.axvline(float(size), color=BLACK, linestyle=":", linewidth=1.2, zorder=1)
    elif isinstance(size, int | float) and size >= right:
        _note(axes, "lines meet further right →", 0.97)
    for low, high in pieces:  # type: ignore[attr-defined]
        start, end = (
            (left if low is None else max(float(low), left)),
            (right if high is None else min(float(high), right)),
        )
        if start < end and not (low is None and high is None):
            axes.axvspan(start, end, color=GREY, alpha=0.10, linewidth=0, zorder=0)
            if high is None:
                _note(axes, "interval without an upper end →", 0.91)
    axes.set_xlim(left, right)


def _note(axes: Axes, text: str, height: float) -> None:
    axes.annotate(text, (0.985, height), xycoords="axes fraction", ha="right", va="top", fontsize=8, color=GREY)
