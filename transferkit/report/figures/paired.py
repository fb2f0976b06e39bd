"""Forest plot of paired differences to a baseline."""

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from transferkit.report.figures.style import BLACK, BLUE, GREY, VERMILION, canvas, plain, styled
from transferkit.report.quantities import QUANTITIES
from transferkit.typing import Json, Property

LEVEL = 0.05
"""Family-wise error rate after Holm's correction."""
WIDE = 30.0
"""Differences that span more than this factor are shown on a scale linear near zero, logarithmic outside."""


@styled
def paired(
    comparisons: Mapping[Property, Sequence[Json]], *, labels: Mapping[str, str], baseline: str
) -> Figure:
    """Mean paired difference of errors to the baseline with its interval; left of zero is better than the baseline.

    Args:
        comparisons: per property, rows {"method", "mean_difference", "interval", "p_holm"} in eV/atom, eV/Å, eV/Å³
        labels: shown name of each method
        baseline: shown name of the baseline

    >>> row = {"method": "b", "mean_difference": 0.1, "interval": [0.05, 0.2], "p_holm": 0.01}
    >>> paired({"energy": [row]}, labels={"b": "B"}, baseline="A").axes[0].get_xlabel()
    'difference of energy errors (meV/atom)'
    """
    there = [p for p in ("energy", "forces", "stress", "magmoms") if comparisons.get(p)]
    methods = list(dict.fromkeys(row["method"] for p in there for row in comparisons[p]))
    figure = canvas(3.4 + 2.4 * max(len(there), 1), 1.1 + 0.36 * max(len(methods), 1))
    for k, name in enumerate(there):
        axes = figure.add_subplot(1, len(there), k + 1)
        quantity, extents = QUANTITIES[name], []
        for row in comparisons[name]:
            mean = quantity.value(row.get("mean_difference"))
            if mean is None:
                continue
            y, colour = methods.index(row["method"]), _colour(row)
            axes.plot([mean], [y], "s", color=colour, markersize=6)
            ends = [quantity.value(x) for x in row.get("interval") or ()]
            if len(ends) == 2 and None not in ends:
                axes.plot(ends, [y, y], "-", color=colour, linewidth=1.5)
            extents.append(abs(mean))
        axes.axvline(0.0, color=BLACK, linewidth=0.9)
        smallest = min((x for x in extents if x > 0), default=0.0)
        if smallest and max(extents) > WIDE * smallest:
            axes.set_xscale("symlog", linthresh=max(smallest, max(extents) / 1000))
        else:
            axes.locator_params(axis="x", nbins=4)
        axes.set(ylim=(len(methods) - 0.5, -0.5), xlabel=f"difference of {quantity.name} errors ({quantity.unit})")
        axes.set_yticks(range(len(methods)), [plain(labels.get(m, m)) for m in methods] if k == 0 else [])
        axes.tick_params(axis="y", length=0)
    words = ((BLUE, "better than"), (VERMILION, "worse than"), (GREY, "not told apart from"))
    handles = [Line2D([], [], marker="s", color=c, label=f"{w} {plain(baseline)}") for c, w in words]
    figure.legend(handles=handles, loc="outside upper right", ncols=3)
    return figure


def _colour(row: Json) -> str:
    p = row.get("p_holm")
    if p is None or not p < LEVEL:
        return GREY
    return BLUE if row["mean_difference"] < 0 else VERMILION
