"""Running sums of loss and errors, from which means over any number of batches and ranks follow."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from transferkit.typing import PROPERTIES, Json

TERMS: tuple[str, ...] = (*PROPERTIES, "pitc", "pisc")
"""What a loss is a sum of: four labels and two consistency losses."""
SHAPE = (3, len(TERMS))


@dataclass
class Tally:
    """Sums since the last evaluation.

    Attributes:
        sums: float64, (3, 6): sum of the loss, count, sum of absolute errors, for each of the terms
    """

    sums: np.ndarray = field(default_factory=lambda: np.zeros(SHAPE))

    def add(self, sums: np.ndarray) -> None:
        """Add the sums of one batch (over all ranks), (3, 6)."""
        self.sums = self.sums + sums

    def counts(self) -> dict[str, float]:
        """Number of components per label, and of structures per consistency loss."""
        return dict(zip(TERMS, self.sums[1].tolist(), strict=True))

    def loss(self, weights: Mapping[str, float]) -> float:
        """Weighted sum over terms of sum / count.

        >>> tally = Tally()
        >>> tally.add(np.array([[8.0, 0, 0, 0, 0, 0], [4.0, 0, 0, 0, 0, 0], [2.0, 0, 0, 0, 0, 0]]))
        >>> tally.loss({"energy": 3.0, "forces": 1.0})
        6.0
        """
        means = self.sums[0] / np.maximum(self.sums[1], 1.0)
        return float(sum(weights.get(p, 0.0) * m for p, m in zip(TERMS, means, strict=True)))

    def row(self, weights: Mapping[str, float]) -> Json:
        """Loss and mean absolute errors (eV/atom, eV/Å, eV/Å³, μB); null where there is no label.

        ``pitc_mae`` and ``pisc_mae`` (eV/atom) are there only where these losses were computed.
        """
        _, counts, errors = self.sums
        maes = {
            f"{p}_mae": (float(e / n) if n else None)
            for p, n, e in zip(TERMS, counts, errors, strict=True)
            if n or p in PROPERTIES
        }
        return {"loss": self.loss(weights) if counts.any() else None, **maes}
