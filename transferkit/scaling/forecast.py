"""What a law says beyond its points: the error at a size, and the size for an error."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.stats import t as student

from transferkit.errors import ScalingError
from transferkit.scaling import wording
from transferkit.scaling.bounds import Interval, accepted, around
from transferkit.scaling.fit import Fit
from transferkit.scaling.floor import Floor
from transferkit.scaling.spread import of_chains
from transferkit.typing import Json

DECADES = 12.0
"""How far beyond the points sizes are searched for. An interval that reaches as far has no end."""

NOWHERE = {
    "below the floor": "below the best estimate of the floor",
    "not reached": "not reached: the law is too flat, or rises with size",
    "already reached": "above the law at your smallest size already",
}
"""Why no size is given, in words."""


@dataclass(frozen=True)
class ErrorAt:
    """The error at a size.

    Args:
        size: asked for
        error: of the law, in the unit of the errors
        interval: of the law, the geometric mean over all chains that could be drawn
        prediction: for a new chain: the error that one more training at this size would have
        beyond: in words how far outside the measured sizes; empty inside
        unit: of the errors
    """

    size: float
    error: float
    interval: Interval
    prediction: Interval
    beyond: str
    unit: str

    def to_json(self) -> Json:
        """Plain data."""
        return vars(self) | {"interval": self.interval.to_json(), "prediction": self.prediction.to_json()}

    def __str__(self) -> str:
        """A sentence."""

        def show(value: float) -> str:
            return wording.error(value, self.unit)

        where = f" ({self.beyond})" if self.beyond else ""
        return (
            f"At size {wording.size(self.size)}{where} the law gives {show(self.error)}, {wording.interval(self.interval, show)}; "
            f"a new training: {wording.interval(self.prediction, show)}."
        )


@dataclass(frozen=True)
class SizeFor:
    """The size for an error.

    Args:
        error: asked for
        size: where the law reaches it; None where its floor forbids, or where it does not fall
        interval: of the size at which the law reaches it
        prediction: the sizes at which one more training may have this error
        reach: "reachable", "unreachable" (the floor's lower bound is above the target), "below the floor" (its estimate is),
            "open" (its upper bound is: the points do not exclude that no size is enough), "not reached" (the law is too flat, or
            rises), or "already reached" (the law is too flat or rises, and is below the target at the smallest size)
        beyond: in words how far outside the measured sizes; empty inside
        unit: of the errors
    """

    error: float
    size: float | None
    interval: Interval
    prediction: Interval
    reach: str
    beyond: str
    unit: str

    def to_json(self) -> Json:
        """Plain data."""
        return vars(self) | {"interval": self.interval.to_json(), "prediction": self.prediction.to_json()}

    def __str__(self) -> str:
        """A sentence or two."""
        target = wording.error(self.error, self.unit)
        if self.size is None:
            text = f"{target} is {NOWHERE.get(self.reach, self.reach)}."
            if self.reach != "below the floor":
                return text
            return f"{text} Size: {wording.sizes(self.interval)}."
        where = f" ({self.beyond})" if self.beyond else ""
        text = (
            f"{target} needs size {wording.size(self.size)}{where}, {wording.sizes(self.interval)}; "
            f"a new training: {wording.interval(self.prediction, wording.size)}."
        )
        cautions = {
            "open": " The points do not exclude a floor above it, which no size would pass.",
            "unreachable": " But the points bend, and with the floor that fits them it is unreachable.",
        }
        return text + cautions.get(self.reach, "")


def error_at(fit: Fit, size: float, *, level: float, unit: str = "") -> ErrorAt:
    """The law's error at a size, with the interval of the law and that of a new chain.

    Raises:
        ScalingError: the size is not a positive number.
    """
    _positive("size", size)
    x = np.log(np.array([size]))
    middle = float(fit.log_error(x)[0])
    half, new = float(fit.spread.half(fit.gradient(x), level)[0]), float(half_of_new(fit, x, level)[0])
    low, high = fit.curve.sizes[[0, -1]]
    return ErrorAt(
        size,
        float(np.exp(middle)),
        around(middle, half, level).through(np.exp),
        around(middle, new, level).through(np.exp),
        wording.beyond(size, low, high),
        unit,
    )


def half_of_new(fit: Fit, x: np.ndarray, level: float) -> np.ndarray:
    """Half width, in log error, of the interval for a point of a new chain at logarithms of sizes ``x``.

    The law's own error (over test compositions too, where it knows theirs), plus how chains differ there, plus the scatter of a
    point about its chain. What chains differ by is seen through lines that scatter shifts too, so that part is not counted twice.
    """
    gradient = fit.gradient(x)
    chains, m = fit.logs.shape
    error, df = fit.spread.of(gradient)
    point, dof = fit.variance, max(chains * (m - fit.form.n), 1)
    if chains == 1:
        return np.asarray(student.ppf(0.5 + level / 2, df) * np.sqrt(error**2 + point))
    slopes = fit.form.gradient(fit.theta, fit.u)
    lever = np.einsum("xp,pq,xq->x", gradient, np.linalg.pinv(slopes.T @ slopes, hermitian=True), gradient)
    over_chains = of_chains(fit.influence).variance(gradient)  # of their mean; one chain varies by as many times that
    between = (chains + 1) * over_chains
    beside = np.maximum(error**2 - over_chains, 0.0)
    rest = point * np.maximum(1.0 - lever, 0.0)
    total = between + beside + rest
    parts = between**2 / (chains - 1) + beside**2 / df + rest**2 / dof
    df = total**2 / np.maximum(parts, 1e-300)
    return np.asarray(student.ppf(0.5 + level / 2, np.maximum(df, chains - 1)) * np.sqrt(total))


def size_for(fit: Fit, floor: Floor | None, error: float, *, level: float, unit: str = "") -> SizeFor:
    """The size at which the law reaches an error.

    Raises:
        ScalingError: the error is not a positive number.
    """
    _positive("error", error)
    target = np.log(error)

    def off(x: np.ndarray, *, new: bool) -> np.ndarray:
        half = half_of_new(fit, x, level) if new else fit.spread.half(fit.gradient(x), level)
        return np.asarray(np.abs(fit.log_error(x) - target) - half)

    grid = searched(fit.curve.sizes)
    falls = fit.exponent > 0  # where a law rises, larger sets lead away from the target
    size = crossing_of(lambda x: fit.log_error(x) - target, grid) if falls else None
    grid = refined(grid, size)
    low, high = fit.curve.sizes[[0, -1]]
    return SizeFor(
        error,
        None if size is None else float(np.exp(size)),
        accepted(lambda x: off(x, new=False), grid, level).through(np.exp),
        accepted(lambda x: off(x, new=True), grid, level).through(np.exp),
        _reach(fit, floor, error, found=size is not None),
        "" if size is None else wording.beyond(float(np.exp(size)), low, high),
        unit,
    )


def _reach(fit: Fit, floor: Floor | None, error: float, *, found: bool) -> str:
    if floor is not None and error <= floor.at_least:
        return "unreachable"
    if not found and error >= np.exp(fit.log_error(np.log(fit.curve.sizes[:1]))[0]):
        return "already reached"
    if not found:
        return "below the floor" if fit.floor > 0 else "not reached"
    if floor is not None and (floor.at_most is None or error <= floor.at_most):
        return "open"
    return "reachable" if error > fit.floor else "below the floor"


def searched(sizes: np.ndarray) -> np.ndarray:
    """Logarithms of sizes among which is searched: the points' own range and twelve decades on either side."""
    far = DECADES * np.log(10.0)
    return np.linspace(np.log(sizes.min()) - far, np.log(sizes.max()) + far, 1201)


def refined(grid: np.ndarray, value: float | None) -> np.ndarray:
    """A grid with more points near a value, so that an interval about it is found however narrow it is."""
    if value is None:
        return grid
    near = np.geomspace(1e-7, 1.0, 71)
    more = np.concatenate([value - near, [value], value + near])
    return np.unique(np.concatenate([grid, more[(more > grid[0]) & (more < grid[-1])]]))


def crossing_of(difference: Callable[[np.ndarray], np.ndarray], grid: np.ndarray) -> float | None:
    """Where a function of one variable is zero: its last change of sign on the grid; None where there is none."""
    values = difference(grid)
    changes = np.flatnonzero(np.sign(values[:-1]) * np.sign(values[1:]) <= 0)
    if not len(changes) or not np.any(values):
        return None
    k = int(changes[-1])
    return float(brentq(lambda x: float(difference(np.array([x]))[0]), grid[k], grid[k + 1], xtol=1e-13))


def _positive(what: str, value: float) -> None:
    if not (np.isfinite(value) and value > 0):
        raise ScalingError(f"{what} {value:g} is not a positive number. Give one in the units of the points.")
