"""One look for all figures, and Figure -> bytes that are the same on every run."""

import math
from collections.abc import Callable
from functools import wraps
from io import BytesIO
from pathlib import Path
from typing import ParamSpec

import numpy as np
from matplotlib import colormaps, style
from matplotlib.axes import Axes
from matplotlib.axis import XAxis, YAxis
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter
from PIL import Image

# Okabe & Ito's colour-blind safe palette (jfly.uni-koeln.de/color, 2008).
BLACK, ORANGE, SKY, GREEN, YELLOW, BLUE, VERMILION, PURPLE = (
    "#000000",
    "#E69F00",
    "#56B4E9",
    "#009E73",
    "#F0E442",
    "#0072B2",
    "#D55E00",
    "#CC79A7",
)
GREY, FAINT = "#767676", "#DDDDDD"
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
"""Each curve of a figure has one of its own as well: colour never speaks alone."""
STEP0, FINAL = ORANGE, BLUE
"""Before and after training, in every figure; the marker differs too (open circle, filled square)."""

SIZES = ListedColormap(colormaps["YlGnBu"](np.linspace(0.12, 1.0, 256)), "sizes")
"""For numbers from small to large: darker is more, on screen, in grey and for every kind of colour vision."""
DENSITY = ListedColormap(colormaps["YlGnBu"](np.linspace(0.35, 1.0, 256)), "density")
"""The same without the light end, so that a single point is seen on white."""

RC = {
    "font.size": 9,
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": FAINT,
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "figure.facecolor": "white",
    "svg.hashsalt": "transferkit",
}
DPI = 160
P = ParamSpec("P")


def styled(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Draw with this package's look, whatever the user's matplotlibrc says."""

    @wraps(draw)
    def inside(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with style.context(["default", RC]):
            return draw(*args, **kwargs)

    return inside


def canvas(width: float, height: float) -> Figure:
    """An empty figure of this size in inches whose axes do not overlap."""
    return Figure(figsize=(width, height), layout="constrained")


def plain(text: object) -> str:
    r"""Text that matplotlib does not read as mathematics: names come from users.

    >>> plain("a$b$")
    'a\\$b\\$'
    """
    return str(text).replace("$", r"\$")


def point(
    axes: Axes, x: float, y: float, ends: tuple[float, float] | None, *, colour: str, marker: str, filled: bool = True
) -> None:
    """A value on a horizontal scale and, where there is one, its interval as a line."""
    axes.plot([x], [y], marker, color=colour, markerfacecolor=colour if filled else "white", markersize=6, zorder=3)
    if ends is not None:
        axes.plot(ends, [y, y], "-", color=colour, linewidth=1.4, zorder=2)


def log_scale(axis: XAxis | YAxis) -> None:
    """A logarithmic scale whose ticks read 20, 50, 100 rather than powers of ten.

    Call it after plotting: a narrow range gets more ticks in a decade than a wide one.
    """
    axis.axes.set(**{f"{axis.axis_name}scale": "log"})
    low, high = axis.get_view_interval()
    decades = math.log10(high / low)
    finest = ((0.7, (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0)), (2.0, (1.0, 2.0, 5.0)), (3.0, (1.0, 3.0)))
    digits = next((digits for limit, digits in finest if decades < limit), (1.0,))
    axis.set_major_locator(LogLocator(subs=digits))
    axis.set_major_formatter(StrMethodFormatter("{x:,g}"))
    axis.set_minor_formatter(NullFormatter())


def png(figure: Figure) -> bytes:
    """PNG without date or version, so that the same data give the same bytes.

    A palette of 256 colours makes it a third as large; a comparison of 200 runs has some 2,000 figures, each twice.
    """
    full = Image.open(BytesIO(_render(figure, "png", {"Software": None}))).convert("RGB")
    buffer = BytesIO()
    full.quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(buffer, "png", optimize=True)
    return buffer.getvalue()


def svg(figure: Figure) -> bytes:
    """SVG without date, so that the same data give the same bytes."""
    return _render(figure, "svg", {"Date": None, "Creator": None})


def _render(figure: Figure, kind: str, metadata: dict[str, str | None]) -> bytes:
    buffer = BytesIO()
    with style.context(["default", RC]):
        figure.savefig(buffer, format=kind, dpi=DPI, metadata=metadata)
    return buffer.getvalue()


def save(figure: Figure, path: Path) -> Path:
    """Write as PNG or SVG, by the suffix of the path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(svg(figure) if path.suffix == ".svg" else png(figure))
    return path
