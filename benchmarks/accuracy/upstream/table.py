"""Turn the pieces that are there into results.json and results.md.

python benchmarks/accuracy/upstream/table.py
"""

import json
from collections import defaultdict
from pathlib import Path

import numpy as np
from pieces import HERE, RUNS, finished

from transferkit.units import GPA

SCALE = {"loss": (1, ""), "energy": (1000, "meV/atom"), "forces": (1000, "meV/Å"), "stress": (1 / GPA, "GPa")}
UPSTREAM = {"chgnet": "chgnet.trainer.Trainer", "mace": "mace_run_train"}
WHEN = {"last": "after the last epoch", "kept": "of the weights handed back"}


def mean_and_error(values: np.ndarray) -> tuple[float, float]:
    """Mean over seeds and its standard error."""
    error = values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else np.nan
    return float(values.mean()), float(error)


def text(values: np.ndarray) -> str:
    mean, error = mean_and_error(values)
    return f"{mean:.4g} ± {error:.2g}" if len(values) > 1 else f"{mean:.4g}"


def verdict(ours: np.ndarray, theirs: np.ndarray) -> str:
    """The bar: at most one standard error of upstream's mean above it."""
    (mine, _), (yours, error) = mean_and_error(ours), mean_and_error(theirs)
    if np.isnan(error):
        return "–"
    if mine <= yours:
        return "below"
    return "within" if mine <= yours + error else "above"


def grouped(pieces: list[dict]) -> dict[tuple[str, str], dict[str, dict[int, dict]]]:
    """Pieces by (model, schedule), arm and seed."""
    groups: dict = defaultdict(lambda: defaultdict(dict))
    for one in pieces:
        s = one["setting"]
        if "arm" in s:
            groups[s["model"], s["schedule"]][s["arm"]][s["seed"]] = one
    return groups


def rows(arms: dict[str, dict[int, dict]], when: str) -> list[str]:
    lines = []
    for name, (factor, unit) in SCALE.items():
        for arm in sorted(set(arms) - {"ours"}, reverse=True):
            seeds = sorted(set(arms["ours"]) & set(arms[arm]))
            if not seeds:
                continue
            mine, yours = (np.array([factor * arms[a][s][when][name] for s in seeds]) for a in ("ours", arm))
            start = factor * arms["ours"][seeds[0]]["start"][name]
            cells = [f"{name} {unit}".strip(), arm, str(len(seeds)), f"{start:.4g}", text(mine), text(yours)]
            lines.append("| " + " | ".join([*cells, text(mine - yours), verdict(mine, yours)]) + " |")
    return lines


def tables(pieces: list[dict]) -> str:
    """Markdown: one table for each model, schedule and choice of weights."""
    head = "| error | upstream's batches | seeds | step 0 | ours | upstream | ours - upstream, by seed | bar |"
    out = []
    for (model, schedule), arms in sorted(grouped(pieces).items()):
        if "ours" not in arms:
            continue
        for when, words in WHEN.items():
            title = f"## {model}, {schedule} rate: validation error {words}, against {UPSTREAM[model]}"
            out += [title, "", head, "|" + "---|" * 8, *rows(arms, when), ""]
        times = [
            f"{arm} {np.mean([p['train_s'] for p in found.values()]):.0f} s" for arm, found in sorted(arms.items())
        ]
        out += [f"Mean time of training and validation, one thread: {', '.join(times)}.", ""]
    return "\n".join(out)


def write(folder: Path = RUNS) -> str:
    """Write results.json and results.md beside this file, or of a smoke run beside its pieces; returns the tables."""
    pieces = finished(folder)
    found = tables(pieces)
    beside = HERE if folder == RUNS else folder / "table"
    beside.mkdir(exist_ok=True)
    note = (
        "Mean over seeds ± standard error. `below`: ours is lower than upstream's; `within`: above it by at most one "
        "standard error of upstream's mean; `above`: by more. Setting and reading: [README.md](README.md).\n\n"
    )
    (beside / "results.md").write_text(f"# Our loop against upstream's trainers\n\n{note}{found}")
    (beside / "results.json").write_text(json.dumps(pieces, indent=1) + "\n")
    return found


if __name__ == "__main__":
    print(write())
