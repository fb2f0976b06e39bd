"""Do energies, forces and stress belong together? Work along pairs of frames of one material against ΔE.

Between two frames with the same atoms, to third order in the displacement (trapezoidal rule),

    E2 - E1 = a · (-½ Σ (F1·u1 + F2·u2)) + b · ½ (V1 σ1:ε1 + V2 σ2:ε2),   a = b = 1,

with the displacements u that are left after the strain ε of the cell, each seen from its end. A slip of units or sign shows as the value of a or b.
"""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from transferkit.data.structures import Structures

MOST_PAIRS = 2000
STRAIN = 0.12
DISPLACEMENT = 0.5
"""Å; beyond this, half a bond's softness, the trapezoidal rule says nothing"""
SMALLEST = 1e-5
"""Å²; the printed digits of smaller steps say nothing"""
TRUSTED = 0.15


@dataclass(frozen=True)
class Slope:
    """Ratio of the energy difference to the work, with its standard error.

    Attributes:
        value: 1 if units and signs agree
        error: standard error
        n_pairs: pairs of frames that it comes from
    """

    value: float
    error: float
    n_pairs: int

    @property
    def trusted(self) -> bool:
        """Five pairs or more, and a relative error of 15 % at most."""
        return self.n_pairs >= 5 and self.error < TRUSTED * abs(self.value)


def slopes(data: Structures) -> dict[str, Slope]:
    """Slope of ΔE against the work of the forces ("forces") and of the stress ("stress"), where pairs allow it.

    Args:
        data: labelled structures; frames of one ``material_id`` with the same atoms in the same order are compared
            with their neighbours in the set

    Returns:
        The slopes; a key is absent where the labels are, or where no pair moves that way.

    >>> import transferkit as tk
    >>> found = slopes(tk.bundled("gpaw-pbe-r2scan", fidelity="PBE"))
    >>> all(abs(s.value - 1) < 0.15 for s in found.values())
    True
    """
    rows = [row for a, b in _pairs(data) if (row := _work(data, a, b)) is not None]
    if len(rows) < 3:
        return {}
    table = np.array(rows)
    # the error of the rule grows with the cube of the step: without weights the largest steps would decide alone
    table = table[:, :3] / table[:, 3:]
    work, difference = table[:, :2], table[:, 2]
    scale = np.sqrt((work**2).mean(axis=0))
    used = [k for k in range(2) if (np.abs(work[:, k]) > 1e-9).sum() >= 3]
    if not used:
        return {}
    X = work[:, used] / scale[used]
    solution, _, rank, _ = np.linalg.lstsq(X, difference, rcond=None)
    if rank < len(used):
        return {}
    freedom = max(len(rows) - len(used), 1)
    variance = ((difference - X @ solution) ** 2).sum() / freedom
    error = np.sqrt(variance * np.diag(np.linalg.inv(X.T @ X)))
    return {
        ("forces", "stress")[k]: Slope(float(solution[i] / scale[k]), float(error[i] / scale[k]), len(rows))
        for i, k in enumerate(used)
    }


def _pairs(data: Structures) -> list[tuple[int, int]]:
    last: dict[tuple[str, bytes], int] = {}
    found: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    for s in np.flatnonzero(data.mask["energy"]).tolist():
        key = (str(data.material_id[s]), data.structure(s).numbers.tobytes())
        if key in last:
            found[key[0]].append((last[key], s))
        last[key] = s
        if sum(map(len, found.values())) >= MOST_PAIRS:
            break
    return [pair for pairs in found.values() for pair in pairs]


def _work(data: Structures, a: int, b: int) -> tuple[float, float, float, float] | None:
    """Work of forces and of stress, energy difference (eV), squared step (Å²); None where the rule does not apply."""
    one, two = data.structure(a), data.structure(b)
    periodic = bool(one.pbc.all() and two.pbc.all())
    if periodic and min(data.volume[a], data.volume[b]) < 1e-6:
        return None
    deform = np.linalg.solve(one.cell, two.cell) if periodic else np.eye(3)
    # cell and fractional positions move on straight lines; these are the rates of strain at the two ends
    rates = (deform - np.eye(3), np.eye(3) - np.linalg.inv(deform))
    u = two.positions - one.positions @ deform
    if periodic:
        fractional = np.linalg.solve(two.cell.T, u.T).T
        u = (fractional - np.round(fractional)) @ two.cell
    u = u - u.mean(axis=0)
    strain, moved = np.abs(rates[0] + rates[0].T).max() / 2, np.abs(u).max()
    if strain > STRAIN or moved > DISPLACEMENT:
        return None
    by_forces, by_stress = 0.0, 0.0
    if data.mask["forces"][[a, b]].all():
        f1, f2 = (data.forces[data.offsets[s] : data.offsets[s + 1]] for s in (a, b))
        by_forces = -0.5 * float((f1 * (u @ np.linalg.inv(deform))).sum() + (f2 * u).sum())
    elif moved > 1e-3:
        return None
    if data.mask["stress"][[a, b]].all():
        by_stress = 0.5 * sum(
            float(data.volume[s] * (data.stress[s] * e).sum()) for s, e in zip((a, b), rates, strict=True)
        )
    elif strain > 1e-4:
        return None
    step = float((u**2).sum() + len(u) * (rates[0] ** 2).sum())
    return (by_forces, by_stress, float(data.energy[b] - data.energy[a]), step) if step > SMALLEST else None
