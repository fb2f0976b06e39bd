"""Errors on training and validation parts against optimiser steps, step 0 included."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from transferkit.report.figures.style import BLUE, GREY, ORANGE, canvas, log_scale, styled
from transferkit.report.quantities import QUANTITIES
from transferkit.typing import PROPERTIES, Json, Property

PARTS = {"train": (ORANGE, "--", "training"), "valid": (BLUE, "-", "validation")}


@styled
def learning_curve(history: Sequence[Json], *, best_step: int | None = None) -> Figure:
    """Mean absolute error of each property against steps, logarithmic in the error.

    Args:
        history: lines of metrics.jsonl: {"step", "train": {"energy_mae", ...}, "valid": {...}}, in eV/atom, eV/Å,
            eV/Å³ and μB; null where a value was not measured
        best_step: step whose weights were kept

    >>> lines = [{"step": k, "train": {}, "valid": {"energy_mae": 0.1 / (k + 1)}} for k in range(3)]
    >>> [axes.get_ylabel() for axes in learning_curve(lines).axes]
    ['energy MAE (meV/atom)']
    """
    there = [p for p in PROPERTIES if any(_errors(history, part, p)[1].size for part in PARTS)]
    columns = 3 if len(there) == 3 else max(1, min(2, len(there)))
    rows = max(1, -(-len(there) // columns))
    figure = canvas(max(3.1 * columns + 0.4, 5.0), 2.6 * rows + 0.3)  # the legend needs its width
    for k, name in enumerate(there):
        axes = figure.add_subplot(rows, columns, k + 1)
        for part, (colour, line, word) in PARTS.items():
            steps, errors = _errors(history, part, name)
            # Every point is marked while they can be told apart; a hundred and more are a line.
            marker = "o" if len(steps) < 60 else ""
            axes.plot(steps, errors, line, color=colour, marker=marker, markersize=3, label=word)
        if best_step is not None:
            axes.axvline(best_step, color=GREY, linestyle=":", linewidth=1.2)
        log_scale(axes.yaxis)
        axes.set_xlabel("optimiser step")
        axes.set_ylabel(f"{QUANTITIES[name].name} MAE ({QUANTITIES[name].unit})")
    # Each part's own first line stands for it in the legend; an empty axes gives none.
    handles: list[Line2D] = [figure.axes[0].get_lines()[k] for k in range(len(PARTS))] if there else []
    if best_step is not None:
        handles.append(Line2D([], [], color=GREY, linestyle=":", label=f"weights kept (step {best_step})"))
    figure.legend(handles=handles, loc="outside upper left", ncols=len(handles))
    return figure


def _errors(history: Sequence[Json], part: str, name: Property) -> tuple[np.ndarray, np.ndarray]:
    """Steps and errors in the shown unit, where a positive error was measured."""
    pairs = [
        (entry["step"], value)
        for entry in history
        if (value := QUANTITIES[name].value((entry.get(part) or {}).get(f"{name}_mae"))) is not None and value > 0
    ]
    steps, errors = np.array(pairs, dtype=np.float64).reshape(-1, 2).T
    return steps, errors
