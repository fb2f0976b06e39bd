"""Molecular dynamics at constant energy: does a potential hold a structure together, and does it keep the energy?

Errors of single frames do not tell whether a simulation is stable (Fu et al., arXiv 2210.07237).
"""

from dataclasses import asdict, dataclass

import numpy as np
from ase import Atoms, units
from ase.md.verlet import VelocityVerlet
from ase.neighborlist import natural_cutoffs, neighbor_list
from scipy.special import ndtri

from transferkit.adapters.potential import ReferencedPotential
from transferkit.counter import counter
from transferkit.data.batch import rng
from transferkit.data.structure import Structure
from transferkit.errors import DataError, GraphError
from transferkit.typing import Json

BONDED = 1.2
"""Atoms closer than this many times the sum of their covalent radii at the start are bonded."""


@dataclass(frozen=True, eq=False)
class Stability:
    """How a simulation went.

    Attributes:
        simulated_ps: until the failure, or in all
        failure: "bond", "energy" or "collision"; None where there was none
        drift: slope of the total energy over what was simulated, eV/atom per ps, by least squares; NaN where the first step
            failed. Over less than some vibrations it tells of their phase rather than of a loss
        wander: largest distance of the total energy from that at the start before the failure, eV/atom
        temperature: mean over the second half, K
        stretch: largest change of the length of a bond, at the failure too, Å
    """

    simulated_ps: float
    failure: str | None
    drift: float
    wander: float
    temperature: float
    stretch: float

    def to_json(self) -> Json:
        """A JSON object."""
        return asdict(self)


