"""Choose coefficients by the validation part alone, on a seed that is not among the five, and measure how long a step takes.

python benchmarks/accuracy/consistency/pilot.py ethanol|r2scan      writes pilot-TASK.json; never looks at a test
"""

import json
import sys
from pathlib import Path

import torch
from one import lowest, train, write
from setting import ARMS, GRID, PILOT_SEED, TASKS, Problem, problem

HERE = Path(__file__).parent
SHORT = {"ethanol": 160, "r2scan": 40}
"""Steps to time."""


def times(start: Problem, task: str, chosen: dict) -> dict[str, float]:
    """CPU time of the consistency losses over that of a plain run of as many steps: in turn, twice, the least of each.

    A busy machine slows whatever runs just then.
    """
    arms = {"none": None, "first": chosen["first"], "second": chosen["second"]}
    spent: dict[str, list[float]] = {arm: [] for arm in arms}
    for _ in range(2):
        for arm, entry in arms.items():
            steps, often = SHORT[task], TASKS[task].evaluate_every
            spent[arm].append(train(start, task, arm, entry, seed=PILOT_SEED, steps=steps, evaluate_every=often)[1])
    return {arm: min(seconds) / min(spent["none"]) for arm, seconds in spent.items()}


def main(task: str) -> None:
    """One run per entry of the grid; what is there already is not run again."""
    torch.set_num_threads(1)
    path = HERE / f"pilot-{task}.json"
    found = json.loads(path.read_text()) if path.exists() else {"runs": []}
    settings = TASKS[task]
    start = problem(task, settings.pilot_size, PILOT_SEED)
    todo = [("none", None), *((name, entry) for name in GRID for entry in GRID[name][task])]
    for arm, entry in todo:
        if task not in ARMS[arm].tasks or any(r["arm"] == arm and r["coefficients"] == entry for r in found["runs"]):
            continue
        result, cpu = train(
            start, task, arm, entry, seed=PILOT_SEED, steps=settings.pilot_steps, evaluate_every=settings.evaluate_every
        )
        row = {
            "arm": arm,
            "coefficients": entry,
            "valid_loss": lowest(result),
            "cpu_s": cpu,
            "best_step": result.best_step,
        }
        row["valid"] = min((r["valid"] for r in result.history), key=lambda v: v["loss"])
        found["runs"].append(row)
        sys.stdout.write(f"{task} {arm} {entry}: {row['valid_loss']:.3e} in {cpu:.1f} s\n")
        sys.stdout.flush()
        write(path, found)
    by_arm = {arm: [r for r in found["runs"] if r["arm"] == arm] for arm, _ in todo}
    found["chosen"] = {
        arm: min(rows, key=lambda r: r["valid_loss"])["coefficients"]
        for arm, rows in by_arm.items()
        if rows and arm in GRID
    }
    found["times"] = times(start, task, found["chosen"])
    found["size"], found["seed"], found["steps"] = settings.pilot_size, PILOT_SEED, settings.pilot_steps
    write(path, found)


if __name__ == "__main__":
    main(sys.argv[1])
