"""Compare methods by paired differences per composition."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from scipy import stats

from transferkit.errors import DataError, nearest
from transferkit.evaluation.intervals import bootstrap_seeds, mean_over_seeds
from transferkit.typing import Json

SEEDS_FOR_A_CLAIM = 5
"""For every composition: fewer do not show how much one more run of the same test would differ."""

Errors = Mapping[str, Mapping[int, Mapping[str, float]]]
"""method -> seed -> composition -> error."""


@dataclass(frozen=True)
class Comparison:
    """One method against the baseline; negative differences favour the method.

    Attributes:
        method: its name
        baseline: what it is compared with
        mean_difference: error of the method minus that of the baseline, averaged over seeds, then over compositions
        interval: 95 % cluster bootstrap over compositions and seeds; None with fewer than two compositions
        p_wilcoxon: two-sided signed-rank test over compositions
        p_holm: the same, corrected for all comparisons of this family
        n_compositions: compositions that both have
        n_seeds: seeds that both have, in all
        seeds_per_composition: seeds of the composition that has the fewest; with one fold per seed far below ``n_seeds``
        claim: whether every composition has enough seeds (five) to claim an ordering
        warnings: what a reader must know before using the numbers
    """

    method: str
    baseline: str
    mean_difference: float
    interval: tuple[float, float] | None
    p_wilcoxon: float
    p_holm: float
    n_compositions: int
    n_seeds: int
    seeds_per_composition: int
    claim: bool
    warnings: tuple[str, ...] = ()

    def to_json(self) -> Json:
        """A JSON object."""
        out = asdict(self)
        out["interval"] = None if self.interval is None else list(self.interval)
        out["warnings"] = list(self.warnings)
        return out


def paired(methods: Errors, baseline: str, *, seed: int = 0) -> list[Comparison]:
    """Compare every method with a baseline on the compositions and seeds that both have.

    The unit of replication is the composition: differences are taken per composition and seed, averaged over seeds, and
    tested over compositions by the signed-rank test (Wilcoxon 1945). P-values of one call are one family and corrected
    by the step-down procedure of Holm (1979). Seeds that test other compositions replicate nothing, so an ordering is
    claimed by the seeds of the composition that has the fewest.

    Args:
        methods: method -> seed -> composition -> error, all in one unit
        baseline: one of the methods
        seed: of the bootstrap

    Raises:
        DataError: the baseline is not among the methods, or a method shares no composition with it in any seed.

    >>> base = {s: {"MgO": 0.20, "NaCl": 0.30, "Si": 0.10} for s in range(5)}
    >>> better = {s: {k: v - 0.05 for k, v in errors.items()} for s, errors in base.items()}
    >>> [c] = paired({"refit": base, "residual": better}, "refit")
    >>> round(c.mean_difference, 3), c.n_compositions, c.seeds_per_composition, c.claim
    (-0.05, 3, 5, True)
    """
    if baseline not in methods:
        raise DataError(f"no method is called {baseline!r}, so nothing to compare with. {nearest(baseline, methods)}")
    names = [m for m in methods if m != baseline]
    differences = [_differences(methods[m], methods[baseline], m, baseline) for m in names]
    means = [mean_over_seeds(d) for d in differences]
    fewest = [min(Counter(c for one in d for c in one).values()) for d in differences]
    p_values = [_signed_rank(np.array(list(m.values()))) for m in means]
    corrected = holm(p_values)
    return [
        Comparison(
            method=name,
            baseline=baseline,
            mean_difference=float(np.mean(list(mean.values()))),
            interval=bootstrap_seeds(difference, seed=seed),
            p_wilcoxon=p,
            p_holm=q,
            n_compositions=len(mean),
            n_seeds=len(difference),
            seeds_per_composition=few,
            claim=few >= SEEDS_FOR_A_CLAIM,
            warnings=_warnings(len(difference), few, len(mean)),
        )
        for name, difference, mean, few, p, q in zip(
            names, differences, means, fewest, p_values, corrected, strict=True
        )
    ]


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values corrected for being a family, in the given order (Holm 1979).

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(p_values, kind="stable")
    steps = np.arange(len(p_values), 0, -1)
    raised = np.minimum(np.maximum.accumulate(np.asarray(p_values, dtype=np.float64)[order] * steps), 1.0)
    out = np.empty(len(p_values))
    out[order] = raised
    return [float(p) for p in out]


def _differences(
    method: Mapping[int, Mapping[str, float]], baseline: Mapping[int, Mapping[str, float]], name: str, base: str
) -> list[dict[str, float]]:
    """One mapping per shared seed, composition to error difference."""
    out = []
    for seed in sorted(set(method) & set(baseline)):
        shared = sorted(set(method[seed]) & set(baseline[seed]))
        if shared:
            out.append({c: method[seed][c] - baseline[seed][c] for c in shared})
    if not out:
        raise DataError(
            f"{name!r} and {base!r} share no composition in any seed; evaluate both on the same test set with the same seeds"
        )
    return out


def _signed_rank(values: np.ndarray) -> float:
    # The test drops zeros; if nothing differs anywhere there is no evidence, and scipy would divide by zero.
    if not np.any(values):
        return 1.0
    return float(stats.wilcoxon(values).pvalue)


def _warnings(n_seeds: int, fewest: int, n_compositions: int) -> tuple[str, ...]:
    out = []
    if fewest < SEEDS_FOR_A_CLAIM:
        seeds = f"{n_seeds} seed{'s' if n_seeds > 1 else ''}"
        held = seeds if fewest == n_seeds else f"{seeds} in all, but only {fewest} for some compositions"
        out.append(f"{held}: indicative only; an ordering needs at least {SEEDS_FOR_A_CLAIM} for every composition")
    if n_compositions < 6:
        out.append(f"{n_compositions} compositions: the signed-rank test cannot fall below 0.05 with fewer than 6")
    return tuple(out)