def nve_stability(
    potential: ReferencedPotential,
    structure: Structure,
    *,
    temperature: float = 300.0,
    timestep: float = 0.5,
    steps: int = 4000,
    seed: int = 0,
    head: str | None = None,
    longest_stretch: float = 0.5,
    most_energy: float = 0.1,
    quiet: bool = False,
) -> Stability:
    """Simulate at constant energy by velocity Verlet, through ASE, until the first failure or the last step.

    It has failed when a bond is longer or shorter than at the start by more than ``longest_stretch`` ("bond"; bonded are atoms that
    start closer than 1.2 times the sum of their covalent radii), when the total energy has left that of the start by
    more than ``most_energy`` or is not finite ("energy"), or when atoms coincide ("collision"). Failures are looked for at every step.

    Args:
        potential: evaluated as it is
        structure: where to start; no relaxation
        temperature: of the velocities at the start, K; without net momentum and, in a molecule, without rotation
        timestep: fs
        steps: at most
        seed: of the velocities
        head: of the potential; may be left out where there is one
        longest_stretch: Å; 0.5 as in Fu et al. Bonds that a substance breaks on its own count as failures
        most_energy: eV/atom
        quiet: show no progress

    Raises:
        DataError: a number is not positive, or the structure has a single atom or none.
        UnknownHead: no head is called so, or there are several and none was named.
        GraphError, MissingReference: the potential cannot take the structure.

    >>> import transferkit as tk
    >>> structure = tk.bundled("gpaw-pbe-r2scan").structure(0)
    >>> done = nve_stability(tk.load("toy"), structure, temperature=10, steps=20, quiet=True)
    >>> done.simulated_ps, done.failure
    (0.01, None)
    """
    _check(
        structure,
        temperature=temperature,
        timestep=timestep,
        steps=steps,
        longest_stretch=longest_stretch,
        most_energy=most_energy,
    )
    atoms = Atoms(structure.numbers, positions=structure.positions, cell=structure.cell, pbc=structure.pbc)
    atoms.calc = potential.calculator(head)
    atoms.calc.id = structure.id or atoms.calc.id  # for messages
    atoms.get_forces()  # type: ignore[no-untyped-call]  # what the potential cannot take is an error, not a failure
    set_velocities(atoms, temperature, seed)
    bonds = Bonds(atoms)
    dynamics = VelocityVerlet(atoms, timestep=timestep * units.fs)
    energies, kelvin, stretch, failure = [_energy(atoms)], [atoms.get_temperature()], 0.0, None  # type: ignore[no-untyped-call]
    with counter(f"dynamics of {structure.id or structure.formula}", rate="steps", quiet=quiet) as tell:
        for step in range(steps):
            try:
                dynamics.run(1)  # type: ignore[no-untyped-call]
            except GraphError:  # atoms that coincide, or are at infinity
                failure = "collision"
                break
            energy, stretch = _energy(atoms), max(stretch, bonds.stretch(atoms))
            if not abs(energy - energies[0]) <= most_energy:  # true of NaN too
                failure = "energy"
            elif stretch > longest_stretch:
                failure = "bond"
            if failure is not None:
                break
            energies.append(energy)
            kelvin.append(atoms.get_temperature())  # type: ignore[no-untyped-call]
            tell(step + 1, steps)
    ps = timestep / 1000 * np.arange(len(energies))
    return Stability(
        simulated_ps=float(ps[-1]),
        failure=failure,
        drift=float(np.polyfit(ps, energies, 1)[0]) if len(ps) > 1 else float("nan"),
        wander=float(np.abs(np.array(energies) - energies[0]).max()),
        temperature=float(np.mean(kelvin[len(kelvin) // 2 :])),
        stretch=float(stretch),
    )


class Bonds:
    """Pairs of atoms that are bonded at the start, periodic images included.

    Args:
        atoms: at the start

    >>> from ase.build import molecule
    >>> water = molecule("H2O")
    >>> bonds = Bonds(water)
    >>> water.positions[1] *= 1.3
    >>> len(bonds.length), bool(bonds.stretch(water) > 0.1)
    (4, True)
    """

    def __init__(self, atoms: Atoms) -> None:
        """Find them; every bond is there from both ends."""
        reach = natural_cutoffs(atoms, mult=BONDED)  # type: ignore[no-untyped-call]
        self.i, self.j, image = neighbor_list("ijS", atoms, reach)  # type: ignore[no-untyped-call]
        self.shift = image @ np.asarray(atoms.cell)
        self.length = self._lengths(atoms)

    def stretch(self, atoms: Atoms) -> float:
        """Largest change of a length since the start, Å; 0 without bonds."""
        return float(np.abs(self._lengths(atoms) - self.length).max(initial=0.0))

    def _lengths(self, atoms: Atoms) -> np.ndarray:
        out: np.ndarray = np.linalg.norm(atoms.positions[self.j] + self.shift - atoms.positions[self.i], axis=1)
        return out


def set_velocities(atoms: Atoms, temperature: float, seed: int) -> None:
    """Velocities by Maxwell and Boltzmann, scaled to exactly this temperature (K), in place; the same ones for a seed."""
    bits = rng(seed, 0, 0, "velocities").bit_generator.random_raw(3 * len(atoms)) >> np.uint64(11)
    normal = ndtri((bits.reshape(len(atoms), 3) + 0.5) * 2.0**-53)
    atoms.set_momenta(normal * np.sqrt(atoms.get_masses())[:, None])  # type: ignore[no-untyped-call]
    away = atoms.positions - atoms.get_center_of_mass()  # type: ignore[no-untyped-call]
    velocities = atoms.get_velocities() - atoms.get_momenta().sum(axis=0) / atoms.get_masses().sum()  # type: ignore[no-untyped-call]
    if not atoms.pbc.any():
        # Least squares, as a line of atoms has an axis around which it cannot turn.
        inertia = np.einsum("n,nij->ij", atoms.get_masses(), _squares(away))
        turning = (atoms.get_masses()[:, None] * np.cross(away, velocities)).sum(axis=0)
        velocities = velocities - np.cross(np.linalg.lstsq(inertia, turning, rcond=1e-9)[0], away)
    atoms.set_velocities(velocities)  # type: ignore[no-untyped-call]
    atoms.set_momenta(atoms.get_momenta() * np.sqrt(temperature / atoms.get_temperature()))  # type: ignore[no-untyped-call]


def _squares(r: np.ndarray) -> np.ndarray:
    """r² 1 - r rᵀ for each atom, Å², (atoms, 3, 3)."""
    out: np.ndarray = (r**2).sum(axis=1)[:, None, None] * np.eye(3) - r[:, :, None] * r[:, None, :]
    return out


def _energy(atoms: Atoms) -> float:
    """Potential and kinetic, eV/atom."""
    return float(atoms.get_total_energy()) / len(atoms)  # type: ignore[no-untyped-call]


def _check(structure: Structure, **positive: float) -> None:
    for name, value in positive.items():
        if not (np.isfinite(value) and value > 0):
            raise DataError(f"dynamics: {name} must be positive; got {value}.")
    if len(structure) < 2:
        has = "a single atom, which cannot move against itself" if len(structure) else "no atoms"
        raise DataError(f"dynamics: structure {structure.id!r} has {has}. Give a larger cell, or a molecule.")
