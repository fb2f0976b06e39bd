"""The law with a floor, a N^-b + c: its best fit, and what the points say of b and of c alone, by inverting tests.

A hypothesis about one parameter is tested with the others fitted under it: each chain's residuals then give an estimate of how
far the parameter is off, and a t test over chains (or, on one curve, over residuals) says whether that can be chance. The
estimates of b and c themselves are far from normal where the points show little of the floor; these tests hold all the same.
"""

from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student

from transferkit.scaling.bounds import Interval
from transferkit.scaling.curve import Curve
from transferkit.scaling.fit import Fit, fit_plain, reduced
from transferkit.scaling.fitting import Loss, descend, spread_of
from transferkit.scaling.forms import WithFloor
from transferkit.scaling.spread import freedom_of, unskewed

SMALLEST, LARGEST = 1e-3, 6.0
"""Exponents that are tried. An end of an interval that lies at one of them is no end."""


def fit_with_floor(curve: Curve, *, huber: bool = False) -> Fit:
    """The best law with a floor; the floor comes out negative where the points bend downwards.

    >>> from transferkit.scaling.curve import curve_of
    >>> n = np.array([10.0, 100.0, 1000.0, 10000.0])
    >>> fit = fit_with_floor(curve_of(n, 2.0 * n**-0.5 + 0.1))
    >>> round(fit.exponent, 6), round(fit.prefactor, 6), round(fit.floor, 6)
    (0.5, 2.0, 0.1)
    """
    u, logs = reduced(curve)
    loss = Loss(spread_of(fit_plain(curve, huber=True).residuals)) if huber else Loss()
    for _ in range(3 if huber else 1):
        theta = _best(u, logs, loss)
        if huber:
            loss = Loss(min(spread_of(logs - WithFloor().value(theta, u)), loss.scale or np.inf))
    return Fit(curve, WithFloor(), theta, loss)


