"""How long each model of run.py holds a simulation at constant energy: 0.5 fs, 300 K, up to 2 ps (crystals: 1 ps), velocity Verlet.

python benchmarks/accuracy/consistency/nve.py FOLDER [--tasks ethanol r2scan] [--seeds 0 1 2 3 4]

Ethanol as the molecule that it is; r2SCAN crystals in cells repeated twice along each axis. All arms of a seed start from the same
structure of the test with the same velocities. What is there is not run again.
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np
import torch
from ase import Atoms
from one import write
from setting import ARMS, SEEDS, TASKS, ethanol, r2scan

from transferkit.adapters.potential import ReferencedPotential
from transferkit.data.structure import Structure
from transferkit.evaluation.dynamics import nve_stability

TIMESTEP, KELVIN = 0.5, 300.0
STEPS = {"ethanol": 4000, "r2scan": 2000}
SIZES = {"ethanol": (200, 50), "r2scan": (25,)}
"""Training structures of the models that are simulated."""
ATOMS = 5
"""Fewest atoms of the crystals' own cells: in smaller ones little can come apart."""


def start(task: str, seed: int) -> Structure:
    """Another frame of the molecule, or another compound, for each seed."""
    if task == "ethanol":
        return ethanol()[2].structure(seed)
    test = r2scan()[2]
    large = np.flatnonzero(np.asarray(test.n_atoms) >= ATOMS)
    _, first = np.unique(test.composition[large], return_index=True)
    one = test.structure(int(np.random.default_rng(0).permutation(large[first])[seed]))
    atoms = Atoms(one.numbers, positions=one.positions, cell=one.cell, pbc=one.pbc) * (2, 2, 2)
    return Structure(atoms.numbers, atoms.positions, np.array(atoms.cell), atoms.pbc, id=one.id)


def one(folder: Path, arm: str, *, task: str, size: int, seed: int) -> None:
    """One simulation, one JSON file."""
    model, path = folder / "models" / f"{task}-{size}-{seed}-{arm}", folder / f"nve-{task}-{size}-{seed}-{arm}.json"
    if path.exists() or not model.exists():
        return
    begin, clock = start(task, seed), time.process_time()
    done = nve_stability(
        ReferencedPotential.open(model),
        begin,
        temperature=KELVIN,
        timestep=TIMESTEP,
        steps=STEPS[task],
        seed=seed,
        quiet=True,
    )
    setting = {"of": task, "formula": begin.formula, "size": size, "seed": seed, "arm": arm}
    setting |= {"timestep_fs": TIMESTEP, "steps": STEPS[task], "kelvin": KELVIN}
    write(path, {**setting, **done.to_json(), "cpu_s": time.process_time() - clock})
    sys.stdout.write(f"{path.stem}: {begin.formula} {done.simulated_ps:.3f} ps, {done.failure or 'no failure'}\n")
    sys.stdout.flush()


def main() -> None:
    """Seeds outermost."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tasks", nargs="+", choices=TASKS, default=list(TASKS))
    parser.add_argument("--seeds", nargs="+", type=int, default=list(SEEDS))
    args = parser.parse_args()
    torch.set_num_threads(1)
    for seed in args.seeds:
        for task in args.tasks:
            for size in SIZES[task]:
                for arm, how in ARMS.items():
                    if task in how.tasks:
                        one(args.folder, arm, task=task, size=size, seed=seed)


if __name__ == "__main__":
    main()
