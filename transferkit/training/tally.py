"""Running sums of loss and errors, from which means over any number of batches and ranks follow."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from transferkit.typing import PROPERTIES, Json

TERMS: tuple[str, ...] = (*PROPERTIES, "pitc", "pisc")
"""What a loss is a sum of: four labels and two consistency losses."""
SHAPE = (3, len(TERMS))
"""Of the sums where there is one data set and a loss without a root."""


@dataclass
class Tally:
    """Sums since the last evaluation, per data set that is trained on.

    Attributes:
        sums: float64, (3, 6 sets): sum of the loss, count, sum of absolute errors, for each of the terms, set after set
            with the target first. A fourth row, where there is one, holds the sum of squares under the root of a loss that
            has a root mean square; the first row is then the rest of it.
    """

    sums: np.ndarray = field(default_factory=lambda: np.zeros(SHAPE))

    def add(self, sums: np.ndarray) -> None:
        """Add the sums of one batch (over all ranks); the first ones decide the shape."""
        self.sums = self.sums + sums if self.sums.any() else np.array(sums)

    @property
    def sets(self) -> int:
        """Number of data sets."""
        return len(self.sums.T) // len(TERMS)

    def counts(self, number: int = 0) -> dict[str, float]:
        """Number of components per label of one set, and of structures per consistency loss."""
        return dict(zip(TERMS, self._of(number)[1].tolist(), strict=True))

    def roots(self, number: int = 0) -> dict[str, float]:
        """Root of the mean square per term of one set; zero where there is nothing, or no fourth row."""
        sums = self._of(number)
        if len(sums) == SHAPE[0]:
            return dict.fromkeys(TERMS, 0.0)
        return dict(zip(TERMS, np.sqrt(sums[3] / np.maximum(sums[1], 1.0)).tolist(), strict=True))

    def loss(self, weights: Mapping[str, float], number: int = 0) -> float:
        """Of one set: weighted sum over terms of sum / count, and where there is a fourth row of its root mean square.

        >>> tally = Tally()
        >>> tally.add(np.array([[8.0, 0, 0, 0, 0, 0], [4.0, 0, 0, 0, 0, 0], [2.0, 0, 0, 0, 0, 0]]))
        >>> tally.loss({"energy": 3.0, "forces": 1.0})
        6.0
        """
        sums = self._of(number)
        means = sums[0] / np.maximum(sums[1], 1.0)
        roots = self.roots(number)
        return float(sum(weights.get(p, 0.0) * (m + roots[p]) for p, m in zip(TERMS, means, strict=True)))

    def total(self, weights: Mapping[str, float], sets: Mapping[str, float]) -> float:
        """Sum over the sets of weight × loss.

        Args:
            weights: per term
            sets: weight of each set by its name, the target first
        """
        return float(sum(w * self.loss(weights, k) for k, w in enumerate(sets.values())))

    def row(self, weights: Mapping[str, float], sets: Mapping[str, float] | None = None) -> Json:
        """Loss and mean absolute errors (eV/atom, eV/Å, eV/Å³, μB); null where there is no label.

        ``pitc_mae`` and ``pisc_mae`` (eV/atom) are there only where these losses were computed. With several sets ``loss``
        is the sum over them of weight × loss, the errors are those of the target, and ``heads`` has the row of each set by
        its name, with its loss before that weight.

        Args:
            weights: per term
            sets: weight of each set by its name, the target first; the target alone if not given
        """
        if sets is None or len(sets) == 1:
            return self._row(weights, 0)
        heads = {name: self._row(weights, k) for k, name in enumerate(sets)}
        total = self.total(weights, sets) if self.sums[1].any() else None
        return {**self._row(weights, 0), "loss": total, "heads": heads}

    def _of(self, number: int) -> np.ndarray:
        """Sums of one set, (3 or 4, 6); zeros for one of which nothing was seen."""
        part = self.sums[:, len(TERMS) * number : len(TERMS) * (number + 1)]
        return part if part.shape[1] else np.zeros((len(self.sums), len(TERMS)))

    def _row(self, weights: Mapping[str, float], number: int) -> Json:
        _, counts, errors = self._of(number)[:3]
        maes = {
            f"{p}_mae": (float(e / n) if n else None)
            for p, n, e in zip(TERMS, counts, errors, strict=True)
            if n or p in PROPERTIES
        }
        return {"loss": self.loss(weights, number) if counts.any() else None, **maes}
