"""Validation errors of the variants of a comparison against optimiser steps."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from transferkit.report.figures.style import (
    BLACK,
    BLUE,
    GREEN,
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

SHOWN: tuple[Property, ...] = ("energy", "forces", "stress")
COLOURS = (BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY, BLACK)
LINES = ("-", "--", "-.", ":")
"""A variant has a line of its own besides its marker."""


@styled
def variant_curves(histories: Mapping[str, Sequence[Sequence[Json]]]) -> Figure:
    """One line per variant: the mean over its runs of the validation error, on logarithmic axes.

    Args:
        histories: label -> one history per run, as lines of metrics.jsonl in eV/atom, eV/Å and eV/Å³

    >>> run = [{"step": k, "valid": {"energy_mae": 0.1 / (k + 1)}} for k in range(3)]
    >>> variant_curves({"a": [run, run]}).axes[0].get_ylabel()
    'energy MAE (meV/atom)'
    """
    there = [p for p in SHOWN if any(_mean(runs, p)[1].size for runs in histories.values())]
    columns = max(1, len(there))
    # The legend stands below the panels and needs a line for each pair of variants.
    figure = canvas(3.6 * columns, 2.9 + 0.24 * -(-len(histories) // 2))
    for k, name in enumerate(there):
        axes = figure.add_subplot(1, columns, k + 1)
        for n, (label, runs) in enumerate(histories.items()):
            steps, errors = _mean(runs, name)
            axes.plot(
                steps,
                errors,
                LINES[n % len(LINES)],
                color=COLOURS[n % len(COLOURS)],
                marker=MARKERS[n % len(MARKERS)],
                markersize=4,
                markevery=max(1, len(steps) // 8),
                label=plain(label),
            )
        log_scale(axes.yaxis)
        axes.set_xlabel("optimiser step")
        axes.set_ylabel(f"{QUANTITIES[name].name} MAE ({QUANTITIES[name].unit})")
    if there:
        handles, words = figure.axes[0].get_legend_handles_labels()
        figure.legend(handles, words, loc="outside lower center", ncols=2, handlelength=4)
    return figure


def _mean(runs: Sequence[Sequence[Json]], name: Property) -> tuple[np.ndarray, np.ndarray]:
    """Steps, and the mean in the shown unit over the runs that were evaluated there."""
    found: dict[int, list[float]] = {}
    for entry in (line for run in runs for line in run):
        value = QUANTITIES[name].value((entry.get("valid") or {}).get(f"{name}_mae"))
        if value is not None and value > 0:
            found.setdefault(int(entry["step"]), []).append(value)
    steps = sorted(found)
    return np.array(steps, dtype=np.float64), np.array([np.mean(found[s]) for s in steps], dtype=np.float64)
