"""Predictions against labels as a density, before and after training, and how the errors spread."""

from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator

from transferkit.data.structures import PER_ATOM, Structures
from transferkit.reference.elemental import ElementalReference
from transferkit.report.figures.style import BLACK, DENSITY, FINAL, STEP0, canvas, log_scale, styled
from transferkit.report.quantities import QUANTITIES
from transferkit.typing import PROPERTIES, Property

LOOK: dict[str, tuple[str, Literal["-", "--"]]] = {"step 0": (STEP0, "--"), "final": (FINAL, "-")}
DECADES = 1e4
"""Span of the axis of errors."""
HEXAGONS = 40
"""Across a panel: coarse enough that a lone point is seen, fine enough that 30 meV/atom are."""


@styled
def parity(
    labels: Structures, final: Structures, *, step0: Structures | None = None, e0: ElementalReference | None = None
) -> Figure:
    """One row per property: predictions against labels at step 0, the same after training, and the spread of errors.

    Total energies span tens of eV/atom, which would hide every error, so the same E0 is subtracted from labels and
    predictions. Colour counts the values in a hexagon, on one scale for both panels of a row, so a million values read
    like a hundred. The frame follows labels and final predictions; values of step 0 outside it are counted, not drawn.

    Args:
        labels: the reference calculations
        final: labels replaced by predictions after training, same structures in the same order
        step0: the same before training
        e0: elemental energies to subtract; without them the density of energies is left out

    >>> import transferkit as tk
    >>> data = tk.bundled("gpaw-pbe-r2scan")[:4]
    >>> [axes.get_title("left") for axes in parity(data, data).axes if axes.get_title("left")]
    ['spread of energy errors', 'force, final', 'spread of force errors', 'stress, final', 'spread of stress errors']
    """
    sets = {"final": final} if step0 is None else {"step 0": step0, "final": final}
    there = [name for name in PROPERTIES if _pair(labels, final, name, None)[0].size]
    columns, rows = len(sets) + 1, max(1, len(there))
    figure = canvas(3.5 * columns, 3.2 * rows + 0.3)
    for row, name in enumerate(there):
        places = [figure.add_subplot(rows, columns, row * columns + k + 1) for k in range(columns)]
        if name == "energy" and e0 is None:
            for axes in places[:-1]:
                axes.set_axis_off()
        else:
            _densities(dict(zip(sets, places, strict=False)), labels, sets, name, e0)
        _spread(places[-1], labels, sets, name)
    handles = [Line2D([], [], color=LOOK[title][0], linestyle=LOOK[title][1], label=title) for title in sets]
    figure.legend(handles=handles, loc="outside upper right", ncols=2)
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


def _densities(
    places: dict[str, Axes],
    labels: Structures,
    sets: dict[str, Structures],
    name: Property,
    e0: ElementalReference | None,
) -> None:
    """One panel per set, all with the frame of the last and one scale of counts."""
    frame = np.concatenate(_pair(labels, sets["final"], name, e0))
    low, high = float(frame.min()), float(frame.max())
    margin = 0.05 * (high - low) or 1.0
    low, high = low - margin, high + margin
    drawn = {
        title: _panel(axes, title, _pair(labels, sets[title], name, e0), (low, high), name)
        for title, axes in places.items()
    }
    most = max((float(cells.get_array().max()) for cells in drawn.values() if cells.get_array().size), default=1.0)  # type: ignore[union-attr]
    for cells in drawn.values():
        cells.set_norm(LogNorm(1.0, max(most, 2.0)))
    last = places["final"]
    bar = last.figure.colorbar(drawn["final"], ax=last, fraction=0.05, pad=0.02, format="{x:,g}")
    bar.ax.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if most < 100 else (1.0,)))
    bar.ax.minorticks_off()
    bar.set_label("values in a hexagon", fontsize=7.5)
    bar.ax.tick_params(labelsize=7.5)


def _panel(
    axes: Axes, title: str, pair: tuple[np.ndarray, np.ndarray], frame: tuple[float, float], name: Property
) -> PolyCollection:
    quantity, (x, y), (low, high) = QUANTITIES[name], pair, frame
    axes.plot([low, high], [low, high], "-", color=BLACK, linewidth=0.8)
    inside = (y >= low) & (y <= high)
    cells = axes.hexbin(
        x[inside], y[inside], gridsize=HEXAGONS, extent=(low, high, low, high), mincnt=1, cmap=DENSITY, linewidths=0.1
    )
    behind = {"facecolor": "white", "alpha": 0.7, "linewidth": 0, "pad": 1.5}
    small: dict[str, Any] = {"transform": axes.transAxes, "fontsize": 8, "bbox": behind}
    error = float(np.abs(y - x).mean()) if len(x) else None
    axes.text(0.04, 0.95, f"MAE {quantity.show(None if error is None else error / quantity.factor)}", va="top", **small)
    if not inside.all():
        axes.text(0.97, 0.03, f"{(~inside).sum()} of {len(x)} outside", ha="right", color="#404040", **small)
    minus = " − E0" if name == "energy" else ""
    axes.set(xlim=frame, ylim=frame, title=f"{quantity.name}{minus}, {title}")
    axes.set_xlabel(f"label ({quantity.unit})")
    axes.set_ylabel(f"prediction ({quantity.unit})")
    axes.set_aspect("equal")
    axes.locator_params(nbins=5)
    return cells


def _spread(axes: Axes, labels: Structures, sets: dict[str, Structures], name: Property) -> None:
    """Cumulative share of values against their error; energies are total ones, whatever E0."""
    quantity = QUANTITIES[name]
    for title, predicted in sets.items():
        x, y = _pair(labels, predicted, name, None)
        if not len(x):
            continue
        errors = np.sort(np.abs(y - x))
        # Exact predictions, as where symmetry decides, stand at the left end: the axis spans four decades.
        errors = np.maximum(errors, float(errors[-1]) / DECADES or 1e-3)
        colour, line = LOOK[title]
        axes.step(errors, 100 * np.arange(1, len(errors) + 1) / len(errors), line, where="post", color=colour)
    log_scale(axes.xaxis)
    axes.set(ylim=(0, 102), title=f"spread of {quantity.name} errors")
    axes.set_xlabel(f"|error| ({quantity.unit})")
    axes.set_ylabel(f"{'structures' if name == 'energy' else 'values'} with at most this error (%)")
