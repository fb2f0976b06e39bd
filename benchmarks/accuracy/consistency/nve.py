"""How long each ethanol model of run.py holds a simulation at constant energy: 0.5 fs, 300 K, up to 2 ps, velocity Verlet.

python benchmarks/accuracy/consistency/nve.py FOLDER [--seeds 0 1 2 3 4] [--sizes 200 50]

All arms of a seed start from the same frame of the test with the same velocities. What is there is not run again.
"""

import argparse
import sys
import time
from pathlib import Path

import torch
from one import write
from setting import ARMS, SEEDS, ethanol

from transferkit.adapters.potential import ReferencedPotential
from transferkit.evaluation.dynamics import nve_stability

TIMESTEP, STEPS, KELVIN = 0.5, 4000, 300.0


def one(folder: Path, arm: str, *, size: int, seed: int) -> None:
    """One simulation, one JSON file."""
    model, path = folder / "models" / f"ethanol-{size}-{seed}-{arm}", folder / f"nve-{size}-{seed}-{arm}.json"
    if path.exists() or not model.exists():
        return
    start = ethanol()[2].structure(seed)
    clock = time.process_time()
    done = nve_stability(
        ReferencedPotential.open(model), start, temperature=KELVIN, timestep=TIMESTEP, steps=STEPS, seed=seed
    )
    setting = {"size": size, "seed": seed, "arm": arm, "timestep_fs": TIMESTEP, "steps": STEPS, "kelvin": KELVIN}
    write(path, {**setting, **done.to_json(), "cpu_s": time.process_time() - clock})
    sys.stdout.write(f"{path.stem}: {done.simulated_ps:.3f} ps, {done.failure or 'no failure'}\n")
    sys.stdout.flush()


def main() -> None:
    """Seeds outermost."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", nargs="+", type=int, default=list(SEEDS))
    parser.add_argument("--sizes", nargs="+", type=int, default=[200, 50])
    args = parser.parse_args()
    torch.set_num_threads(1)
    for seed in args.seeds:
        for size in args.sizes:
            for arm, how in ARMS.items():
                if "ethanol" in how.tasks:
                    one(args.folder, arm, size=size, seed=seed)


if __name__ == "__main__":
    main()
