"""Energies after a constant per element: what is left of a total once its composition has been taken off."""

from dataclasses import dataclass

import numpy as np

from transferkit.data.composition import row_basis
from transferkit.data.structures import Structures

STEPS = 30
"""Reweighted fits for the smallest sum of absolute residuals; the residuals settle long before."""
SMALLEST = 1e-4
"""eV/atom; residuals below this weigh alike"""
GAUSSIAN = 1.4826
"""Standard deviation of a normal distribution over its median absolute deviation."""


@dataclass(frozen=True, eq=False)
class Referenced:
    """Energies per atom minus a constant per element.

    Attributes:
        residual: eV/atom, NaN where there is no energy, shape (structures,)
        constants: eV per element of ``data.elements``; the smallest that fit, where these data leave some open
        rank: of the composition fractions; residuals say nothing where it is the number of structures
    """

    residual: np.ndarray
    constants: np.ndarray
    rank: int

    @property
    def rms(self) -> float | None:
        """Rms residual, eV/atom, corrected for the fitted constants; None where compositions are too few to tell."""
        there = self.residual[np.isfinite(self.residual)]
        if len(there) <= self.rank:
            return None
        return float(np.sqrt((there**2).sum() / (len(there) - self.rank)))

    @property
    def spread(self) -> float:
        """Robust standard deviation of the residuals, eV/atom: 1.4826 times their median absolute deviation."""
        there = self.residual[np.isfinite(self.residual)]
        return float(GAUSSIAN * np.median(np.abs(there - np.median(there)))) if len(there) else 0.0


def referenced(data: Structures, *, robust: bool = False) -> Referenced:
    """Fit one constant per element to the energies per atom and take it off.

    Args:
        data: labelled structures
        robust: smallest sum of absolute residuals instead of least squares, so that a few wrong energies move nothing

    Returns:
        Residuals and constants in eV; residuals are NaN where there is no energy.

    >>> import transferkit as tk
    >>> found = referenced(tk.bundled("gpaw-pbe-r2scan"))
    >>> found.rank, round(found.rms, 3)
    (45, 0.331)
    """
    has = data.mask["energy"]
    residual = np.full(len(data), np.nan)
    if not has.any():
        return Referenced(residual, np.zeros(len(data.elements)), 0)
    counts = data.counts()[has]
    X, y = counts / data.n_atoms[has, None], data.energy[has] / data.n_atoms[has]
    constants = np.linalg.lstsq(X, y, rcond=None)[0]
    for _ in range(STEPS if robust else 0):
        weight = 1.0 / np.sqrt(np.maximum(np.abs(y - X @ constants), SMALLEST))
        constants = np.linalg.lstsq(X * weight[:, None], y * weight, rcond=None)[0]
    residual[has] = y - X @ constants
    return Referenced(residual, constants, len(row_basis(counts)))
