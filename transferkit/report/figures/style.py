"""One look for all figures, and Figure -> bytes that are the same on every run."""

from collections.abc import Callable
from functools import wraps
from io import BytesIO
from pathlib import Path
from typing import ParamSpec

from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure

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
STEP0, FINAL = ORANGE, BLUE
"""Before and after training, in every figure; the marker differs too (open circle, filled square)."""

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
    """Text that matplotlib does not read as mathematics: names come from users.

    >>> plain("a$b$")
    'a\\\\$b\\\\$'
    """
    return str(text).replace("$", r"\$")


def label_bars(axes: Axes, x: float, y: float, text: str) -> None:
    """A small number to the right of a point."""
    axes.annotate(text, (x, y), xytext=(5, 0), textcoords="offset points", va="center", fontsize=8)


def png(figure: Figure) -> bytes:
    """PNG without date or version, so that the same data give the same bytes."""
    return _render(figure, "png", {"Software": None})


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
