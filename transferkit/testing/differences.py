"""Forces and stress by central differences of the total energy, with a new graph at every point."""

from dataclasses import replace

import numpy as np

from transferkit.adapters.potential import ReferencedPotential
from transferkit.data.structures import Structure


def total_energy(potential: ReferencedPotential, structure: Structure, head: str | None = None) -> float:
    """Total energy, eV, from a graph built for exactly this structure; ``head`` may be left out where there is one."""
    batch = potential.collate([potential.graph(structure, head=head)], head)
    return float(potential(batch, need=frozenset({"energy"})).energy.detach()[0])


def force_by_differences(
    potential: ReferencedPotential, structure: Structure, atom: int, *, step: float = 1e-3, head: str | None = None
) -> np.ndarray:
    """Force on one atom, -dE/dr, eV/Å, (3,).

    Args:
        potential: total energies
        structure: periodic or not
        atom: index
        step: Å; the error is of order step², and of order (rounding of the energy) / step
        head: of the potential; may be left out where there is one
    """
    force = np.zeros(3)
    for axis in range(3):
        ends = []
        for sign in (1, -1):
            positions = structure.positions.copy()
            positions[atom, axis] += sign * step
            ends.append(total_energy(potential, replace(structure, positions=positions), head))
        force[axis] = -(ends[0] - ends[1]) / (2 * step)
    return force


def stress_by_differences(
    potential: ReferencedPotential, structure: Structure, *, step: float = 1e-3, head: str | None = None
) -> np.ndarray:
    """Stress dE/dstrain / volume, eV/Å³, ASE sign, (3, 3), from symmetric strains.

    Args:
        potential: total energies
        structure: periodic
        step: strain
        head: of the potential; may be left out where there is one
    """
    volume = abs(float(np.linalg.det(structure.cell)))
    stress = np.zeros((3, 3))
    for a in range(3):
        for b in range(a, 3):
            ends = []
            for sign in (1, -1):
                strain = np.eye(3)
                strain[a, b] += sign * step / 2
                strain[b, a] += sign * step / 2
                strained = replace(structure, positions=structure.positions @ strain, cell=structure.cell @ strain)
                ends.append(total_energy(potential, strained, head))
            stress[a, b] = stress[b, a] = (ends[0] - ends[1]) / (2 * step) / volume
    return stress
