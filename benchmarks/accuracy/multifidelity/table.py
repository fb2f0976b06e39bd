"""From the runs of the four recipes to results.md, results.json and a figure each. Works on what is there, and says how much is missing.

    python benchmarks/accuracy/multifidelity/table.py FOLDER

FOLDER holds a folder per recipe, as `transferkit run RECIPE --output FOLDER/NAME` makes it. Errors per composition are kept in results.json,
so tables can be made again without training: ``table.py results.json``.
"""

import json
import sys
from pathlib import Path

import numpy as np
from scipy import stats

from transferkit.evaluation.compare import paired
from transferkit.evaluation.intervals import bootstrap_seeds, mean_over_seeds
from transferkit.recipe_file import load_recipe
from transferkit.report.figures.paired import paired as forest
from transferkit.report.figures.style import save
from transferkit.units import GPA

HERE = Path(__file__).parent
RECIPES = ("bundled-chgnet", "bundled-mace", "li3ps4-chgnet", "li3ps4-mace")
SCALE = {
    "energy": ("energy", 1000, "meV/atom"),
    "free_forces": ("forces", 1000, "meV/Å"),
    "stress": ("stress", 1 / GPA, "GPa"),
}
AGAINST = ("energies", "energies-forces")
"""Paper C compares with the target's energies alone, and with its energies and forces."""


def of_runs(folder: Path, recipe: str) -> dict:
    """Errors of every finished run: test -> stage -> measure -> arm -> seed -> composition."""
    found: dict = {"errors": {}, "wall_s": {}}
    for path in sorted((folder / recipe).glob("*/seed-*/result.json")):
        result = json.loads(path.read_text())
        arm, seed = path.parent.parent.name, str(result["seed"])
        found["wall_s"].setdefault(arm, {})[seed] = result["training"]["wall_s"]
        for test, stages in result["tests"].items():
            for stage in ("step0", "final"):
                for key in SCALE:
                    values = {c: e[key] for c, e in stages[stage]["by_composition"].items() if e.get(key) is not None}
                    if values:
                        place = found["errors"].setdefault(test, {}).setdefault(stage, {}).setdefault(key, {})
                        place.setdefault(arm, {})[seed] = values
    return found


def mean(errors: dict) -> float:
    """Over compositions of the mean over seeds."""
    return float(np.mean(list(mean_over_seeds(list(errors.values())).values())))


def interval(errors: dict) -> tuple[float, float] | None:
    """95 %: over compositions and seeds; where there is one composition, Student's t over seeds, each of which drew parts of its own."""
    if len({c for one in errors.values() for c in one}) > 1:
        return bootstrap_seeds(list(errors.values()))
    values = [v for one in errors.values() for v in one.values()]
    if len(values) < 2:
        return None
    low, high = stats.t.interval(0.95, len(values) - 1, loc=np.mean(values), scale=stats.sem(values))
    return float(low), float(high)


def cell(errors: dict, factor: float, form: str = ".3g") -> str:
    """Mean and interval."""
    ends = interval(errors)
    behind = "" if ends is None else f" [{factor * ends[0]:{form}}, {factor * ends[1]:{form}}]"
    return f"{factor * mean(errors):{form}}{behind}"


