"""Differences between arms on equal terms: same subset, same start, same order, same test."""

from collections.abc import Iterator

import numpy as np
from scipy import stats
from setting import ARMS, TASKS

from transferkit.evaluation.compare import holm, paired

QUANTITIES = {"energy": (1000, "meV/atom"), "forces": (1000, "meV/Å")}
RIVALS = {
    "none": ("longer", "noise", "first", "second", "paper", "taylor"),
    "longer": ("noise", "first", "second", "second-long", "tuned-long"),
    "forces": ("forces-second",),
}
"""Baseline, and what is compared with it."""
LOSSES = ("first", "second", "paper")
"""Coefficients of arms whose step takes longer: the baseline "longer" has as much time as they."""


def terms(arm: str, baseline: str) -> str:
    """What an arm and its baseline have in common, or which of them has more."""
    one, other = ARMS[arm], ARMS[baseline]
    if one.longer == other.longer:
        return "equal steps"
    if one.longer:
        return "more steps"
    return "about equal time" if one.tuned in LOSSES else "fewer steps, less time"


def differences(runs: list[dict]) -> Iterator[dict]:
    """One entry per task, size, quantity, baseline and rival, over the seeds that both have finished."""
    for task, settings in TASKS.items():
        for size in settings.sizes:
            here = [r for r in runs if (r["task"], r["size"]) == (task, size)]
            for quantity in QUANTITIES:
                for baseline, rivals in RIVALS.items():
                    names = [a for a in rivals if task in ARMS[a].tasks and len(shared(here, a, baseline)) > 1]
                    compare = by_seed if task == "ethanol" else by_composition
                    for entry in compare(here, names, baseline, quantity):
                        yield {"task": task, "size": size, "quantity": quantity, "baseline": baseline, **entry}


def shared(runs: list[dict], arm: str, baseline: str) -> list[int]:
    """Seeds that both have."""
    seeds = [{r["seed"] for r in runs if r["arm"] == name} for name in (arm, baseline)]
    return sorted(seeds[0] & seeds[1])


def by_seed(runs: list[dict], names: list[str], baseline: str, quantity: str) -> list[dict]:
    """One molecule: the unit is the seed; interval and p of Student's t over the paired differences, p by Holm in the family."""
    error = {(r["arm"], r["seed"]): r["test"][quantity] for r in runs}
    found = []
    for name in names:
        seeds = shared(runs, name, baseline)
        d = np.array([error[name, s] - error[baseline, s] for s in seeds])
        half = stats.t.ppf(0.975, len(d) - 1) * d.std(ddof=1) / np.sqrt(len(d))
        base = float(np.mean([error[baseline, s] for s in seeds]))
        p = float(stats.ttest_1samp(d, 0.0).pvalue)
        found.append(entry(name, base, float(d.mean()), (d.mean() - half, d.mean() + half), p=p, seeds=len(seeds)))
    return corrected(found)


def by_composition(runs: list[dict], names: list[str], baseline: str, quantity: str) -> list[dict]:
    """Many compounds: the unit is the composition in each seed, see transferkit.evaluation.compare."""
    if not names:
        return []
    key = f"{quantity}_by_composition"
    errors = {name: {r["seed"]: r["test"][key] for r in runs if r["arm"] == name} for name in (baseline, *names)}
    seeds = {name: shared(runs, name, baseline) for name in names}
    base = {name: float(np.mean([v for s in seeds[name] for v in errors[baseline][s].values()])) for name in names}
    return [
        entry(c.method, base[c.method], c.mean_difference, c.interval, p=c.p_wilcoxon, seeds=c.n_seeds)
        | {"p_holm": c.p_holm}
        for c in paired(errors, baseline)
    ]


def entry(arm: str, base: float, mean: float, interval, *, p: float, seeds: int) -> dict:
    """A difference in eV/atom or eV/Å; negative favours the arm."""
    low, high = (float(x) for x in interval)
    return {
        "arm": arm, "base": base, "difference": mean, "interval": [low, high], "p": p, "p_holm": p, "seeds": seeds,
    }  # fmt: skip


def corrected(found: list[dict]) -> list[dict]:
    """With p-values corrected for being a family."""
    return [e | {"p_holm": q} for e, q in zip(found, holm([e["p"] for e in found]), strict=True)]


def verdict(one: dict) -> str:
    """A word only where interval and corrected test agree."""
    low, high = one["interval"]
    if low <= 0 <= high or one["p_holm"] > 0.05:
        return "no difference shown"
    return "better" if high < 0 else "worse"
