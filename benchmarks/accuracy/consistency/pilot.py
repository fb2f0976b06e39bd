"""Choose coefficients by the validation part alone, on a seed that is not among the five, and measure how long a step takes.

python benchmarks/accuracy/consistency/pilot.py ethanol|r2scan [--long]     writes pilot-TASK.json; never looks at a test

With --long, instead, stronger weights in a training as long as that of the arm "longer", from which the arm "tuned-long" has its own.
"""

import argparse
import json
import sys
from pathlib import Path

import torch
from one import lowest, train, write
from setting import ARMS, GRID, LONG, PILOT_SEED, TASKS, Problem, problem

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


def attempts(path: Path, key: str, todo: list[tuple[str, dict | None]], *, task: str, steps: int) -> dict:
    """One run per entry, written as they come under ``key``; what is there already is not run again. The content of the file."""
    found = json.loads(path.read_text()) if path.exists() else {}
    rows, often = found.setdefault(key, []), TASKS[task].evaluate_every * steps / TASKS[task].pilot_steps
    start = problem(task, TASKS[task].pilot_size, PILOT_SEED)
    for arm, entry in todo:
        if task not in ARMS[arm].tasks or any(r["arm"] == arm and r["coefficients"] == entry for r in rows):
            continue
        result, cpu = train(start, task, arm, entry, seed=PILOT_SEED, steps=steps, evaluate_every=round(often))
        row = {
            "arm": arm,
            "coefficients": entry,
            "valid_loss": lowest(result),
            "cpu_s": cpu,
            "best_step": result.best_step,
        }
        row["valid"] = min((r["valid"] for r in result.history), key=lambda v: v["loss"])
        rows.append(row)
        sys.stdout.write(f"{task} {arm} {entry}: {row['valid_loss']:.3e} in {cpu:.1f} s\n")
        sys.stdout.flush()
        write(path, found)
    return found


def entries(grid: dict, task: str) -> list[tuple[str, dict | None]]:
    """Plain training, then every entry of a grid."""
    return [("none", None), *((name, entry) for name in grid for entry in grid[name].get(task, ()))]


def main() -> None:
    """Choose and time; or, with --long, look."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("task", choices=TASKS)
    parser.add_argument("--long", action="store_true", help="stronger weights in longer training")
    args = parser.parse_args()
    torch.set_num_threads(1)
    task, settings = args.task, TASKS[args.task]
    path = HERE / f"pilot-{task}.json"
    if args.long:
        steps = round(settings.steps * json.loads(path.read_text())["times"]["second"])
        found = attempts(path, "long", entries(LONG, task), task=task, steps=steps)
        tried = [r for r in found["long"] if r["coefficients"]]
        write(path, found | {"chosen_long": min(tried, key=lambda r: r["valid_loss"])["coefficients"]})
        return
    found = attempts(path, "runs", entries(GRID, task), task=task, steps=settings.pilot_steps)
    by_arm = {arm: [r for r in found["runs"] if r["arm"] == arm] for arm in GRID}
    found["chosen"] = {
        arm: min(rows, key=lambda r: r["valid_loss"])["coefficients"] for arm, rows in by_arm.items() if rows
    }
    found["times"] = times(problem(task, settings.pilot_size, PILOT_SEED), task, found["chosen"])
    found["size"], found["seed"], found["steps"] = settings.pilot_size, PILOT_SEED, settings.pilot_steps
    write(path, found)


if __name__ == "__main__":
    main()
