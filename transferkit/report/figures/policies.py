"""How every reference policy does before training, on compositions left out of its fit."""

from collections.abc import Sequence

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from transferkit.report.figures.style import BLUE, GREY, canvas, log_scale, plain, styled
from transferkit.report.quantities import QUANTITIES
from transferkit.typing import Json


@styled
def policies(rows: Sequence[Json], *, chosen: str) -> Figure:
    """Mean and median leave-one-composition-out error at step 0 of each policy, on a logarithmic axis.

    Args:
        rows: of ``PolicyTable.to_json()``; "mean" and "median" in eV/atom, or None where the policy does not apply
        chosen: policy of the run, drawn filled

    >>> table = [
    ...     {"policy": "residual", "mean": 0.058, "median": 0.042},
    ...     {"policy": "refit", "mean": 0.61, "median": 0.6},
    ... ]
    >>> policies(table, chosen="residual").axes[0].get_xscale()
    'log'
    """
    energy = QUANTITIES["energy"]
    shown = [(row, mean) for row in rows if (mean := energy.value(row.get("mean")))]
    figure = canvas(7.5, 0.9 + 0.38 * max(len(shown), 1))
    axes = figure.add_subplot()
    for y, (row, mean) in enumerate(shown):
        median = energy.value(row.get("median")) or mean
        colour = BLUE if row["policy"] == chosen else GREY
        axes.plot([mean], [y], "s", color=colour, markersize=8)
        axes.plot([mean, median], [y, y], "-", color=colour, linewidth=1.2, zorder=1)
        axes.plot([median], [y], "|", color=colour, markersize=12, markeredgewidth=2)
        text = energy.show(row["mean"])
        axes.annotate(text, (max(mean, median), y), xytext=(9, 0), textcoords="offset points", va="center", fontsize=8)
    axes.set_ylim(len(shown) - 0.5, -0.5)
    axes.set_yticks(range(len(shown)), [plain(row["policy"]) for row, _ in shown])
    axes.set_xlabel(f"leave-one-composition-out |error| at step 0 ({energy.unit})")
    axes.set_xscale("log")
    axes.margins(x=0.15)
    log_scale(axes.xaxis)
    axes.grid(axis="y", visible=False)
    handles = [
        Line2D([], [], marker="s", color=BLUE, linestyle="", label="mean, chosen policy"),
        Line2D([], [], marker="s", color=GREY, linestyle="", label="mean"),
        Line2D([], [], marker="|", color=GREY, linestyle="", markersize=10, markeredgewidth=2, label="median"),
    ]
    figure.legend(handles=handles, loc="outside upper left", ncols=3)
    return figure
