"""Evaluation: the errors of a potential on a data set, to print and to store."""

from dataclasses import dataclass

from transferkit.data.finding import Finding
from transferkit.typing import Json


@dataclass(frozen=True)
class Evaluation:
    """Errors of a potential on a data set.

    Attributes:
        metrics: the JSON object that a run stores
        n_structures: how many structures there were
        undetermined: ids of structures that hold an element whose E0 the data of the reference did not determine;
            their energies are in the errors and may spoil them
        determined: the metrics again, over the other structures; None where all or none of them are undetermined
        caution: what else to know, e.g. that the labels are of another level of theory than the potential's
        findings: what looks wrong, e.g. that the labels are by another convention than the potential's energies
    """

    metrics: Json
    n_structures: int
    undetermined: tuple[str, ...] = ()
    caution: str = ""
    findings: tuple[Finding, ...] = ()
    determined: Json | None = None

    def to_json(self) -> Json:
        """The metrics, the ids, the caution and the findings, as a JSON object."""
        return {
            **self.metrics,
            "undetermined": list(self.undetermined),
            "determined": self.determined,
            "caution": self.caution,
            "findings": [finding.to_json() for finding in self.findings],
        }

    def __str__(self) -> str:
        """A small table with 95 % intervals over compositions."""
        lines = [f"{self.n_structures} structures; intervals resample compositions"]
        if self.caution:
            lines.append(f"! {self.caution}")
        lines += [str(finding) for finding in self.findings]
        if self.undetermined:
            named = ", ".join(self.undetermined[:5]) + (", ..." if len(self.undetermined) > 5 else "")
            lines.append(f"{len(self.undetermined)} of them hold an element whose E0 was not determined: {named}")
        for name in ("energy", "forces", "stress", "magmoms"):
            entry = self.metrics[name]
            if entry["mae"] is None:
                continue
            lines.append(_line(name, entry))
            # E0 has no part in the other labels
            if name == "energy" and self.determined is not None and self.determined["energy"]["mae"] is not None:
                n = self.n_structures - len(self.undetermined)
                lines.append(f"of which {n} with determined E0:\n{_line(name, self.determined['energy'])}")
        return "\n".join(lines)


def _line(name: str, entry: Json) -> str:
    ends = entry["interval"]
    interval = "[no interval: one composition]" if ends is None else "[{:.4f}, {:.4f}]".format(*ends)
    return f"{name:8} MAE {entry['mae']:.4f} {interval}  RMSE {entry['rmse']:.4f} {entry['unit']}"
