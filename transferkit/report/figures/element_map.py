"""A periodic table coloured by one number per element, with the number in each cell."""

import math
from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, LogNorm, Normalize, to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from transferkit.report.figures.periodic_table import COLUMNS, HEIGHT, POSITIONS
from transferkit.report.figures.style import FAINT, GREY, SIZES, styled

Colour = str | tuple[float, float, float]
SPAN = 1000.0
WIDTH, TALL = 10.8, 6.0
"""Inches; wide enough that the number in a cell can be read beside running text."""


@styled
def element_map(
    values: Mapping[str, float],
    *,
    label: str,
    write: Callable[[float], str],
    norm: Normalize | None = None,
    colours: Colormap = SIZES,
    ticks: Sequence[float] = (),
    aside: Collection[str] = (),
) -> Figure:
    """Periodic table of 18 columns, each cell with its symbol, its value and the value's colour.

    Args:
        values: one number per symbol; elements without one are white
        label: of the colour bar: what the number is, with its unit
        write: a number as the text of its cell
        norm: number to colour; logarithmic over the values that are not aside, if not given
        colours: the colour map
        ticks: of the colour bar; round numbers on its scale if not given
        aside: symbols drawn grey with their value in brackets, without a number where it is zero; they set no colour

    >>> figure = element_map({"O": 12.0, "Mg": 3.0}, label="structures", write="{:.0f}".format)
    >>> [t.get_text() for t in figure.axes[0].texts][:2], figure.axes[0].child_axes[0].get_xlabel()
    (['H', ''], 'structures')
    """
    # Placed by hand: there is nothing to arrange, and a layout engine would draw all 236 texts twice.
    figure = Figure(figsize=(WIDTH, TALL))
    axes = figure.add_axes((0.005, 0.005, 0.99, 0.99))
    norm = norm or logarithmic([v for symbol, v in values.items() if symbol not in aside])
    scale = ScalarMappable(norm, colours)
    for symbol, corner in POSITIONS.items():
        value = values.get(symbol)
        if value is None or (symbol in aside and value == 0.0):
            _cell(axes, corner, symbol, "", face="white", ink=GREY)
        elif symbol in aside:
            _cell(axes, corner, symbol, f"({write(value)})", face=FAINT, ink="#404040")
        else:
            red, green, blue = (float(x) for x in to_rgb(scale.cmap(norm(value))))
            colour = (red, green, blue)
            _cell(axes, corner, symbol, write(value), face=colour, ink=readable(colour))
    axes.set(xlim=(0, COLUMNS), ylim=(HEIGHT, 0), aspect="equal")
    axes.set_axis_off()
    # In the empty place above the d block, so that the cells have the whole width.
    inside = axes.inset_axes((3.0 / COLUMNS, 1.0 - 1.05 / HEIGHT, 8.0 / COLUMNS, 0.3 / HEIGHT))
    bar = figure.colorbar(scale, cax=inside, orientation="horizontal")
    shown = list(ticks) or _round_numbers(float(norm.vmin or 1.0), float(norm.vmax or 1.0))
    bar.set_ticks(shown, labels=[f"{t:,g}".replace("-", "−") for t in shown])
    bar.ax.minorticks_off()
    bar.set_label(label)
    return figure


def logarithmic(values: Sequence[float]) -> LogNorm:
    """A logarithmic scale over positive values, of a factor of two to a thousand; from 1 to 10 where there are none.

    What is smaller takes the lightest colour: force errors that symmetry makes zero would stretch the scale over ten decades.

    >>> norm = logarithmic([3.0, 30.0])
    >>> norm.vmin, norm.vmax
    (3.0, 30.0)
    """
    positive = [v for v in values if v > 0]
    low, high = (min(positive), max(positive)) if positive else (1.0, 10.0)
    return LogNorm(max(low, high / SPAN), max(high, 2.0 * low), clip=True)


def _round_numbers(low: float, high: float) -> list[float]:
    """1, 2 and 5 times powers of ten within the scale; powers of ten alone where it is wide."""
    digits = (1.0, 2.0, 5.0) if high / low < 300 else (1.0,)
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return [d * 10.0**k for k in powers for d in digits if low * 0.999 <= d * 10.0**k <= high * 1.001]


def readable(colour: tuple[float, float, float]) -> str:
    """Black or white, whichever contrasts more with the cell by WCAG 2's relative luminance.

    >>> readable((1.0, 1.0, 0.6)), readable((0.0, 0.2, 0.5))
    ('black', 'white')
    """
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour]
    luminance = float(np.dot(linear, (0.2126, 0.7152, 0.0722)))
    return "white" if 1.05 / (luminance + 0.05) > (luminance + 0.05) / 0.05 else "black"


def _cell(axes: Axes, corner: tuple[float, float], symbol: str, text: str, *, face: Colour, ink: str) -> None:
    column, row = corner
    axes.add_patch(Rectangle((column + 0.03, row + 0.03), 0.94, 0.94, facecolor=face, edgecolor=FAINT, linewidth=0.7))
    axes.text(column + 0.5, row + 0.36, symbol, ha="center", va="center", fontsize=11, color=ink, fontweight="bold")
    axes.text(column + 0.5, row + 0.74, text, ha="center", va="center", fontsize=8.5, color=ink)
