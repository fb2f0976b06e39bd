"""Confidence intervals that resample compositions (and seeds), never frames: frames of one compound are not independent."""

from collections.abc import Mapping, Sequence

import numpy as np

RESAMPLES = 2000
LEVEL = 0.95


def bootstrap_compositions(
    values_by_composition: Mapping[str, Sequence[float] | np.ndarray],
    *,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
    seed: int = 0,
) -> tuple[float, float] | None:
    """Percentile interval of the mean over all values, by a cluster bootstrap over compositions.

    Args:
        values_by_composition: the values of each composition, for instance absolute errors of its frames
        resamples: bootstrap samples
        level: coverage
        seed: the same seed gives the same interval

    Returns:
        Lower and upper bound in the unit of the values; None with fewer than two compositions, which bound nothing.

    >>> low, high = bootstrap_compositions({"MgO": [0.1, 0.1], "NaCl": [0.3], "Si": [0.2]})
    >>> 0.1 <= low < high <= 0.3
    True
    """
    used = [np.asarray(v, dtype=np.float64) for v in values_by_composition.values() if len(v)]
    sums = np.array([v.sum() for v in used])
    sizes = np.array([len(v) for v in used], dtype=np.float64)
    return bootstrap_ratio(sums, sizes, resamples=resamples, level=level, seed=seed)


def bootstrap_ratio(
    sums: np.ndarray, sizes: np.ndarray, *, resamples: int = RESAMPLES, level: float = LEVEL, seed: int = 0
) -> tuple[float, float] | None:
    """As :func:`bootstrap_compositions`, from the sum and the number of values of each composition.

    >>> bootstrap_ratio(np.array([1.0, 2.0]), np.array([1.0, 2.0]))
    (1.0, 1.0)
    """
    filled = sizes > 0
    sums, sizes = sums[filled], sizes[filled]
    if len(sums) < 2:
        return None
    weights = _draws(np.random.default_rng(seed), len(sums), resamples)
    return _percentiles((weights @ sums) / (weights @ sizes), level)


def bootstrap_seeds(
    errors: Sequence[Mapping[str, float]],
    *,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
    seed: int = 0,
) -> tuple[float, float] | None:
    """Interval of the mean over compositions of the mean over seeds, resampling both.

    Args:
        errors: one mapping per seed, composition to value; seeds may have seen different compositions
        resamples: bootstrap samples
        level: coverage
        seed: of the bootstrap itself

    Returns:
        Bounds in the unit of the values; None with fewer than two compositions. With one seed only compositions vary.

    >>> low, high = bootstrap_seeds([{"MgO": 0.1, "NaCl": 0.3}, {"MgO": 0.2, "NaCl": 0.4}])
    >>> bool(0.1 <= low < high <= 0.4)
    True
    """
    names = sorted({name for one in errors for name in one})
    if len(names) < 2:
        return None
    values = np.array([[one.get(name, np.nan) for name in names] for one in errors])
    there = np.isfinite(values)
    filled = np.where(there, values, 0.0)
    rng = np.random.default_rng(seed)
    by_seed, by_name = _draws(rng, len(errors), resamples), _draws(rng, len(names), resamples)
    n = by_seed @ there  # (resamples, compositions): seeds drawn in which the composition was seen
    means = np.divide(by_seed @ filled, n, out=np.zeros_like(n), where=n > 0)
    weight = by_name * (n > 0)
    total = weight.sum(axis=1)
    # A resample in which no drawn seed saw a drawn composition says nothing about the mean.
    usable = total > 0
    return _percentiles((weight * means).sum(axis=1)[usable] / total[usable], level)


def mean_over_seeds(errors: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Mean over the seeds that saw a composition, for each composition; the mean of these is what :func:`bootstrap_seeds` bounds.

    Args:
        errors: one mapping per seed, composition to value; seeds may have seen different compositions

    Returns:
        Composition to mean, in the unit of the values, sorted by composition.

    >>> mean_over_seeds([{"MgO": 0.25, "NaCl": 0.5}, {"MgO": 0.75}])
    {'MgO': 0.5, 'NaCl': 0.5}
    """
    collected: dict[str, list[float]] = {}
    for one in errors:
        for composition, value in one.items():
            collected.setdefault(composition, []).append(value)
    return {composition: float(np.mean(values)) for composition, values in sorted(collected.items())}


def _draws(rng: np.random.Generator, n: int, resamples: int) -> np.ndarray:
    """How often each of n clusters is drawn in each resample, shape (resamples, n)."""
    return rng.multinomial(n, np.full(n, 1.0 / n), size=resamples).astype(np.float64)


def _percentiles(statistic: np.ndarray, level: float) -> tuple[float, float]:
    tail = 50.0 * (1.0 - level)
    low, high = np.percentile(statistic, [tail, 100.0 - tail])
    return float(low), float(high)
