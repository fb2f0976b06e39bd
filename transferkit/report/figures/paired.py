"""Forest plot of paired differences to a baseline."""

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from transferkit.report.figures.signed_ticks import signed_ticks
from transferkit.report.figures.style import BLACK, BLUE, GREY, VERMILION, canvas, plain, point, styled
from transferkit.report.quantities import QUANTITIES
from transferkit.report.told_apart import ALIKE, BETTER, WORSE, standing
from transferkit.typing import PROPERTIES, Json, Property

COLOURS = {BETTER: BLUE, WORSE: VERMILION, ALIKE: GREY}
WIDE = 30.0
"""Differences that span more than this factor are shown on a scale linear near zero, logarithmic outside."""


@styled
def paired(comparisons: Mapping[Property, Sequence[Json]], *, labels: Mapping[str, str], baseline: str) -> Figure:
    """Mean paired difference of errors to the baseline with its interval; left of zero is better than the baseline.

    Colours follow :func:`transferkit.report.told_apart.standing`.

    Args:
        comparisons: per property, rows {"method", "mean_difference", "interval", "p_holm"} in eV/atom, eV/Å, eV/Å³
        labels: shown name of each method
        baseline: shown name of the baseline

    >>> row = {"method": "b", "mean_difference": 0.1, "interval": [0.05, 0.2], "p_holm": 0.01}
    >>> paired({"energy": [row]}, labels={"b": "B"}, baseline="A").axes[0].get_xlabel()
    'difference of energy errors (meV/atom)'
    """
    there = [p for p in PROPERTIES if comparisons.get(p)]
    methods = list(dict.fromkeys(row["method"] for p in there for row in comparisons[p]))
    figure = canvas(3.4 + 2.4 * max(len(there), 1), 1.1 + 0.36 * max(len(methods), 1))
    for k, name in enumerate(there):
        axes = figure.add_subplot(1, len(there), k + 1)
        quantity, extents = QUANTITIES[name], []
        for row in comparisons[name]:
            mean = quantity.value(row.get("mean_difference"))
            if mean is None:
                continue
            ends = quantity.ends(row.get("interval"))
            point(axes, mean, float(methods.index(row["method"])), ends, colour=COLOURS[standing(row)], marker="s")
            extents.append(max(abs(x) for x in (mean, *(ends or ()))))
        axes.axvline(0.0, color=BLACK, linewidth=0.9)
        smallest = min((x for x in extents if x > 0), default=0.0)
        if smallest and max(extents) > WIDE * smallest:
            threshold = max(smallest, max(extents) / 1000)
            axes.set_xscale("symlog", linthresh=threshold)
            signed_ticks(axes.xaxis, threshold)
        else:
            signed_ticks(axes.xaxis)
        axes.set(ylim=(len(methods) - 0.5, -0.5), xlabel=f"difference of {quantity.name} errors ({quantity.unit})")
        axes.set_yticks(range(len(methods)), [plain(labels.get(m, m)) for m in methods] if k == 0 else [])
        axes.tick_params(axis="y", length=0)
    words = ((BETTER, "better than"), (WORSE, "worse than"), (ALIKE, "not told apart from"))
    handles = [Line2D([], [], marker="s", color=COLOURS[s], label=f"{w} {plain(baseline)}") for s, w in words]
    figure.legend(handles=handles, loc="outside upper left", ncols=3)
    return figure