def _best(u: np.ndarray, logs: np.ndarray, loss: Loss) -> np.ndarray:
    """By trying exponents, so that no start can lead astray; then all three parameters together."""
    tried = np.geomspace(SMALLEST, LARGEST, 40)
    pq, cost = _given_exponent(tried, u, logs, loss)
    k = int(np.argmin(cost))
    fine = np.geomspace(tried[max(k - 1, 0)], tried[min(k + 1, len(tried) - 1)], 40)
    pq, cost = _given_exponent(fine, u, logs, loss)
    k = int(np.argmin(cost))
    start = _floored(fine[k : k + 1], pq[k : k + 1])

    def model(theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        error = np.exp(theta[:, :1] - theta[:, 1:2] * np.log(u)) + theta[:, 2:]
        error = np.where(error > 0, error, np.nan)
        falling = 1.0 - theta[:, 2:] / error
        return np.log(error), np.stack([falling, -falling * np.log(u), 1.0 / error], axis=-1)

    theta, polished = descend(model, start, logs, loss)
    good = polished[0] <= cost[k] and SMALLEST <= theta[0, 1] <= LARGEST
    return np.asarray(theta[0] if good else start[0])


def _floored(b: np.ndarray, pq: np.ndarray) -> np.ndarray:
    """(A, b, c) from an exponent and (p, q): error = p + q (u^-b - 1) / b, which is well behaved at small b."""
    return np.stack([np.log(np.maximum(pq[:, 1] / b, 1e-300)), b, pq[:, 0] - pq[:, 1] / b], axis=-1)


def _given_exponent(b: np.ndarray, u: np.ndarray, logs: np.ndarray, loss: Loss) -> tuple[np.ndarray, np.ndarray]:
    """Parameters p and q at each exponent, (fits, 2), and costs."""
    phi = np.expm1(-b[:, None] * np.log(u)) / b[:, None]
    mean = logs.mean(axis=0)
    weight = np.exp(-mean)
    design = np.stack([np.ones_like(phi), phi], axis=-1) * weight[:, None]
    normal = np.einsum("fmp,fmq->fpq", design, design)
    start = np.linalg.solve(normal + 1e-12 * np.eye(2), design.sum(axis=1)[:, :, None])[:, :, 0]
    bad = (start[:, 1] <= 0) | ((start[:, :1] + start[:, 1:] * phi) <= 0).any(axis=1)
    start[bad] = np.stack([np.ones(len(b)), 1e-3 / np.abs(phi).max(axis=1)], axis=-1)[bad]

    def model(theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        error = theta[:, :1] + theta[:, 1:] * phi
        error = np.where((error > 0) & (theta[:, 1:] > 0), error, np.nan)
        return np.log(error), np.stack([1.0 / error, phi / error], axis=-1)

    return descend(model, start, logs, loss)


def _given_floor(c: np.ndarray, u: np.ndarray, logs: np.ndarray, loss: Loss) -> np.ndarray:
    """A and b at each floor, (fits, 2)."""
    mean, x = logs.mean(axis=0), -np.log(u)
    above = np.log(np.maximum(np.exp(mean) - c[:, None], 0.05 * np.exp(mean)))
    b = (above * x).sum(axis=1) / (x**2).sum()
    start = np.stack([above.mean(axis=1), b], axis=-1)

    def model(theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        rest = np.exp(np.clip(theta[:, :1] + theta[:, 1:] * x, -300.0, 300.0))
        error = rest + c[:, None]
        return np.log(error), np.stack([rest / error, rest / error * x], axis=-1)

    return descend(model, start, logs, loss)[0]


@dataclass(frozen=True)
class Floor:
    """What the points say of the error that no amount of data goes below.

    Args:
        estimate: c of the best fit, in the unit of the errors, never negative
        at_most: one-sided upper bound at ``level``; None where the points do not bound it
        at_least: one-sided lower bound at ``level``; 0 where they do not show a floor
        p_value: of no floor at all, one-sided: how often points from a N^-b bend upwards as much
        level: of each bound
    """

    estimate: float
    at_most: float | None
    at_least: float
    p_value: float
    level: float


def floor_of(fit: Fit, level: float) -> Floor:
    """Bounds of the floor, by inverting a test for each hypothetical floor."""
    u, logs = reduced(fit.curve)
    top = 1.5 * float(np.exp(logs.mean(axis=0)).max())
    tried = np.concatenate([[0.0], np.geomspace(1e-4, top, 80)])
    ab = _given_floor(tried, u, logs, fit.loss)
    form = WithFloor()
    thetas = np.column_stack([ab, tried])
    score, df = _scores(
        fit, np.array([form.value(t, u) for t in thetas]), np.array([form.gradient(t, u) for t in thetas])
    )
    critical = student.ppf(level, df)
    unit = fit.curve.middle[1]
    p_value = float(student.sf(score[0], df[0]))
    at_most = _last(tried, score + critical)
    at_least = _first(tried, score - critical)
    return Floor(max(fit.floor, 0.0), None if at_most is None else at_most * unit, at_least * unit, p_value, level)


def exponent_with_floor(fit: Fit, level: float) -> Interval:
    """The interval of b with c left free, by inverting a test for each hypothetical b."""
    u, logs = reduced(fit.curve)
    tried = np.geomspace(SMALLEST, LARGEST, 80)
    pq, _ = _given_exponent(tried, u, logs, fit.loss)
    phi, b = np.expm1(-tried[:, None] * np.log(u)) / tried[:, None], tried[:, None]
    error = pq[:, :1] + pq[:, 1:] * phi
    by_b = -pq[:, 1:] * (np.exp(-b * np.log(u)) * np.log(u) + phi) / b
    score, df = _scores(fit, np.log(error), np.stack([np.ones_like(phi), phi, by_b], axis=-1) / error[:, :, None])
    critical = student.ppf(0.5 + level / 2, df)
    low = _first(tried, score - critical)
    high = _last(tried, score + critical)
    return Interval(((None if low <= tried[0] else low, high),), level)


def _scores(fit: Fit, values: np.ndarray, slopes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Statistics of t tests: (estimate - hypothesis) over its error, of the last parameter at fits under hypotheses, and their degrees of freedom.

    Args:
        fit: the best fit
        values: log errors under each hypothesis, (hypotheses, m)
        slopes: their derivatives by the parameters, (hypotheses, m, p)
    """
    _, logs = reduced(fit.curve)
    residuals = logs[None] - values[:, None]
    weight = fit.loss.slope(residuals).mean(axis=1)
    inverse = np.linalg.pinv(np.einsum("fmp,fm,fmq->fpq", slopes, weight, slopes), hermitian=True)
    lever = np.einsum("fmp,fp->fm", slopes, inverse[:, :, -1])
    per_chain = np.einsum("fkm,fm->fk", fit.loss.psi(residuals), lever)
    n = len(logs)
    if n > 1:
        variance, df = per_chain.var(axis=1, ddof=1) / n, np.full(len(values), n - 1.0)
    else:  # the scatter of one curve is known from its best fit, not from a wrong hypothesis
        variance = (lever**2).sum(axis=1) * fit.variance
        df = np.full(len(values), float(len(fit.u) - fit.form.n))
    skewness = np.zeros(len(values))
    if fit.curve.shares is not None:
        variance, df, skewness = _with_compositions(fit, variance, df, lever, residuals)
    return unskewed(per_chain.mean(axis=1) / np.maximum(np.sqrt(variance), 1e-300), skewness), df


def _with_compositions(
    fit: Fit, variance: np.ndarray, df: np.ndarray, lever: np.ndarray, residuals: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Variances and degrees of freedom that count the choice of test compositions too, as :class:`Spread` does; and skewness.

    Compositions that gain more or less from data than others bend their mean error upwards, a few hard ones strongly, so that
    the estimate of c is skewed. Chains are too few to say how skewed they are.
    """
    shares = np.asarray(fit.curve.shares)
    cells = np.einsum("fm,fkm,kmc->fkc", lever, fit.loss.slope(residuals), shares, optimize=True)
    n, c = cells.shape[1:]
    over = (cells.mean(axis=1) ** 2).sum(axis=-1) * c / (c - 1)
    twice = (cells**2).sum(axis=(1, 2)) / n**2 * c / (c - 1) if n > 1 else 0.0
    total = np.maximum(variance + over - twice, np.maximum(variance, over))
    dof = freedom_of(cells.mean(axis=1))
    both = total**2 / np.maximum(variance**2 / df + over**2 / dof, 1e-300)
    third = (cells.mean(axis=1) ** 3).sum(axis=-1)
    return total, np.maximum(both, np.minimum(df, dof)), third / np.maximum(total, 1e-300) ** 1.5


def _last(tried: np.ndarray, score: np.ndarray) -> float | None:
    """The highest hypothesis with a score of at least zero, between grid points by a line; None if that is the highest tried."""
    inside = np.flatnonzero(score >= 0)
    if not len(inside):
        return float(tried[0])
    k = int(inside[-1])
    return None if k == len(tried) - 1 else _between(tried, score, k)


def _first(tried: np.ndarray, score: np.ndarray) -> float:
    """The lowest hypothesis with a score of at most zero."""
    inside = np.flatnonzero(score <= 0)
    if not len(inside):
        return float(tried[-1])
    k = int(inside[0])
    return float(tried[0]) if k == 0 else _between(tried, score, k - 1)


def _between(tried: np.ndarray, score: np.ndarray, k: int) -> float:
    share = score[k] / (score[k] - score[k + 1])
    return float(tried[k] + share * (tried[k + 1] - tried[k]))
