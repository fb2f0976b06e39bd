"""Structure: one configuration without labels, and its reduced formula."""

from dataclasses import dataclass
from functools import reduce
from math import gcd

import numpy as np
from ase.data import chemical_symbols

from transferkit.typing import Cell, Numbers, Positions


@dataclass(frozen=True, eq=False)
class Structure:
    """One configuration without labels: what an adapter needs to build a graph.

    Attributes:
        numbers: atomic numbers, shape (atoms,)
        positions: Å, shape (atoms, 3)
        cell: Å, one lattice vector per row, shape (3, 3)
        pbc: periodic along each lattice vector, shape (3,)
        id: name used in messages
    """

    numbers: Numbers
    positions: Positions
    cell: Cell
    pbc: np.ndarray
    id: str = ""

    def __len__(self) -> int:
        """Count the atoms."""
        return len(self.numbers)

    @property
    def formula(self) -> str:
        """Reduced formula, elements in alphabetical order."""
        return reduced_formula(self.numbers)


def reduced_formula(numbers: Numbers) -> str:
    """Formula divided by the greatest common divisor, elements in alphabetical order.

    >>> reduced_formula(np.array([8, 8, 22, 22, 8, 8]))
    'O2Ti'
    """
    z, n = np.unique(numbers, return_counts=True)
    divisor = reduce(gcd, (int(k) for k in n), 0)
    parts = sorted((chemical_symbols[int(i)], int(k) // divisor) for i, k in zip(z, n, strict=True))
    return "".join(symbol + (str(k) if k > 1 else "") for symbol, k in parts)
