"""From the runs of recipes/against-forgetting.yaml to results.md and results.json. Works on what is there.

python benchmarks/accuracy/forgetting/table.py FOLDER
"""

import json
import sys
from pathlib import Path

import numpy as np

from transferkit.evaluation.intervals import bootstrap_seeds, mean_over_seeds
from transferkit.recipe_file import load_recipe
from transferkit.units import GPA

HERE = Path(__file__).parent
RECIPE = HERE.parents[2] / "recipes" / "against-forgetting.yaml"
TEST = "unseen compositions"
LEARNT = {"energy": (1000, "meV/atom"), "free_forces": (1000, "meV/Å")}
KEPT = {"energy": (1000, "meV/atom"), "forces": (1000, "meV/Å"), "stress": (1 / GPA, "GPa")}


def read(folder: Path) -> dict:
    """Per arm and seed: errors on r2SCAN, changes of errors on PBE by composition, holes, and how far walls moved."""
    found: dict = {}
    for path in sorted(folder.glob("*/seed-*/result.json")):
        result = json.loads(path.read_text())
        (held,) = result["forgetting"]["held_out"].values()
        pairs = result["forgetting"]["diatomics"]
        found.setdefault(path.parent.parent.name, {})[result["seed"]] = {
            "learnt": {
                key: {
                    c: e[key]
                    for c, e in result["tests"][TEST]["final"]["by_composition"].items()
                    if e.get(key) is not None
                }
                for key in LEARNT
            },
            "before": {key: held[key]["before"] for key in KEPT},
            "changed": {key: held[key]["by_composition"] for key in KEPT},
            "holes": [pairs["holes"]["before"], pairs["holes"]["after"], len(pairs["opened"])],
            "wall": pairs["wall"],
            "wall_s": result["training"]["wall_s"],
        }
    return found


def cell(by_seed: list[dict[str, float]], factor: float, form: str) -> str:
    """Mean over compositions of the mean over seeds, with its interval over both."""
    mean = np.mean(list(mean_over_seeds(by_seed).values()))
    low, high = bootstrap_seeds(by_seed) or (np.nan, np.nan)
    return f"{factor * mean:{form}} [{factor * low:{form}}, {factor * high:{form}}]"


def main(folder: Path) -> None:
    """Write everything beside this file."""
    found = read(folder)
    arms = load_recipe(RECIPE).compare or {}
    some = next(iter(next(iter(found.values())).values()))
    before = ", ".join(f"{key} {factor * some['before'][key]:.3g} {unit}" for key, (factor, unit) in KEPT.items())
    heads = [f"r2SCAN {key.removeprefix('free_')}, {unit}" for key, (_, unit) in LEARNT.items()]
    heads += [f"PBE {key}, change, {unit}" for key, (_, unit) in KEPT.items()]
    text = [
        "# Against forgetting: results",
        "",
        f"{sum(map(len, found.values()))} of {len(arms) * 5} runs. r2SCAN: errors on unseen compositions after training. PBE: change of the errors",
        f"on PBE labels of the tested compositions; before training, seed 0: {before}. 95 % intervals over compositions and seeds. Holes: elements whose",
        "diatomic curve falls inward, before, after, and opened by training, mean over seeds. Wall: median move of the repulsive wall. Written by table.py.",
        "",
        "| arm | " + " | ".join(heads) + " | holes before, after, opened | wall, eV | runs | s |",
        "|" + "---|" * (len(heads) + 5),
    ]
    for arm, options in arms.items():
        rows = list(found.get(arm, {}).values())
        if not rows:
            continue
        cells = [cell([r["learnt"][key] for r in rows], factor, ".3g") for key, (factor, _) in LEARNT.items()]
        cells += [cell([r["changed"][key] for r in rows], factor, "+.2g") for key, (factor, _) in KEPT.items()]
        holes = ", ".join(f"{np.mean([r['holes'][k] for r in rows]):.1f}" for k in range(3))
        wall, seconds = (np.mean([r[key] for r in rows]) for key in ("wall", "wall_s"))
        text.append(
            f"| {options.label or arm} | {' | '.join(cells)} | {holes} | {wall:.2f} | {len(rows)} | {seconds:.0f} |"
        )
    (HERE / "results.md").write_text("\n".join(text) + "\n")
    (HERE / "results.json").write_text(json.dumps(found) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
