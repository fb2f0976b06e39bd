"""One form of a law of two fidelities fitted to points: parameters, their spread over chains, and how it does on mixes left out."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import stats
from scipy.stats import t as student

from transferkit.scaling.fitting import Loss, descend
from transferkit.scaling.mixed_form import Array, Floored, MixedForm
from transferkit.scaling.mixed_points import MixedPoints
from transferkit.scaling.spread import Spread, of_chains


@dataclass(frozen=True, eq=False)
class MixedFit:
    """A form through points. Logarithms are natural; labels are counted in units of the points, errors in the unit they have.

    Args:
        points: that were fitted
        form: the form
        theta: its parameters, (p,)
    """

    points: MixedPoints
    form: MixedForm
    theta: Array

    def log_error(self, n_high: Array, n_low: Array) -> Array:
        """Logarithm of the law's error at mixes."""
        unit = self.points.unit
        return self.form.value(self.theta, np.asarray(n_high) / unit, np.asarray(n_low) / unit)

    def gradient(self, n_high: Array, n_low: Array) -> Array:
        """Derivatives of :meth:`log_error` by the parameters, (m, p)."""
        unit = self.points.unit
        return self.form.gradient(self.theta, np.asarray(n_high) / unit, np.asarray(n_low) / unit)

    @cached_property
    def residuals(self) -> Array:
        """Log errors minus the law, (chains, m)."""
        return np.asarray(self.points.logs - self.log_error(self.points.n_high, self.points.n_low))

    @cached_property
    def spread(self) -> Spread | None:
        """Over chains: what each alone adds to the parameters, to first order. None with one chain."""
        if self.points.chains is None:
            return None
        slopes = self.gradient(self.points.n_high, self.points.n_low)
        inverse = np.linalg.pinv(slopes.T @ slopes, hermitian=True)
        return Spread((of_chains(self.residuals @ slopes @ inverse),))

    @cached_property
    def left_out(self) -> Array:
        """Log errors minus what a fit without their mix says of it, (chains, m)."""
        points = self.points
        off = np.empty_like(points.logs)
        for k in range(len(points.n_high)):
            found = fit_form(points.without(k), self.form, unit=points.unit, near=self.theta)
            value = self.form.value(
                found, points.n_high[k : k + 1] / points.unit, points.n_low[k : k + 1] / points.unit
            )
            off[:, k] = points.logs[:, k] - value[0]
        return off

    @property
    def misfit(self) -> float:
        """Root mean square over mixes of the chain means of :attr:`left_out`."""
        return float(np.sqrt((self.left_out.mean(axis=0) ** 2).mean()))


def fit_form(points: MixedPoints, form: MixedForm, *, unit: float | None = None, near: Array | None = None) -> Array:
    """The parameters that fit best in log error, by least squares from many starts, or from one that is near.

    Args:
        points: to fit
        form: to fit to them
        unit: that labels are counted in; the points' own if not given
        near: parameters to start from, of almost the same points; many are tried if not given

    >>> from transferkit.scaling.mixed_forms import Exchange
    >>> from transferkit.scaling.mixed_points import mixed_points
    >>> high, low = (v.ravel() for v in np.meshgrid([10.0, 30.0, 100.0], [0.0, 100.0, 1000.0]))
    >>> points = mixed_points(high, low, 3.0 * (high + 0.2 * low) ** -0.5, None)
    >>> fit_form(points, Exchange())[1:].round(6)
    array([0.5, 0.2])
    """
    unit = points.unit if unit is None else unit
    high, low, mean = points.n_high / unit, points.n_low / unit, points.logs.mean(axis=0)
    starts = [_start(form, start, high, low, mean) for start in form.starts] if near is None else [near]

    def model(theta: Array) -> tuple[Array, Array]:
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            values = form.value(theta, high, low)
            return values, np.where(np.isfinite(values)[..., None], form.gradient(theta, high, low), 0.0)

    theta, cost = descend(model, np.array(starts), points.logs, Loss())
    return np.asarray(theta[int(np.argmin(cost))])


def _start(form: MixedForm, start: Array, high: Array, low: Array, mean: Array) -> Array:
    """All parameters, where the last ones are given and the others linear."""
    error = np.exp(mean)
    last = np.array(start, dtype=np.float64)
    if isinstance(form, Floored):
        last[-1] *= error.min()
        mean = np.log(np.maximum(error - last[-1], 0.05 * error))
    columns = form.columns(last, high, low)
    return np.concatenate([np.linalg.lstsq(columns, mean, rcond=None)[0], last])


def told_apart(best: MixedFit, other: MixedFit, level: float) -> bool:
    """Whether the points prefer one form to another, by squared misfits of mixes left out.

    A t test over chains; with one chain a signed-rank test over mixes, as few mixes may make most of a misfit.
    """
    worse = other.left_out**2 - best.left_out**2
    if len(worse) == 1:
        return bool(worse.any() and stats.wilcoxon(worse[0], alternative="greater").pvalue < 0.5 - level / 2)
    by_chain = worse.mean(axis=1)
    error = by_chain.std(ddof=1) / np.sqrt(len(by_chain))
    return bool(by_chain.mean() > student.ppf(0.5 + level / 2, len(by_chain) - 1) * error)
