"""Finding: one thing that looks wrong in a data set, with the numbers that say so."""

from dataclasses import asdict, dataclass
from typing import Literal

from transferkit.typing import Json


@dataclass(frozen=True)
class Finding:
    """What :func:`~transferkit.data.check.check` reports; nothing is changed or left out because of it.

    Attributes:
        severity: "warning": results will probably be wrong; "note": worth knowing
        what: the suspicion, one clause
        where: ids of the structures concerned; empty for the whole set
        evidence: the numbers
        mend: what to do
    """

    severity: Literal["warning", "note"]
    what: str
    where: tuple[str, ...]
    evidence: str
    mend: str

    def to_json(self) -> Json:
        """A JSON object."""
        return {**asdict(self), "where": list(self.where)}

    def __str__(self) -> str:
        """One paragraph; at most five structures are named.

        >>> print(Finding("note", "duplicates", ("a", "b"), "2 structures", "keep one"))
        note: duplicates (a, b). Evidence: 2 structures. Mend: keep one.
        """
        shown = ", ".join(self.where[:5]) + (f" and {len(self.where) - 5} more" if len(self.where) > 5 else "")
        return f"{self.severity}: {self.what}{f' ({shown})' if shown else ''}. Evidence: {self.evidence}. Mend: {self.mend}."
