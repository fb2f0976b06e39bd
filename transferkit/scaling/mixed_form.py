"""What every form of a law of two fidelities can do, and the floor that may be added to each.

Numbers of labels of both kinds are counted in one unit, so that a worth has none. Each form gives the natural logarithm of the error.
Parameters are those of one fit, (p,), or of many, (fits, p); values then are (m,) or (fits, m).
"""

from abc import ABC, abstractmethod
from typing import TypeAlias

import numpy as np

Array: TypeAlias = np.ndarray


class MixedForm(ABC):
    """What a form can do. Its first parameter is the logarithm of the prefactor."""

    name: str
    formula: str
    starts: Array
    """Values to start the last parameters from, (starts, s); the others are then linear."""
    in_logs: frozenset[str] = frozenset()
    """Parameters that are fitted as logarithms, as they cannot be negative."""
    needs_cheap: bool = False
    """Whether the form says nothing of trainings without cheap labels."""

    @abstractmethod
    def value(self, theta: Array, high: Array, low: Array) -> Array:
        """Logarithm of the error; NaN where the parameters are impossible."""

    @abstractmethod
    def gradient(self, theta: Array, high: Array, low: Array) -> Array:
        """Its derivatives by the parameters, (..., m, p)."""

    @abstractmethod
    def columns(self, start: Array, high: Array, low: Array) -> Array:
        """What the parameters before those of ``start`` are multiplied with, (m, p - s)."""

    @abstractmethod
    def low_for(self, theta: Array, log_error: float, high: Array) -> Array:
        """The least number of cheap labels for an error beside expensive ones; infinite where none is enough."""

    @abstractmethod
    def high_for(self, theta: Array, log_error: float, low: float) -> float:
        """The least number of expensive labels for an error beside cheap ones; infinite where none is enough."""

    @abstractmethod
    def readable(self, theta: Array, unit: float) -> dict[str, float]:
        """Parameters as they stand in :attr:`formula`, for labels counted one by one; errors as in the fit."""

    @abstractmethod
    def sound(self, theta: Array) -> bool:
        """Whether the parameters mean what the formula says: more labels of either kind, less error."""


class Floored(MixedForm):
    """A form with an error that no number of labels goes below: its last parameter c, in units of the errors.

    Args:
        above: the form without it
    """

    def __init__(self, above: MixedForm) -> None:
        """Its starts are those of the form above, each with a few floors in units of the smallest error."""
        self.above = above
        self.name = f"{above.name} + c"
        self.formula = f"{above.formula} + c"
        self.in_logs, self.needs_cheap = above.in_logs, above.needs_cheap
        shares = np.array([0.0, 0.3, 0.7])
        starts = above.starts if len(above.starts) <= 13 else above.starts[::2]
        self.starts = np.array([[*start, share] for start in starts for share in shares])

    def value(self, theta: Array, high: Array, low: Array) -> Array:
        """Logarithm of the error; NaN where the floor would make it negative."""
        with np.errstate(over="ignore", invalid="ignore"):
            error = np.exp(self.above.value(theta[..., :-1], high, low)) + theta[..., -1:]
        return log_or_nan(error)

    def gradient(self, theta: Array, high: Array, low: Array) -> Array:
        """Derivatives."""
        log_error = self.value(theta, high, low)
        share = np.exp(self.above.value(theta[..., :-1], high, low) - log_error)
        falling = share[..., None] * self.above.gradient(theta[..., :-1], high, low)
        return np.concatenate([falling, np.exp(-log_error)[..., None]], axis=-1)

    def columns(self, start: Array, high: Array, low: Array) -> Array:
        """Those of the form above."""
        return self.above.columns(start[:-1], high, low)

    def low_for(self, theta: Array, log_error: float, high: Array) -> Array:
        """Infinite at the floor and below."""
        rest = np.exp(log_error) - theta[-1]
        return (
            self.above.low_for(theta[:-1], float(np.log(rest)), high) if rest > 0 else np.full(np.shape(high), np.inf)
        )

    def high_for(self, theta: Array, log_error: float, low: float) -> float:
        """Infinite at the floor and below."""
        rest = np.exp(log_error) - theta[-1]
        return self.above.high_for(theta[:-1], float(np.log(rest)), low) if rest > 0 else np.inf

    def readable(self, theta: Array, unit: float) -> dict[str, float]:
        """Those of the form above, and c."""
        return {**self.above.readable(theta[:-1], unit), "c": float(theta[-1])}

    def sound(self, theta: Array) -> bool:
        """There is a floor."""
        return bool(theta[-1] > 0) and self.above.sound(theta[:-1])


def log_or_nan(x: Array) -> Array:
    """Natural logarithm; NaN without a warning where there is none.

    >>> log_or_nan(np.array([1.0, -1.0]))
    array([ 0., nan])
    """
    return np.asarray(np.log(np.where(x > 0, x, np.nan)))
