"""One form fitted to one curve: its parameters, their influence functions and their spread."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from transferkit.scaling.curve import Curve
from transferkit.scaling.fitting import Loss, descend, spread_of
from transferkit.scaling.forms import Form, Plain
from transferkit.scaling.spread import Spread, of_chains, of_compositions, of_points


@dataclass(frozen=True, eq=False)
class Fit:
    """A law through a curve. Logarithms are natural; sizes and errors in the units that the curve has.

    Args:
        curve: the points
        form: with or without a floor
        theta: its parameters in reduced units (:mod:`transferkit.scaling.forms`)
        loss: what was made small
    """

    curve: Curve
    form: Form
    theta: np.ndarray
    loss: Loss

    @cached_property
    def u(self) -> np.ndarray:
        """Sizes in units of their geometric mean."""
        return self.curve.sizes / self.curve.middle[0]

    @cached_property
    def logs(self) -> np.ndarray:
        """Logarithms of reduced errors, (chains, m)."""
        return np.asarray(self.curve.logs - np.log(self.curve.middle[1]))

    def log_error(self, log_sizes: np.ndarray) -> np.ndarray:
        """Natural logarithm of the law's error at logarithms of sizes."""
        return np.asarray(self.form.value(self.theta, self._reduced(log_sizes)) + np.log(self.curve.middle[1]))

    def gradient(self, log_sizes: np.ndarray) -> np.ndarray:
        """Derivatives of :meth:`log_error` by the reduced parameters, (..., p)."""
        return self.form.gradient(self.theta, self._reduced(log_sizes))

    def steepness(self, log_sizes: np.ndarray) -> np.ndarray:
        """-d log error / d log size: the local exponent."""
        return self.form.steepness(self.theta, self._reduced(log_sizes))

    def _reduced(self, log_sizes: np.ndarray) -> np.ndarray:
        return np.asarray(np.exp(np.clip(log_sizes - np.log(self.curve.middle[0]), -200.0, 200.0)))

    @cached_property
    def residuals(self) -> np.ndarray:
        """Log errors minus the law, (chains, m)."""
        return np.asarray(self.logs - self.form.value(self.theta, self.u))

    @property
    def exponent(self) -> float:
        """The exponent b."""
        return float(self.theta[1])

    @property
    def prefactor(self) -> float:
        """The prefactor a, in units of error times size^b."""
        size, error = self.curve.middle
        return float(np.exp(self.theta[0] + np.log(error) + self.theta[1] * np.log(size)))

    @property
    def floor(self) -> float:
        """The floor c, in units of error."""
        return self.form.floor(self.theta) * self.curve.middle[1]

    @cached_property
    def r2(self) -> float:
        """Share of the variance over sizes of the chain means of log error that the law explains."""
        mean = self.logs.mean(axis=0)
        return 1.0 - float((self.residuals.mean(axis=0) ** 2).sum() / max(((mean - mean.mean()) ** 2).sum(), 1e-300))

    @cached_property
    def influence(self) -> np.ndarray:
        """What each chain alone adds to the parameters, to first order, (chains, p); their mean is zero at the best fit."""
        slopes = self.form.gradient(self.theta, self.u)
        return np.asarray(self.loss.psi(self.residuals) @ slopes @ self._inverse(slopes))

    def _inverse(self, slopes: np.ndarray) -> np.ndarray:
        weight = self.loss.slope(self.residuals).mean(axis=0)
        normal = np.einsum("mp,m,mq->pq", slopes, weight, slopes)
        return np.asarray(np.linalg.pinv(normal, hermitian=True))

    @cached_property
    def spread(self) -> Spread:
        """Over chains where there are several; of a regression on independent points where there is one curve.

        With errors of single compositions, over test compositions too.
        """
        slopes = self.form.gradient(self.theta, self.u)
        several = len(self.logs) > 1
        if several:
            source = of_chains(self.influence)
        else:
            inverse = np.linalg.pinv(slopes.T @ slopes, hermitian=True)
            source = of_points(inverse + 1e-15 * np.eye(len(inverse)), self.variance, len(self.u) - self.form.n)
        if self.curve.shares is None:
            return Spread((source,))
        counted = self.loss.slope(self.residuals)[:, :, None] * self.curve.shares
        cells = np.einsum("kmc,mp->kcp", counted, slopes) @ self._inverse(slopes)
        return Spread((source, *of_compositions(cells, chains=several)))

    @cached_property
    def variance(self) -> float:
        """Of a point about its own chain's law, in log error."""
        chains, m = self.logs.shape
        own = self.residuals - self.influence @ self.form.gradient(self.theta, self.u).T
        psi = self.loss.psi(own)
        share = max(float(self.loss.slope(own).mean()), 0.1)
        return float((psi**2).sum() / max(chains * (m - self.form.n), 1) / share**2)


def reduced(curve: Curve) -> tuple[np.ndarray, np.ndarray]:
    """Sizes and log errors in units of the curve's geometric means: (m,) and (chains, m)."""
    return curve.sizes / curve.middle[0], curve.logs - np.log(curve.middle[1])


def fit_plain(curve: Curve, *, huber: bool = False) -> Fit:
    """The straight line in logarithms.

    >>> from transferkit.scaling.curve import curve_of
    >>> fit = fit_plain(curve_of([10, 100, 1000], [1.0, 0.1, 0.01]))
    >>> round(fit.exponent, 9), round(fit.prefactor, 9), round(fit.r2, 9)
    (1.0, 10.0, 1.0)
    """
    u, logs = reduced(curve)
    x = -np.log(u)
    design = np.stack([np.ones_like(x), x], axis=-1)
    theta = np.linalg.lstsq(design, logs.mean(axis=0), rcond=None)[0]
    loss = Loss()
    if huber:
        for _ in range(20):
            before = theta
            loss = Loss(spread_of(logs - design @ theta))
            theta = descend(lambda th: (th @ design.T, np.broadcast_to(design, (len(th), *design.shape))), theta[None], logs, loss)[0][0]  # fmt: skip
            if np.allclose(before, theta, rtol=0, atol=1e-10):
                break
    return Fit(curve, Plain(), theta, loss)