def section(recipe: str, found: dict, figures: dict) -> list[str]:
    """Tables of one recipe."""
    read = load_recipe(HERE / f"{recipe}.yaml")
    arms = {name: arm.label or name for name, arm in (read.compare or {}).items()}
    runs = sum(len(seeds) for seeds in found["wall_s"].values())
    text = [
        f"## {recipe}",
        "",
        f"{read.question} {runs} of {len(arms) * len(read.seeds or (0,))} runs, {read.training.steps} steps each.",
    ]
    for test, stages in found["errors"].items():
        there = [key for key in SCALE if key in stages["final"]]
        heads = [f"{SCALE[key][0]}, {SCALE[key][2]}" for key in there]
        text += ["", f"**{test}**, mean over compositions, before training and after:", ""]
        text += [
            "| arm | " + " | ".join(f"{h} before | after" for h in heads) + " | s |",
            "|" + "---|" * (2 + 2 * len(there)),
        ]
        for arm, label in arms.items():
            if arm in found["wall_s"]:
                cells = [
                    part
                    for key in there
                    for part in (
                        f"{SCALE[key][1] * mean(stages['step0'][key][arm]):.3g}",
                        cell(stages["final"][key][arm], SCALE[key][1]),
                    )
                ]
                text.append(f"| {label} | {' | '.join(cells)} | {np.mean(list(found['wall_s'][arm].values())):.0f} |")
        for baseline in (b for b in AGAINST if b in found["wall_s"] and len(found["wall_s"]) > 1):
            text += ["", f'Paired with "{arms[baseline]}"; negative is better than it:', ""]
            text += [
                "| arm | property | difference | p (Holm) | compositions | fewest seeds |",
                "|---|---|---|---|---|---|",
            ]
            for key in there:
                text += differences(
                    stages["final"][key], key, baseline, arms, figures.setdefault((recipe, test, baseline), {})
                )
    return text


def differences(errors: dict, key: str, baseline: str, arms: dict, rows: dict) -> list[str]:
    """One line per arm, and the rows of the figure."""
    name, factor, unit = SCALE[key]
    shared = {arm: {s: e for s, e in errors[arm].items() if s in errors[baseline]} for arm in arms if arm in errors}
    if len({c for one in errors[baseline].values() for c in one}) == 1:
        return [single(shared, arm, baseline, arms, key) for arm in shared if arm != baseline]
    out = []
    for c in paired(shared, baseline):
        low, high = c.interval or (np.nan, np.nan)
        value = f"{factor * c.mean_difference:+.3g} [{factor * low:+.3g}, {factor * high:+.3g}] {unit}"
        out.append(
            f"| {arms[c.method]} | {name} | {value} | {c.p_holm:.2g} | {c.n_compositions} | {c.seeds_per_composition} |"
        )
        rows.setdefault(name, []).append(c.to_json())
    return out


def single(errors: dict, arm: str, baseline: str, arms: dict, key: str) -> str:
    """One composition: a paired t interval over seeds."""
    name, factor, unit = SCALE[key]
    difference = {s: {c: v - errors[baseline][s][c] for c, v in one.items()} for s, one in errors[arm].items()}
    values = [v for one in difference.values() for v in one.values()]
    p = stats.ttest_1samp(values, 0).pvalue if len(values) > 1 else np.nan
    return (
        f"| {arms[arm]} | {name} | {cell(difference, factor, '+.3g')} {unit} | {p:.2g} (one test) | 1 | {len(values)} |"
    )


def main(source: Path) -> None:
    """Write everything beside this file."""
    if source.is_dir():
        found = {recipe: of_runs(source, recipe) for recipe in RECIPES if (source / recipe).is_dir()}
        (HERE / "results.json").write_text(json.dumps(found) + "\n")
    else:
        found = json.loads(source.read_text())
    figures: dict = {}
    text = [
        "# What low-level forces are worth: results",
        "",
        "Arms of paper C (arXiv 2505.01590). Weights of the last step. Forces are over the components that symmetry does not make zero.",
        "Intervals are of 95 %: over compositions and seeds for the bundled pairs. Li3PS4 is one composition: there they are Student's t over",
        "seeds, and say nothing of other systems. Written by table.py; how it was run: README.md.",
    ]
    for recipe, of_recipe in found.items():
        if of_recipe["wall_s"]:
            text += ["", *section(recipe, of_recipe, figures)]
    (HERE / "results.md").write_text("\n".join(text) + "\n")
    for (recipe, test, baseline), rows in figures.items():
        if rows and test.startswith("unseen") and baseline == "energies":
            labels = {
                name: arm.label or name for name, arm in (load_recipe(HERE / f"{recipe}.yaml").compare or {}).items()
            }
            save(forest(rows, labels=labels, baseline=labels[baseline]), HERE / f"{recipe}.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
