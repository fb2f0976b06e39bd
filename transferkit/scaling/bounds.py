"""Intervals that may have no end: what data say about a number when they do not pin it down."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from transferkit.typing import Json

Piece = tuple[float | None, float | None]
"""Lower and upper end; None where there is no end."""


@dataclass(frozen=True)
class Interval:
    """The values that the data do not exclude at a level.

    ``pieces`` holds one interval, or two where values in the middle are excluded and those far out on both sides are
    not, or none where every value is excluded.

    >>> Interval(((2.0, None),), 0.95)
    Interval(pieces=((2.0, None),), level=0.95)
    >>> 3.0 in Interval(((2.0, None),), 0.95), Interval(((2.0, None),), 0.95).bounded
    (True, False)
    """

    pieces: tuple[Piece, ...]
    level: float

    @property
    def low(self) -> float | None:
        """The lowest value that is not excluded; None where there is no lowest."""
        return self.pieces[0][0] if self.pieces else None

    @property
    def high(self) -> float | None:
        """The highest value that is not excluded; None where there is no highest."""
        return self.pieces[-1][1] if self.pieces else None

    @property
    def bounded(self) -> bool:
        """Both ends exist."""
        return self.low is not None and self.high is not None

    def __contains__(self, value: float) -> bool:
        """Whether the data leave this value open."""
        return any((low is None or value >= low) and (high is None or value <= high) for low, high in self.pieces)

    def through(self, change: Callable[[float], float]) -> "Interval":
        """The same interval of an increasing function of the value, as of ``exp`` for an interval in the logarithm."""
        ends = [tuple(None if end is None else float(change(end)) for end in piece) for piece in self.pieces]
        return Interval(tuple((low, high) for low, high in ends), self.level)

    def to_json(self) -> Json:
        """Pieces as lists; null where there is no end."""
        return {"low": self.low, "high": self.high, "pieces": [list(p) for p in self.pieces], "level": self.level}

    @classmethod
    def from_json(cls, data: Json) -> "Interval":
        """The inverse of :meth:`to_json`."""
        return cls(tuple((low, high) for low, high in data["pieces"]), data["level"])


def around(value: float, half: float, level: float) -> Interval:
    """The interval value ± half; without ends where half is not finite.

    >>> around(1.0, 0.5, 0.95).pieces
    ((0.5, 1.5),)
    """
    return Interval(((value - half, value + half) if np.isfinite(half) else (None, None),), level)


def accepted(excess: Callable[[np.ndarray], np.ndarray], grid: np.ndarray, level: float) -> Interval:
    """The values at which a test does not reject, by inverting the test.

    Args:
        excess: of an array of hypotheses, the size of the test statistic minus its critical value: accepted where <= 0
        grid: increasing hypotheses to try; an end that is accepted is no end. Each change of sign is then narrowed down.
        level: of the test

    >>> accepted(lambda x: np.abs(x - 3.0) - 1.0, np.linspace(0.0, 10.0, 21), 0.95).pieces
    ((2.0, 4.0),)
    """
    values = excess(grid)
    inside = values <= 0

    def end(k: int) -> float:
        return _zero(excess, grid[k], grid[k + 1], values[k], values[k + 1])

    pieces: list[Piece] = []
    start: float | None = None
    for k, now in enumerate(inside):
        before = bool(inside[k - 1]) if k else False
        if now and not before:
            start = end(k - 1) if k else None
        if before and not now:
            pieces.append((start, end(k - 1)))
    if inside[-1]:
        pieces.append((start, None))
    return Interval(tuple(pieces), level)


def _zero(excess: Callable[[np.ndarray], np.ndarray], low: float, high: float, first: float, last: float) -> float:
    """Where a function changes sign between two points: narrowed down on finer and finer grids, then by a line."""
    for _ in range(3):
        fine = np.linspace(low, high, 17)
        values = np.concatenate([[first], excess(fine[1:-1]), [last]])
        k = int(np.flatnonzero((values[:-1] <= 0) != (values[1:] <= 0))[0])
        low, high, first, last = fine[k], fine[k + 1], values[k], values[k + 1]
    return float(low + (high - low) * first / (first - last))
