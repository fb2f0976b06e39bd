"""Structures of a data set that stand out by one of their numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from transferkit.data.referenced import GAUSSIAN

FAR = 5.0
"""Robust standard deviations below which nothing stands out."""
FEWEST = 10
"""Values below which their spread says nothing."""


@dataclass(frozen=True)
class Outlier:
    """One structure that stands out.

    Attributes:
        row: place in the data set
        name: of the quantity
        value: in its unit
        deviations: robust standard deviations from the median, with their sign
    """

    row: int
    name: str
    value: float
    deviations: float


def outliers(values: Mapping[str, Sequence[float | None]], *, n: int = 20) -> list[Outlier]:
    """The ``n`` structures that are farthest from the median of a quantity, each by the quantity in which it is farthest.

    Distances are in robust standard deviations, 1.4826 times the median absolute deviation, so that outliers do not widen
    the measure they are found by. A quantity that most structures share exactly, such as a force of zero, has none.

    Args:
        values: quantity -> one number per structure, None where it is absent
        n: how many at most

    >>> outliers({"volume": [10.0, 10.1, 9.9, 10.2, 9.8, 10.0, 10.1, 9.9, 10.3, 30.0]})[0].row
    9
    """
    found: dict[int, Outlier] = {}
    for name, column in values.items():
        numbers = np.array([np.nan if v is None else v for v in column], dtype=np.float64)
        there = np.flatnonzero(np.isfinite(numbers))
        if len(there) < FEWEST:
            continue
        middle = float(np.median(numbers[there]))
        spread = GAUSSIAN * float(np.median(np.abs(numbers[there] - middle)))
        if spread <= 0:
            continue
        for row in there[np.abs(numbers[there] - middle) > FAR * spread]:
            one = Outlier(int(row), name, float(numbers[row]), float((numbers[row] - middle) / spread))
            if abs(one.deviations) > abs(found[one.row].deviations if one.row in found else 0.0):
                found[one.row] = one
    return sorted(found.values(), key=lambda one: (-abs(one.deviations), one.row))[:n]
