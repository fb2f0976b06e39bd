"""How every policy would do before any training: a table, and a warning when the chosen one is poor."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import isfinite

import numpy as np

from transferkit.typing import Json

FACTOR = 3.0
"""A choice this many times worse than the best one is worth a warning."""


@dataclass(frozen=True)
class PolicyScore:
    """Error of one policy on compositions that its reference was not fitted to, before any training.

    Attributes:
        policy: its name
        mean: of the mean absolute error of each composition, over compositions, eV/atom; NaN where not scored
        median: of the same, eV/atom
        rmse: root of the mean over compositions of the mean squared error, eV/atom
        n_compositions: compositions that entered
        n_undetermined: compositions left aside, because the others do not determine their reference
        applicable: whether the policy can be used with these data and this potential
        why_not: the reason where it cannot
    """

    policy: str
    mean: float
    median: float
    rmse: float
    n_compositions: int
    n_undetermined: int
    applicable: bool = True
    why_not: str = ""

    @classmethod
    def of(cls, policy: str, errors: np.ndarray, groups: np.ndarray, n_undetermined: int) -> "PolicyScore":
        """Score from the error of each structure, eV/atom, and the integer label of its composition."""
        if len(errors) == 0:
            return cls(policy, np.nan, np.nan, np.nan, 0, n_undetermined)
        _, group, size = np.unique(groups, return_inverse=True, return_counts=True)
        absolute = np.bincount(group, weights=np.abs(errors)) / size
        squared = np.bincount(group, weights=errors**2) / size
        return cls(
            policy,
            mean=float(absolute.mean()),
            median=float(np.median(absolute)),
            rmse=float(np.sqrt(squared.mean())),
            n_compositions=len(size),
            n_undetermined=n_undetermined,
        )

    @classmethod
    def refused(cls, policy: str, why_not: str) -> "PolicyScore":
        """A policy that does not apply."""
        return cls(policy, np.nan, np.nan, np.nan, 0, 0, applicable=False, why_not=why_not)


@dataclass(frozen=True)
class PolicyTable:
    """Scores of all policies, in the order in which they are offered.

    >>> table = PolicyTable(
    ...     [PolicyScore("residual", 0.05, 0.04, 0.07, 20, 1), PolicyScore.refused("difference", "no PBE")]
    ... )
    >>> print(table)
    Step-0 energy error on compositions left out of the reference fit, eV/atom
    policy             mean  median    rmse  compositions
    residual          0.050   0.040   0.070  20 (1 undetermined, left aside)
    difference            -       -       -  not applicable: no PBE
    """

    rows: Sequence[PolicyScore]

    def __getitem__(self, policy: str) -> PolicyScore:
        """Score of one policy."""
        return {row.policy: row for row in self.rows}[policy]

    def __str__(self) -> str:
        """One line per policy, eV/atom."""
        head = "Step-0 energy error on compositions left out of the reference fit, eV/atom"
        names = f"{'policy':<14}{'mean':>9}{'median':>8}{'rmse':>8}  compositions"
        return "\n".join([head, names, *(_line(row) for row in self.rows)])

    @property
    def best(self) -> PolicyScore | None:
        """The policy with the smallest mean error; None where fewer than two could be scored, so that none was compared."""
        scored = [row for row in self.rows if isfinite(row.mean)]
        return min(scored, key=lambda row: row.mean) if len(scored) > 1 else None

    def warning(self, chosen: str) -> str | None:
        """What to do if the chosen policy is more than three times worse than the best one, else None."""
        row, best = self[chosen], self.best
        if not row.applicable:
            return f"Reference policy {chosen!r} does not apply: {row.why_not}."
        if not isfinite(row.mean):
            return (
                f"Reference policy {chosen!r} could not be scored on left-out compositions "
                f"({row.n_undetermined} of them undetermined by the rest). Add compositions that share their elements."
            )
        if best is None or row.mean <= FACTOR * best.mean:
            return None
        return (
            f"Reference policy {chosen!r} starts at {row.mean:.3f} eV/atom on compositions that it has not seen, "
            f"{row.mean / max(best.mean, 1e-12):.1f} times the {best.mean:.3f} eV/atom of {best.policy!r} "
            f"({best.n_compositions} compositions). Set reference.policy to {best.policy!r}, unless the comparison is the point."
        )

    def to_json(self) -> Json:
        """A JSON object; what was not scored is null."""
        rows = [
            {k: None if isinstance(v, float) and not isfinite(v) else v for k, v in asdict(row).items()}
            for row in self.rows
        ]
        return {"unit": "eV/atom", "best": self.best.policy if self.best else None, "rows": rows}


def _line(row: PolicyScore) -> str:
    numbers = "".join(f"{v:8.3f}" if isfinite(v) else f"{'-':>8}" for v in (row.mean, row.median, row.rmse))
    if not row.applicable:
        note = f"not applicable: {row.why_not}"
    else:
        aside = f" ({row.n_undetermined} undetermined, left aside)" if row.n_undetermined else ""
        note = f"{row.n_compositions}{aside}"
    return f"{row.policy:<14} {numbers}  {note}"
