"""Predictions against labels, before and after training."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from transferkit.data.structures import PER_ATOM, Structures
from transferkit.reference.elemental import ElementalReference
from transferkit.report.figures.style import BLACK, FINAL, GREY, STEP0, canvas, log_scale, styled
from transferkit.report.quantities import QUANTITIES
from transferkit.typing import Property

LOOK = {"step 0": (STEP0, "o", "none"), "final": (FINAL, "s", FINAL)}


@styled
def parity(
    labels: Structures, final: Structures, *, step0: Structures | None = None, e0: ElementalReference | None = None
) -> Figure:
    """Energy per atom (E0 subtracted), forces and stress against their labels, and how the energy errors spread.

    Total energies span tens of eV/atom, which would hide every error, so the same E0 is subtracted from labels and
    predictions. The frame follows labels and final predictions; points of step 0 outside it are counted, not drawn.

    Args:
        labels: the reference calculations
        final: labels replaced by predictions after training, same structures in the same order
        step0: the same before training
        e0: elemental energies to subtract; without them the energy panel is left out

    >>> import transferkit as tk
    >>> data = tk.bundled("gpaw-pbe-r2scan")[:4]
    >>> [axes.get_title("left") for axes in parity(data, data).axes]
    ['spread of energy errors', 'force', 'stress']
    """
    sets = {"final": final} if step0 is None else {"step 0": step0, "final": final}
    places: list[tuple[Property, bool]] = [("energy", True)] if e0 is not None else []
    places += [("energy", False), ("forces", True), ("stress", True)]
    places = [(name, panel) for name, panel in places if _pair(labels, final, name, None)[0].size]
    columns = max(1, min(2, len(places)))
    rows = max(1, -(-len(places) // columns))
    figure = canvas(3.8 * columns, 3.3 * rows + 0.3)
    for k, (name, panel) in enumerate(places):
        axes = figure.add_subplot(rows, columns, k + 1)
        if panel:
            _panel(axes, labels, sets, name, e0)
        else:
            _spread(axes, labels, sets)
    handles = [
        Line2D([], [], linestyle="", marker=m, color=c, markerfacecolor=f, label=name)
        for name, (c, m, f) in LOOK.items()
        if name in sets
    ]
    figure.legend(handles=handles, loc="outside upper left", ncols=2)
    return figure


def _pair(
    labels: Structures, predicted: Structures, name: Property, e0: ElementalReference | None
) -> tuple[np.ndarray, np.ndarray]:
    """Labels and predictions in the shown unit, flat, where both are there; stress as its six components."""
    both = labels.has(name) & predicted.has(name)
    rows = both[labels.owner] if name in PER_ATOM else both
    x, y = getattr(labels, name)[rows], getattr(predicted, name)[rows]
    if name == "energy":
        offset = 0.0 if e0 is None else e0.total(labels)[rows]
        x, y = (x - offset) / labels.n_atoms[rows], (y - offset) / labels.n_atoms[rows]
    if name == "stress":
        upper = np.triu_indices(3)
        x, y = x[:, upper[0], upper[1]], y[:, upper[0], upper[1]]
    factor = QUANTITIES[name].factor
    return x.ravel() * factor, y.ravel() * factor


def _panel(
    axes: Axes, labels: Structures, sets: dict[str, Structures], name: Property, e0: ElementalReference | None
) -> None:
    quantity = QUANTITIES[name]
    frame = np.concatenate(_pair(labels, sets["final"], name, e0))
    low, high = float(frame.min()), float(frame.max())
    margin = 0.05 * (high - low) or 1.0
    low, high = low - margin, high + margin
    axes.plot([low, high], [low, high], "-", color=BLACK, linewidth=0.8)
    for title, predicted in sets.items():
        colour, marker, face = LOOK[title]
        x, y = _pair(labels, predicted, name, e0)
        inside = (y >= low) & (y <= high)
        axes.plot(
            x[inside],
            y[inside],
            marker,
            color=colour,
            markerfacecolor=face,
            markersize=3.5,
            alpha=0.7,
            linestyle="",
            rasterized=True,
        )
        if not inside.all():
            text = f"{title}: {(~inside).sum()} of {len(x)} outside"
            axes.text(0.98, 0.03, text, transform=axes.transAxes, ha="right", fontsize=8, color=GREY)
    minus = " − E0" if name == "energy" else ""
    axes.set(xlim=(low, high), ylim=(low, high), title=f"{quantity.name}{minus}")
    axes.set_xlabel(f"label ({quantity.unit})")
    axes.set_ylabel(f"prediction ({quantity.unit})")
    axes.set_aspect("equal")
    axes.locator_params(nbins=5)


def _spread(axes: Axes, labels: Structures, sets: dict[str, Structures]) -> None:
    """Cumulative share of structures against the error of the total energy per atom."""
    unit = QUANTITIES["energy"].unit
    for title, predicted in sets.items():
        x, y = _pair(labels, predicted, "energy", None)
        errors = np.sort(np.abs(y - x))
        errors = np.maximum(errors, 1e-3)  # an exact prediction still has a place on a logarithmic axis
        axes.step(errors, 100 * np.arange(1, len(errors) + 1) / len(errors), where="post", color=LOOK[title][0])
    log_scale(axes.xaxis)
    axes.set(ylim=(0, 102), title="spread of energy errors")
    axes.set_xlabel(f"|error| of the total energy ({unit})")
    axes.set_ylabel("structures with at most this error (%)")
