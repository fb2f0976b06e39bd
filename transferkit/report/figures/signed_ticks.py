"""Ticks of a scale with both signs: as many as have room for their labels, at any range."""

import math
from collections.abc import Iterator, Sequence
from functools import cache

from matplotlib.axis import Axis
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath
from matplotlib.ticker import Formatter, Locator, MaxNLocator, NullLocator

from transferkit.report.quantities import SMALL, scientific

MOST = 4
"""Intervals of a linear scale."""
GAP = 8.0
"""Points between two labels."""
LARGE = 1e5


class SignedLocator(Locator):
    """The most ticks whose labels do not touch; zero is one of them where the frame holds it.

    It looks when the figure is drawn, since the room is known only then.

    Args:
        of: the axis, which is horizontal
        threshold: where a symmetric logarithmic scale stops being linear, in its unit; None for a linear scale
    """

    def __init__(self, of: Axis, threshold: float | None = None) -> None:
        """Remember the axis, and where its scale is linear."""
        self.of = of
        self.threshold = threshold

    def __call__(self) -> Sequence[float]:
        """Ticks of the axis in its present size."""
        low, high = sorted(self.of.get_view_interval())
        return self.tick_values(low, high)

    def tick_values(self, vmin: float, vmax: float) -> Sequence[float]:
        """Ticks of a frame.

        Args:
            vmin: its left end
            vmax: its right end
        """
        tried: list[float] = []
        for tried in self._candidates(vmin, vmax):
            if self._fit(tried):
                break
        return tried

    def _candidates(self, low: float, high: float) -> Iterator[list[float]]:
        """Sets of ticks, from many to few."""
        if self.threshold is None:
            for n in range(MOST, 0, -1):
                ticks = MaxNLocator(n, steps=[1, 2, 5, 10]).tick_values(low, high)
                yield [0.0 if abs(t) < 1e-9 * (high - low) else float(t) for t in ticks if low <= t <= high]
            return
        first = math.ceil(math.log10(2 * self.threshold))
        last = math.floor(math.log10(max(abs(low), abs(high))))
        powers = [10.0**k for k in range(first, last + 1)][::-1]  # the outermost first: it tells how far the scale goes
        for stride in range(1, len(powers) + 1):
            kept = powers[::stride]
            yield [t for t in (*(-p for p in kept), 0.0, *reversed(kept)) if low <= t <= high]

    def _fit(self, ticks: Sequence[float]) -> bool:
        axes, size = self.of.axes, self.of.get_tick_params().get("labelsize", 9.0)
        scale = self.of.get_transform()
        low, high = scale.transform(sorted(self.of.get_view_interval()))
        figure = axes.get_figure(root=True)
        points = axes.bbox.width * 72.0 / (72.0 if figure is None else figure.dpi)
        end = -math.inf
        for tick, text in zip(ticks, labels_of(ticks), strict=True):
            middle = (float(scale.transform([tick])[0]) - low) / (high - low) * points
            half = _width(text, size) / 2
            if middle - half < end + GAP:
                return False
            end = middle + half
        return True


def labels_of(ticks: Sequence[float]) -> list[str]:
    """Texts of the ticks of one scale, all in one style: plain numbers, or powers of ten where one of them is small or large.

    >>> labels_of([-0.02, 0.0, 0.02]), labels_of([-1e-6, 0.0, 0.01])
    (['−0.02', '0', '0.02'], ['−10⁻⁶', '0', '10⁻²'])
    """
    sizes = [abs(t) for t in ticks if t]
    if not sizes or (min(sizes) >= 10 * SMALL and max(sizes) < LARGE):
        return [f"{t:,g}".replace("-", "−") for t in ticks]
    return [scientific(t, digits=None) for t in ticks]


def signed_ticks(axis: Axis, threshold: float | None = None) -> None:
    """Give an axis that holds both signs ticks that can be read.

    Args:
        axis: horizontal
        threshold: see :class:`SignedLocator`
    """
    axis.set_major_locator(SignedLocator(axis, threshold))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(_Texts())


class _Texts(Formatter):
    """All ticks in one style."""

    def __call__(self, x: float, pos: int | None = None) -> str:  # noqa: ARG002
        return labels_of([x])[0]

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        return labels_of(values)


@cache
def _width(text: str, size: float) -> float:
    """In points."""
    return float(TextPath((0, 0), text, prop=FontProperties(size=size)).get_extents().width)
