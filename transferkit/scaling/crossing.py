"""Where two laws meet: the size up to which pre-training pays."""

from dataclasses import dataclass

import numpy as np

from transferkit.scaling import wording
from transferkit.scaling.bounds import Interval, accepted
from transferkit.scaling.fit import Fit
from transferkit.scaling.forecast import crossing_of, refined, searched
from transferkit.scaling.spread import Spread
from transferkit.typing import Json


@dataclass(frozen=True)
class Crossing:
    """The size at which two laws are equal.

    Args:
        size: None where the laws do not meet within twelve decades of the points
        interval: the sizes at which the data do not tell the laws apart; it may have no end on one side or on both, or leave
            out only a middle
        below: which curve is better below the crossing ("transfer" or "scratch"); everywhere, where there is none
        inside: the crossing lies among the sizes of both curves
        beyond: in words how far outside them; empty inside
    """

    size: float | None
    interval: Interval
    below: str
    inside: bool
    beyond: str

    def to_json(self) -> Json:
        """Plain data."""
        return vars(self) | {"interval": self.interval.to_json()}

    def __str__(self) -> str:
        """A sentence or two."""
        return self.told("transfer", "scratch")

    def told(self, transfer: str, scratch: str) -> str:
        """A sentence or two, in which the curves have these names."""
        below, above = (transfer, scratch) if self.below == "transfer" else (scratch, transfer)
        told = wording.sizes(self.interval)
        if self.size is None:
            open_ = any(
                high is None or high >= 1 for _, high in self.interval.pieces
            )  # no set is smaller than one structure
            apart = (
                f"not told apart: {told}"
                if open_
                else f"at {100 * self.interval.level:g} % the data tell them apart at every size"
            )
            return f"The laws do not meet: {below} is better at every size; {apart}."
        if self.size < 1:
            text = f"The laws meet below any size, {told}: {above} is better at every size."
            return text if self.interval.bounded else f"{text} {_open(self.interval)}"
        where = "among your sizes" if self.inside else f"an extrapolation: {self.beyond}"
        text = f"The laws meet at size {wording.size(self.size)} ({where}), {told}; below it {below} is better, above it {above}."
        return text if self.interval.bounded else f"{text} {_open(self.interval)}"


def _open(interval: Interval) -> str:
    if interval.low is None and interval.high is None:
        return "The slopes are not told apart: the data do not say on which side of any far size they meet, nor whether they do."
    side = "larger" if interval.high is None else "smaller"
    return f"The data do not exclude that they meet at any {side} size, or not at all."


def crossing_between(transfer: Fit, scratch: Fit, spread: Spread, level: float) -> Crossing:
    """Find the crossing and invert, at every size, the t test that the laws are equal there (Fieller's interval).

    Args:
        transfer: first law
        scratch: second law
        spread: of the parameters of both, first those of ``transfer``
        level: of the interval
    """
    sizes = np.concatenate([transfer.curve.sizes, scratch.curve.sizes])
    grid = searched(sizes)

    def difference(x: np.ndarray) -> np.ndarray:
        return np.asarray(transfer.log_error(x) - scratch.log_error(x))

    def excess(x: np.ndarray) -> np.ndarray:
        return np.asarray(
            np.abs(difference(x)) - spread.half(np.hstack([transfer.gradient(x), -scratch.gradient(x)]), level)
        )

    at = crossing_of(difference, grid)
    middle = np.array([np.log(sizes).mean()])
    slope_at = middle if at is None else np.array([at])
    leaning = difference(middle)[0] < 0 if at is None else difference(slope_at - 0.1)[0] < 0
    size = None if at is None else float(np.exp(at))
    low = max(transfer.curve.sizes[0], scratch.curve.sizes[0])
    high = min(transfer.curve.sizes[-1], scratch.curve.sizes[-1])
    beyond = "" if size is None else wording.beyond(size, low, high)
    return Crossing(
        size,
        accepted(excess, refined(grid, at), level).through(np.exp),
        "transfer" if leaning else "scratch",
        size is not None and not beyond,
        beyond,
    )
