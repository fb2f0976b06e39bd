"""What labels cost, and the best mix of them under a law: whole numbers for a plan, a smooth path for its uncertainty."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from transferkit.scaling.mix import Bought
from transferkit.scaling.mixed_fit import MixedFit

ALL = 200_000
"""Up to so many numbers are all tried; of more, these many on a grid, and then all beside the best."""
NEVER = 1e15
"""More labels than can be had."""


@dataclass(frozen=True)
class Market:
    """Prices of labels, and how many may be bought.

    Args:
        high: price of an expensive label
        low: price of a cheap one, in the same unit
        least_high: expensive labels that must be there
        most_high: that can be had
        least_low: cheap labels that must be there
        most_low: that can be had
    """

    high: float
    low: float
    least_high: float
    most_high: float
    least_low: float
    most_low: float

    def cost(self, n_high: np.ndarray, n_low: np.ndarray) -> np.ndarray:
        """Of mixes; infinite for mixes that are not to be had.

        >>> Market(100.0, 1.0, 1.0, NEVER, 0.0, 50.0).cost(np.array([2.0, 2.0]), np.array([10.0, 60.0]))
        array([210.,  inf])
        """
        there = (n_low <= self.most_low) & (n_low < NEVER)
        return np.where(there, self.high * n_high + self.low * np.where(there, n_low, 0.0), np.inf)

    def left(self, budget: float | np.ndarray, n_high: np.ndarray) -> np.ndarray:
        """Cheap labels that a budget buys beside expensive ones."""
        rest = budget - self.high * n_high
        bought = rest / self.low if self.low > 0 else np.where(rest >= 0, np.inf, -np.inf)
        return np.minimum(bought, self.most_low)


def cheapest(fit: MixedFit, market: Market, target: float) -> Bought | None:
    """The cheapest whole numbers of labels with an error of at most the target; None where no mix reaches it.

    Every number of expensive labels is tried with the cheap labels that it needs, so that no minimum is missed.
    """
    unit, log_error = fit.points.unit, float(np.log(target))
    enough = fit.form.high_for(fit.theta, log_error, market.least_low / unit) * unit
    last = min(max(np.ceil(enough * (1 - 1e-12)), market.least_high), market.most_high)
    if not last < NEVER:
        return None

    def value(n_high: np.ndarray) -> np.ndarray:
        return market.cost(n_high, needed(n_high))

    def needed(n_high: np.ndarray) -> np.ndarray:
        n_low = np.ceil(fit.form.low_for(fit.theta, log_error, n_high / unit) * unit * (1 - 1e-12))
        return np.maximum(n_low, market.least_low)

    n_high = _least(value, market.least_high, last)
    at = np.array([n_high])
    cost = float(value(at)[0])
    return _bought(fit, n_high, float(needed(at)[0]), cost) if np.isfinite(cost) else None


def best(fit: MixedFit, market: Market, budget: float) -> Bought | None:
    """The whole numbers of labels within a budget with the least error; None where it buys none."""
    last = min(np.floor((budget - market.low * market.least_low) / market.high * (1 + 1e-12)), market.most_high)
    if last < market.least_high:
        return None

    def bought(n_high: np.ndarray) -> np.ndarray:
        return np.maximum(np.floor(market.left(budget, n_high) * (1 + 1e-12)), market.least_low)

    def value(n_high: np.ndarray) -> np.ndarray:
        return fit.log_error(n_high, bought(n_high))

    n_high = _least(value, market.least_high, last)
    n_low = float(bought(np.array([n_high]))[0])
    return _bought(fit, n_high, n_low, market.high * n_high + market.low * n_low)


def _least(value: Callable[[np.ndarray], np.ndarray], first: float, last: float) -> float:
    """The whole number from ``first`` to ``last`` at which a function is least; the largest of several."""
    tried = np.arange(first, last + 1) if last - first < ALL else np.unique(np.round(np.geomspace(first, last, ALL)))
    k = int(_last_least(value(tried)))
    if last - first >= ALL:
        low, high = tried[max(k - 1, 0)], tried[min(k + 1, len(tried) - 1)]
        tried = np.unique(np.round(np.linspace(low, high, min(int(high - low) + 1, ALL))))
        k = int(_last_least(value(tried)))
    return float(tried[k])


def _last_least(values: np.ndarray) -> int:
    return len(values) - 1 - int(np.argmin(values[::-1]))


def _bought(fit: MixedFit, n_high: float, n_low: float, cost: float) -> Bought:
    error = float(np.exp(fit.log_error(np.array([n_high]), np.array([n_low]))[0]))
    return Bought(fit.form.name, int(n_high), int(n_low), cost, error)


@dataclass(frozen=True)
class Path:
    """The best mixes of all budgets, with fractions of labels; budgets are given by their natural logarithms.

    At a best mix, moving money from one kind to the other changes the error to second order only. So the derivatives of the best error by
    the law's parameters are those of the error at the mix.

    Args:
        fit: the law
        market: where labels are bought
    """

    fit: MixedFit
    market: Market

    @property
    def least(self) -> float:
        """Logarithm of the smallest budget."""
        return float(np.log(self.market.high * self.market.least_high + self.market.low * self.market.least_low))

    def mixes(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The best numbers of expensive and of cheap labels for each budget."""
        market, budget = self.market, np.exp(x)[:, None]
        most = np.clip((budget - market.low * market.least_low) / market.high, market.least_high, market.most_high)
        n_high = market.least_high + (most - market.least_high) * _SHARES
        n_low = np.maximum(market.left(budget, n_high), market.least_low)
        k = np.argmin(self.fit.log_error(n_high.ravel(), n_low.ravel()).reshape(n_high.shape), axis=1)
        rows = np.arange(len(x))
        return n_high[rows, k], n_low[rows, k]

    def log_error(self, x: np.ndarray) -> np.ndarray:
        """Logarithm of the best error for each budget."""
        return self.fit.log_error(*self.mixes(x))

    def gradient(self, x: np.ndarray) -> np.ndarray:
        """Its derivatives by the law's parameters, (budgets, p)."""
        return self.fit.gradient(*self.mixes(x))

    def moved(self, cost: float) -> np.ndarray:
        """By how much the logarithm of the budget that reaches a fixed error changes with each parameter, (p,)."""
        x = max(float(np.log(cost)), self.least + 1e-3) + np.array([-1e-3, 0.0, 1e-3])
        log_error = self.log_error(x)
        return np.asarray(-self.gradient(x[1:2])[0] / ((log_error[2] - log_error[0]) / (x[2] - x[0])))


_NEAR = np.geomspace(1e-8, 1.0, 800)
_SHARES = np.unique(np.concatenate([[0.0], _NEAR, 1.0 - _NEAR]))
