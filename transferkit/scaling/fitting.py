"""Fitting a law's parameters to logarithms of errors: least squares or Huber, by damped Gauss-Newton steps, many at once."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

HUBER = 1.345
"""Residuals beyond this many standard deviations count linearly: 95 % as efficient as least squares on normal noise."""
STEPS = 60

Model = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
"""Parameters (fits, p) to values (fits, points) and derivatives (fits, points, p); values are NaN where impossible."""


@dataclass(frozen=True)
class Loss:
    """Least squares, or Huber's with a scale in units of log error.

    >>> Loss(None).psi(np.array([3.0]))
    array([3.])
    >>> Loss(1.0).psi(np.array([3.0]))
    array([1.345])
    """

    scale: float | None = None

    def psi(self, residuals: np.ndarray) -> np.ndarray:
        """What a residual counts."""
        return residuals if self.scale is None else np.clip(residuals, -self.edge, self.edge)

    def slope(self, residuals: np.ndarray) -> np.ndarray:
        """The derivative of :meth:`psi`."""
        return np.ones_like(residuals) if self.scale is None else (np.abs(residuals) <= self.edge).astype(np.float64)

    def cost(self, residuals: np.ndarray) -> np.ndarray:
        """What is made small, per residual."""
        clipped = self.psi(residuals)
        return clipped * (residuals - 0.5 * clipped)

    @property
    def edge(self) -> float:
        """Where the loss turns linear."""
        return np.inf if self.scale is None else HUBER * max(self.scale, 1e-12)


def descend(model: Model, start: np.ndarray, logs: np.ndarray, loss: Loss) -> tuple[np.ndarray, np.ndarray]:
    """Fit all rows of ``start`` (fits, p) to the same logs (chains, points).

    Returns:
        parameters (fits, p) and their costs (fits,)
    """
    theta = np.array(start, dtype=np.float64)
    damping = np.full(len(theta), 1e-3)
    values, slopes = model(theta)
    cost = _cost(values, logs, loss)
    eye = np.eye(theta.shape[1])
    for _ in range(STEPS):
        residuals = logs[None] - values[:, None]
        psi = loss.psi(residuals).sum(axis=1)
        weight = np.maximum(loss.slope(residuals).sum(axis=1), 0.1)
        across = slopes.swapaxes(1, 2)
        normal = across @ (weight[:, :, None] * slopes)
        damped = normal * (1.0 + damping[:, None, None] * eye) + 1e-14 * eye
        step = np.linalg.solve(damped, across @ psi[:, :, None])[:, :, 0]
        tried = theta + step
        # On a flat curve a trial step may overflow: it then costs infinity and is not taken.
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            new_values, new_slopes = model(tried)
            new_cost = _cost(new_values, logs, loss)
        better = new_cost <= cost
        gain = np.where(better, cost - new_cost, 0.0)
        theta = np.where(better[:, None], tried, theta)
        values = np.where(better[:, None], new_values, values)
        slopes = np.where(better[:, None, None], new_slopes, slopes)
        cost = np.where(better, new_cost, cost)
        damping = np.clip(np.where(better, damping * 0.2, damping * 8.0), 1e-12, 1e12)
        still = (np.abs(step) <= 1e-10 * (1.0 + np.abs(theta))).all(axis=1)
        if np.all(still | (better & (gain <= 1e-12 * (1e-12 + cost))) | (damping >= 1e12)):
            break
    return theta, cost


def _cost(values: np.ndarray, logs: np.ndarray, loss: Loss) -> np.ndarray:
    cost = loss.cost(logs[None] - values[:, None]).sum(axis=(1, 2))
    return np.where(np.isfinite(cost), cost, np.inf)


def spread_of(residuals: np.ndarray) -> float:
    """A robust standard deviation: the median absolute residual, scaled to the normal distribution.

    >>> spread_of(np.array([-1.0, 0.0, 1.0])).__round__(4)
    1.4826
    """
    return float(1.4826 * np.median(np.abs(residuals)))
