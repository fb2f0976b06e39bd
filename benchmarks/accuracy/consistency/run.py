"""Every arm at every size, seed after seed, so that what is there at any time is balanced.

python benchmarks/accuracy/consistency/run.py FOLDER [--tasks ethanol r2scan] [--seeds 0 1 2 3 4] [--extra]

A run is one JSON file in FOLDER; what is there is not run again. Run pilot.py for each task before.
"""

import argparse
import json
import sys
from pathlib import Path

import torch
from one import errors, lowest, train, write
from setting import ARMS, PAPER, SEEDS, TASKS, problem

HERE = Path(__file__).parent


def one(folder: Path, arm: str, *, task: str, size: int, seed: int, pilot: dict) -> None:
    """Train and measure; the model is kept for molecular dynamics."""
    path = folder / f"{task}-{size}-{seed}-{arm}.json"
    if path.exists():
        return
    start = problem(task, size, seed)
    how, steps = ARMS[arm], TASKS[task].steps
    if how.longer:
        steps = round(steps * pilot["times"]["second"])
    tuned = {**pilot["chosen"], "paper": PAPER, "long": pilot.get("chosen_long")}
    coefficients = tuned[how.tuned] if how.tuned else None
    result, cpu = train(start, task, arm, coefficients, seed=seed, steps=steps)
    row = {
        "task": task, "size": size, "seed": seed, "arm": arm, "coefficients": coefficients, "steps": steps, "cpu_s": cpu,
        "best_step": result.best_step, "valid_loss": lowest(result), "test": errors(start, result.potential),
        "n_test": len(start.test), "n_known": int(start.known.sum()), "n_valid": len(start.valid),
    }  # fmt: skip
    if arm == "none":
        row["step0"] = errors(start, start.start)
    result.potential.save(folder / "models" / path.stem)
    write(path, row)
    sys.stdout.write(
        f"{path.stem}: {row['test']['energy']:.5f} eV/atom {row['test']['forces']:.4f} eV/Å in {cpu:.1f} s\n"
    )
    sys.stdout.flush()


def main() -> None:
    """Seeds outermost, then sizes, then arms."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tasks", nargs="+", choices=TASKS, default=list(TASKS))
    parser.add_argument("--seeds", nargs="+", type=int, default=list(SEEDS))
    parser.add_argument("--sizes", nargs="+", type=int, help="only these")
    parser.add_argument(
        "--extra", action="store_true", help="the arms with forces or untuned weights, rather than all others"
    )
    args = parser.parse_args()
    torch.set_num_threads(1)
    pilots = {task: json.loads((HERE / f"pilot-{task}.json").read_text()) for task in args.tasks}
    for seed in args.seeds:
        for task in args.tasks:
            for size in args.sizes or TASKS[task].sizes:
                for arm, how in ARMS.items():
                    if task in how.tasks and how.extra == args.extra:
                        one(args.folder, arm, task=task, size=size, seed=seed, pilot=pilots[task])


if __name__ == "__main__":
    main()
