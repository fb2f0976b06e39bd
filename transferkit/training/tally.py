"""Running sums of loss and errors, from which means over any number of batches and ranks follow."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from transferkit.typing import PROPERTIES, Json, Property

SHAPE = (3, len(PROPERTIES))


@dataclass
class Tally:
    """Sums since the last evaluation.

    Attributes:
        sums: float64, (3, 4): sum of the loss, count, sum of absolute errors, for each of the four labels
    """

    sums: np.ndarray = field(default_factory=lambda: np.zeros(SHAPE))

    def add(self, sums: np.ndarray) -> None:
        """Add the sums of one batch (over all ranks), (3, 4)."""
        self.sums = self.sums + sums

    def counts(self) -> dict[Property, float]:
        """Number of components per label."""
        return dict(zip(PROPERTIES, self.sums[1].tolist(), strict=True))

    def loss(self, weights: Mapping[Property, float]) -> float:
        """Weighted sum over labels of sum / count.

        >>> tally = Tally()
        >>> tally.add(np.array([[8.0, 0, 0, 0], [4.0, 0, 0, 0], [2.0, 0, 0, 0]]))
        >>> tally.loss({"energy": 3.0, "forces": 1.0})
        6.0
        """
        means = self.sums[0] / np.maximum(self.sums[1], 1.0)
        return float(sum(weights.get(p, 0.0) * m for p, m in zip(PROPERTIES, means, strict=True)))

    def row(self, weights: Mapping[Property, float]) -> Json:
        """Loss and mean absolute errors (eV/atom, eV/Å, eV/Å³, μB); null where there is no label."""
        _, counts, errors = self.sums
        maes = {f"{p}_mae": (float(e / n) if n else None) for p, n, e in zip(PROPERTIES, counts, errors, strict=True)}
        return {"loss": self.loss(weights) if counts.any() else None, **maes}
