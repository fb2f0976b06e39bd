"""Variants side by side: errors before and after training, with intervals."""

from collections.abc import Mapping

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from transferkit.report.figures.style import FINAL, STEP0, canvas, log_scale, plain, point, styled
from transferkit.report.quantities import QUANTITIES
from transferkit.typing import Json, Property

SHOWN: tuple[Property, ...] = ("energy", "forces", "stress")
LOOK = {"step0": (STEP0, "o", False, -0.14, "step 0"), "final": (FINAL, "s", True, 0.14, "final")}


@styled
def comparison(variants: Mapping[str, Json], test: str) -> Figure:
    """Errors of each variant on one test at step 0 and at the end, on logarithmic axes.

    Args:
        variants: of comparison.json: {variant: {"label", "tests": {test: {"step0": {"energy": {"mean", "interval"},
            ...}, "final": {...}}}}} in eV/atom, eV/Å and eV/Å³
        test: name of the test

    >>> entry = {"energy": {"mean": 0.05, "interval": [0.04, 0.06]}}
    >>> axes = comparison({"a": {"label": "A", "tests": {"t": {"step0": entry, "final": entry}}}}, "t").axes
    >>> [a.get_xlabel() for a in axes]
    ['energy MAE (meV/atom)']
    """
    there = [p for p in SHOWN if any(_entry(v, test, stage, p) for v in variants.values() for stage in LOOK)]
    figure = canvas(3.4 + 2.4 * max(len(there), 1), 1.1 + 0.42 * len(variants))
    first: Axes | None = None
    for k, name in enumerate(there):
        axes = figure.add_subplot(1, len(there), k + 1, sharey=first)
        for y, variant in enumerate(variants.values()):
            for stage, (colour, marker, filled, offset, _) in LOOK.items():
                entry = _entry(variant, test, stage, name)
                if entry is not None and (mean := QUANTITIES[name].value(entry["mean"])) is not None:
                    ends = QUANTITIES[name].ends(entry.get("interval"))
                    point(axes, mean, y + offset, ends, colour=colour, marker=marker, filled=filled)
        axes.set_ylim(len(variants) - 0.5, -0.5)
        log_scale(axes.xaxis)
        axes.set_xlabel(f"{QUANTITIES[name].name} MAE ({QUANTITIES[name].unit})")
        axes.tick_params(axis="y", labelleft=first is None, length=0)
        first = first or axes
    if first is not None:
        first.set_yticks(range(len(variants)), [plain(v.get("label") or name) for name, v in variants.items()])
    handles = [
        Line2D([], [], linestyle="", marker=m, color=c, markerfacecolor=c if f else "white", label=w)
        for c, m, f, _, w in LOOK.values()
    ]
    figure.legend(handles=handles, loc="outside upper left", ncols=2)
    return figure


def _entry(variant: Json, test: str, stage: str, name: Property) -> Json | None:
    """{"mean", "interval"} if it is there and positive: a logarithmic axis has no place for zero."""
    entry: Json | None = ((variant.get("tests", {}).get(test) or {}).get(stage) or {}).get(name)
    return entry if entry and (QUANTITIES[name].value(entry.get("mean")) or 0.0) > 0 else None
