"""Errors on training and validation parts against optimiser steps, step 0 included; consistency residuals where there are any."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

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
from transferkit.typing import PROPERTIES, Json, Property

PARTS = {"train": (ORANGE, "--", "training"), "valid": (BLUE, "-", "validation")}
COLOURS = (ORANGE, GREEN, VERMILION, PURPLE, SKY, BLACK)
"""Of sets that are trained on together, and of residuals; the first is that of training in the other panels. Each has a marker of its own, too."""
RESIDUALS = {"PITC": "pitc_mae", "PISC": "pisc_mae"}

Lines = dict[str, tuple[list[int], list[float]]]
"""Steps and values of each line, by what it is called."""


@styled
def learning_curve(
    history: Sequence[Json], *, best_step: int | None = None, sets: Mapping[str, str] | None = None
) -> Figure:
    """Mean absolute error of each property against steps, logarithmic in the error; then residuals of consistency losses, and losses of several sets.

    Args:
        history: lines of metrics.jsonl: {"step", "train": {"energy_mae", ...}, "valid": {...}}, in eV/atom, eV/Å,
            eV/Å³ and μB; null where a value was not measured. "pitc_mae" and "pisc_mae" of "train" in eV/atom
        best_step: step whose weights were kept
        sets: what sets that are trained on together are called, by their name in ``train.heads``; those names if not given

    >>> lines = [{"step": k, "train": {}, "valid": {"energy_mae": 0.1 / (k + 1)}} for k in range(3)]
    >>> [axes.get_ylabel() for axes in learning_curve(lines).axes]
    ['energy MAE (meV/atom)']
    """
    there = [p for p in PROPERTIES if any(_errors(history, part, p)[1].size for part in PARTS)]
    residuals, losses = _residuals(history), _losses(history)
    panels = len(there) + bool(residuals) + bool(losses)
    columns = 3 if panels == 3 else max(1, min(2, panels))
    rows = max(1, -(-panels // columns))
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
    if residuals:
        axes = figure.add_subplot(rows, columns, len(there) + 1)
        _draw(axes, residuals, "residual in training (meV/atom)")
    if losses:
        axes = figure.add_subplot(rows, columns, panels)
        named = {plain((sets or {}).get(key, key)): line for key, line in losses.items()}
        _draw(axes, named, "training loss of each set")
    # Each part's own first line stands for it in the legend; an empty axes gives none.
    handles: list[Line2D] = [figure.axes[0].get_lines()[k] for k in range(len(PARTS))] if there else []
    if best_step is not None:
        handles.append(Line2D([], [], color=GREY, linestyle=":", label=f"weights kept (step {best_step})"))
    figure.legend(handles=handles, loc="outside upper left", ncols=len(handles))
    return figure


def _draw(axes: Axes, lines: Lines, what: str) -> None:
    """One line for each set or loss, all of them of training."""
    for k, (label, (steps, values)) in enumerate(lines.items()):
        axes.plot(
            steps,
            values,
            "--",
            color=COLOURS[k % len(COLOURS)],
            marker=MARKERS[k % len(MARKERS)],
            markersize=4,
            markevery=max(1, len(steps) // 8),
            label=label,
        )
    log_scale(axes.yaxis)
    axes.set_xlabel("optimiser step")
    axes.set_ylabel(what)
    axes.legend()


def _residuals(history: Sequence[Json]) -> Lines:
    """Steps and positive mean residuals of each consistency loss, meV/atom; empty without any."""
    shown = QUANTITIES["energy"].value
    return _lines(history, lambda train: {label: shown(train.get(key)) for label, key in RESIDUALS.items()})


def _losses(history: Sequence[Json]) -> Lines:
    """Steps and positive losses of each set, by its name; empty for one set."""
    return _lines(history, lambda train: {name: row.get("loss") for name, row in (train.get("heads") or {}).items()})


def _lines(history: Sequence[Json], values_of: Callable[[Json], Mapping[str, float | None]]) -> Lines:
    """Steps and positive values of what is found in the training part of each row."""
    found: Lines = {}
    for entry in history:
        for name, value in values_of(entry.get("train") or {}).items():
            if value is not None and value > 0:
                steps, values = found.setdefault(name, ([], []))
                steps.append(entry["step"])
                values.append(value)
    return found


def _errors(history: Sequence[Json], part: str, name: Property) -> tuple[np.ndarray, np.ndarray]:
    """Steps and errors in the shown unit, where a positive error was measured."""
    pairs = [
        (entry["step"], value)
        for entry in history
        if (value := QUANTITIES[name].value((entry.get(part) or {}).get(f"{name}_mae"))) is not None and value > 0
    ]
    steps, errors = np.array(pairs, dtype=np.float64).reshape(-1, 2).T
    return steps, errors
