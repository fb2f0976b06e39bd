"""How far each elemental energy moved, as a heat map of the periodic table."""

from collections.abc import Collection, Mapping

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import SymLogNorm, to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from transferkit.report.figures.periodic_table import COLUMNS, HEIGHT, POSITIONS
from transferkit.report.figures.style import FAINT, GREY, canvas, styled
from transferkit.report.quantities import SHIFT

LINEAR = 0.1
"""Shifts span 0.01 to 70 eV/atom; the colour scale is linear below this value, logarithmic above."""

Colour = str | tuple[float, float, float]


@styled
def e0_shift(shift: Mapping[str, float], *, undetermined: Collection[str] = ()) -> Figure:
    """Periodic table coloured by the shift of E0.

    Args:
        shift: new minus old elemental energy, eV/atom, by symbol
        undetermined: symbols whose value the data do not determine; drawn grey, without a number unless they moved

    >>> e0_shift({"O": -0.7, "Mg": -2.1}, undetermined=["Mg"]).axes[0].texts[0].get_text()
    'H'
    """
    figure = canvas(9.0, 5.0)
    axes = figure.add_subplot()
    values = [v for s, v in shift.items() if s not in undetermined]
    largest = max((abs(v) for v in values), default=0.0) or 1.0
    norm = SymLogNorm(LINEAR, vmin=-max(largest, LINEAR), vmax=max(largest, LINEAR), base=10)
    # Blue to red through white stays readable for the common kinds of colour blindness.
    colours = ScalarMappable(norm, colormaps["RdBu_r"])
    for symbol, corner in POSITIONS.items():
        value = shift.get(symbol)
        if value is None or (symbol in undetermined and value == 0.0):
            _cell(axes, corner, symbol, "", face="white", ink=GREY)
        elif symbol in undetermined:
            _cell(axes, corner, symbol, f"({_number(value)})", face=FAINT, ink=GREY)
        else:
            red, green, blue = (float(x) for x in to_rgb(colours.cmap(norm(value))))
            colour = (red, green, blue)
            _cell(axes, corner, symbol, _number(value), face=colour, ink=_readable(colour))
    axes.set(xlim=(0, COLUMNS), ylim=(HEIGHT, 0), aspect="equal")
    axes.set_axis_off()
    bar = figure.colorbar(colours, ax=axes, orientation="horizontal", shrink=0.5, aspect=40, pad=0.02)
    ticks = _ticks(max(largest, LINEAR))
    bar.set_ticks(ticks, labels=[f"{t:g}".replace("-", "−") for t in ticks])
    bar.ax.minorticks_off()
    bar.set_label(
        f"E0 new − E0 old ({SHIFT.unit}); grey in brackets: not determined by the data; white: not in the data"
    )
    return figure


def _ticks(largest: float) -> list[float]:
    decades = [d for d in (0.1, 1.0, 10.0, 100.0) if d <= largest * 1.001]
    return [*(-d for d in reversed(decades)), 0.0, *decades]


def _number(value: float) -> str:
    return f"{value:.{2 if abs(value) < 10 else 1}f}".replace("-", "−")


def _readable(colour: tuple[float, float, float]) -> str:
    """Black or white, whichever contrasts more with the cell (ITU-R BT.709 luminance)."""
    return "white" if float(np.dot(colour, (0.2126, 0.7152, 0.0722))) < 0.45 else "black"


def _cell(axes: Axes, corner: tuple[float, float], symbol: str, text: str, *, face: Colour, ink: str) -> None:
    column, row = corner
    axes.add_patch(Rectangle((column + 0.03, row + 0.03), 0.94, 0.94, facecolor=face, edgecolor=FAINT, linewidth=0.7))
    axes.text(column + 0.5, row + 0.36, symbol, ha="center", va="center", fontsize=9, color=ink, fontweight="bold")
    axes.text(column + 0.5, row + 0.74, text, ha="center", va="center", fontsize=6.5, color=ink)
