"""How many times more data training from scratch needs for the same error."""

from dataclasses import dataclass

import numpy as np

from transferkit.scaling import wording
from transferkit.scaling.bounds import Interval, accepted
from transferkit.scaling.fit import Fit
from transferkit.scaling.forecast import DECADES, crossing_of, refined, searched
from transferkit.scaling.spread import Spread
from transferkit.typing import Json


@dataclass(frozen=True)
class DataFactor:
    """N_scratch / N_transfer at equal error.

    Args:
        factor: None where a floor forbids it
        interval: of the factor; it has no upper end where the data do not exclude that scratch never gets there
        error: at which both are compared, in the unit of the errors
        transfer_size: that transfer needs for it; None where its floor forbids
        scratch_size: that scratch needs for it; None where its floor forbids
        beyond: in words which size is an extrapolation, and how far; empty where neither is
        unit: of the errors
    """

    factor: float | None
    interval: Interval
    error: float
    transfer_size: float | None
    scratch_size: float | None
    beyond: str
    unit: str

    def to_json(self) -> Json:
        """Plain data."""
        return vars(self) | {"interval": self.interval.to_json()}

    def __str__(self) -> str:
        """A sentence."""
        target = wording.error(self.error, self.unit)
        if self.transfer_size is None or self.scratch_size is None or self.factor is None:
            who = " and ".join(
                n for n, size in (("transfer", self.transfer_size), ("scratch", self.scratch_size)) if size is None
            )
            told = f"; factor: {wording.interval(self.interval, wording.number)}" if self.interval.low else ""
            return f"Data factor at {target}: no size of {who} has this error, for its floor or its flatness{told}."
        where = f" ({self.beyond})" if self.beyond else ""
        return (
            f"For {target} scratch needs {wording.number(self.factor)} times the data of transfer "
            f"({wording.size(self.scratch_size)} against {wording.size(self.transfer_size)}), "
            f"{wording.interval(self.interval, wording.number)}{where}."
        )


def factor_at_size(
    transfer: Fit, scratch: Fit, spread: Spread, size: float, *, level: float, unit: str = ""
) -> DataFactor:
    """How many times ``size`` scratch needs to be as good as transfer at ``size``, by inverting a t test for each factor."""
    x = np.log(np.array([size]))
    target = transfer.log_error(x)
    grid = _factors()

    def difference(shift: np.ndarray) -> np.ndarray:
        return np.asarray(scratch.log_error(x + shift) - target)

    def excess(shift: np.ndarray) -> np.ndarray:
        here = np.broadcast_to(-transfer.gradient(x), (len(shift), transfer.form.n))
        return np.asarray(
            np.abs(difference(shift)) - spread.half(np.hstack([here, scratch.gradient(x + shift)]), level)
        )

    shift = crossing_of(difference, grid)
    found = accepted(excess, refined(grid, shift), level).through(np.exp)
    factor = None if shift is None else float(np.exp(shift))
    needed = None if factor is None else size * factor
    where = _beyond(transfer, scratch, size, needed)
    return DataFactor(factor, found, float(np.exp(target[0])), size, needed, where, unit)


def factor_for_error(
    transfer: Fit, scratch: Fit, spread: Spread, error: float, *, level: float, unit: str = ""
) -> DataFactor:
    """N_scratch / N_transfer at a target error.

    A factor that is off by some amount is taken to be off by half of it on either curve; each curve's distance from the target
    there, over its steepness, is tested together.
    """
    target = np.log(error)
    first, second = (_size_of(fit, target) for fit in (transfer, scratch))
    sizes = [None if x is None else float(np.exp(x)) for x in (first, second)]
    if first is None or second is None:
        nothing = Interval(((None, None),), level)
        return DataFactor(None, nothing, error, sizes[0], sizes[1], _beyond(transfer, scratch, *sizes), unit)
    steep = [float(f.steepness(np.array([x]))[0]) for f, x in ((transfer, first), (scratch, second))]

    def excess(shift: np.ndarray) -> np.ndarray:
        off = 0.5 * (shift - (second - first))
        x, y = first - off, second + off
        distance = (transfer.log_error(x) - target) / steep[0] - (scratch.log_error(y) - target) / steep[1]
        direction = np.hstack([transfer.gradient(x) / steep[0], -scratch.gradient(y) / steep[1]])
        return np.asarray(np.abs(distance) - spread.half(direction, level))

    found = accepted(excess, refined(_factors(), second - first), level).through(np.exp)
    where = _beyond(transfer, scratch, *sizes)
    return DataFactor(float(np.exp(second - first)), found, error, sizes[0], sizes[1], where, unit)


def _size_of(fit: Fit, target: float) -> float | None:
    """The logarithm of the size at which a law has this log error."""
    return crossing_of(lambda x: fit.log_error(x) - target, searched(fit.curve.sizes))


def _factors() -> np.ndarray:
    far = DECADES * np.log(10.0)
    return np.linspace(-far, far, 1201)


def _beyond(transfer: Fit, scratch: Fit, transfer_size: float | None, scratch_size: float | None) -> str:
    said = []
    for name, fit, size in (("transfer", transfer, transfer_size), ("scratch", scratch, scratch_size)):
        far = "" if size is None else wording.beyond(size, fit.curve.sizes[0], fit.curve.sizes[-1])
        if far:
            said.append(f"{name} {far}")
    return "; ".join(said)
