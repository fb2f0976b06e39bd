"""A time that was measured a few times: what is likely, and between which bounds."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from transferkit.typing import Json

LEAST = 0.15
"""The bounds lie at least this share away from what is likely: no machine repeats itself better."""


@dataclass(frozen=True)
class Span:
    """A time in seconds, or a rate in seconds per unit.

    Attributes:
        low: on a good day
        likely: what to count on
        high: on a bad day
    """

    low: float
    likely: float
    high: float

    @classmethod
    def exactly(cls, seconds: float) -> "Span":
        """One number for all three.

        >>> Span.exactly(2.0).high
        2.0
        """
        return cls(seconds, seconds, seconds)

    @classmethod
    def of(cls, seconds: Sequence[float], amounts: Sequence[float]) -> "Span":
        """Seconds per unit from a few measurements, each of some amount.

        Args:
            seconds: of each measurement
            amounts: units done in each, e.g. graph edges

        >>> Span.of([1.0, 3.0, 5.0], [10, 20, 20]).likely
        0.15
        """
        rates = [s / max(a, 1e-9) for s, a in zip(seconds, amounts, strict=True)]
        likely = median(rates)
        return cls(min(*rates, likely * (1 - LEAST)), likely, max(*rates, likely * (1 + LEAST)))

    @classmethod
    def sum(cls, spans: "Iterable[Span]") -> "Span":
        """One after the other.

        >>> Span.sum([Span(1, 2, 3), Span(1, 1, 1)])
        Span(low=2, likely=3, high=4)
        """
        all_ = list(spans)
        return cls(sum(s.low for s in all_), sum(s.likely for s in all_), sum(s.high for s in all_))

    def __add__(self, other: "Span") -> "Span":
        """One after the other."""
        return Span(self.low + other.low, self.likely + other.likely, self.high + other.high)

    def __mul__(self, factor: float) -> "Span":
        """So many times."""
        return Span(self.low * factor, self.likely * factor, self.high * factor)

    @property
    def about(self) -> str:
        """What is likely, for people.

        >>> Span.exactly(90.0).about
        '1.5 min'
        """
        return str(self).partition(" (")[0]

    def to_json(self) -> Json:
        """A JSON object in seconds, to three digits."""
        return {name: float(f"{getattr(self, name):.3g}") for name in ("low", "likely", "high")}

    def __str__(self) -> str:
        """For people.

        >>> print(Span(50, 61, 80), Span(3.1e3, 3.6e3, 4.4e3), sep="; ")
        1.0 min (0.8 to 1.3); 1.0 h (0.9 to 1.2)
        """
        unit, size = next((u, s) for u, s in UNITS if self.likely >= s or u == "ms")
        return f"{self.likely / size:.1f} {unit} ({self.low / size:.1f} to {self.high / size:.1f})"


UNITS = (("days", 86400.0), ("h", 3600.0), ("min", 60.0), ("s", 1.0), ("ms", 0.001))
