"""How large the total energy of all electrons is: a bound on every total energy, and the mark of codes that treat them all."""

from dataclasses import dataclass

import numpy as np

from transferkit.data.structures import Structures
from transferkit.units import ENERGIES


def atomic_energy(numbers: np.ndarray) -> np.ndarray:
    """Total energy of neutral atoms in Hartree, without relativity; within 1 % of the exact one from carbon on, 8 % before.

    Thomas-Fermi with the corrections of Scott and of exchange and gradients (Schwinger, Phys. Rev. A 24, 2353 (1981)):
    ``E = -0.768745 Z^(7/3) + Z^2 / 2 - 0.269900 Z^(5/3)``.

    Args:
        numbers: atomic numbers, any shape

    >>> atomic_energy(np.array([1, 6, 8, 26])).round(1).tolist()
    [-0.5, -37.6, -75.0, -1263.1]
    """
    z = np.asarray(numbers, dtype=np.float64)
    return -0.768745 * z ** (7 / 3) + z**2 / 2 - 0.269900 * z ** (5 / 3)


@dataclass(frozen=True)
class AllElectron:
    """Energies of a set as multiples of the sum of its atoms' total energies in Hartree.

    Attributes:
        ratio: median over structures; all-electron totals give 1 in Hartree, 27.2 in eV, 628 in kcal/mol
        low: smallest but one in twenty
        high: largest but one in twenty
        compositions: how many different ones this comes from
    """

    ratio: float
    low: float
    high: float
    compositions: int

    @property
    def unit(self) -> str | None:
        """The unit in which these are all-electron totals; None if they are none.

        Totals of pseudopotential codes may come close to one of these by accident in eV, in sets of one composition
        above all: there, 2 % are asked for, else 5 %.
        """
        tolerance = 0.05 if self.compositions >= 5 else 0.02
        for name, size in ENERGIES.items():
            exact = ENERGIES["Ha"] / size
            wide = 0.08 if exact > 20 else tolerance  # eV and larger numbers: nothing else is as large
            near = abs(self.ratio / exact - 1) < wide
            if (
                near
                and self.low > exact * (1 - 2 * wide)
                and self.high < exact * (1 + 2 * wide)
                and name not in {"Ry", "meV"}
            ):
                return name
        return None

    @property
    def too_large(self) -> bool:
        """Whether the energies in eV would exceed those of all electrons together, which no total can."""
        return self.ratio > 1.15 * ENERGIES["Ha"]


def all_electron(data: Structures) -> AllElectron | None:
    """Compare total energies with those of all electrons of the atoms; None where no energy is negative.

    >>> import transferkit as tk
    >>> all_electron(tk.bundled("gpaw-pbe-r2scan")).unit is None
    True
    """
    has = data.mask["energy"]
    if not has.any() or np.mean(data.energy[has] < 0) < 0.95:
        return None
    atoms = np.bincount(data.owner, weights=atomic_energy(data.numbers), minlength=len(data))[has]
    low, middle, high = np.percentile(data.energy[has] / atoms, [5, 50, 95])
    counts = data.counts()[has]
    return AllElectron(
        float(middle), float(low), float(high), len(np.unique(counts / counts.sum(axis=1)[:, None], axis=0))
    )
