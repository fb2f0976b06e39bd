"""Paper B's lines on synthetic labels: pre-train students, fine-tune each, and fit fine-tuned against pre-trained error.

python benchmarks/accuracy/paper_b/lines.py [--out runs/paper-b] [--shared FOLDER] [--workers 1] [--now]

Makes the data (benchmarks/data/teacher.py), runs the study of pretrain.yaml, then that of finetune.yaml with one arm per student,
and writes the lines into the page of the second study. It can be stopped and started again: what is finished is kept.
Synthetic labels: this tests chained training, heads, fits and pages. It is no evidence about functionals.
"""

import argparse
import atexit
import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from transferkit.division import divide
from transferkit.errors import ScalingError
from transferkit.pipeline import evaluate_run
from transferkit.recipe_file import load_recipe
from transferkit.resolve import read_data
from transferkit.run_folder import write_json
from transferkit.scaling.collect import collect
from transferkit.scaling.line import fit_line
from transferkit.scaling.study_report import report_study
from transferkit.studies.drive import study

HERE = Path(__file__).parent
NEW_HEAD = {"other-functional": "synthetic-r2SCAN(CHGNet-r2scan)"}
"""Students of other labels keep their head and get a second one."""
QUANTITIES = ("energy", "forces")
OTHER_CHAIN = 100
"""Added to a student's seed: the chain of compositions that it is fine-tuned on."""
CELLS = ("--cells", "378", "--rattles", "4", "--largest", "8")
"""All cells of the source with at most 8 atoms."""


def students(folder: Path) -> list[dict]:
    """Finished points of the first study: labels, size, seed, folder."""
    told = json.loads((folder / "study.json").read_text())
    return [
        {
            "labels": p["values"]["labels"],
            "size": p["size"],
            "seed": p["seed"],
            "identity": p["identity"],
            "folder": folder / "points" / p["key"],
            "same_as": _weights(folder / "points" / p["key"]),
        }
        for p in told["points"]
        if (folder / "points" / p["key"] / "result.json").exists()
    ]


def _weights(folder: Path) -> str:
    """Hash of a student's weights: where no step was better than the first, students of one seed are all the random start."""
    told: str = json.loads((folder / "model" / "model.json").read_text())["tensors"]["sha256"]
    return told


def arm(student: dict) -> str:
    """Name of the fine-tuning arm of a student."""
    return f"{student['labels']}-{student['size']}-{student['seed']}"


def different(found: list[dict]) -> list[dict]:
    """The students without those that are the same network as one before them."""
    return list({one["same_as"]: one for one in reversed(found)}.values())[::-1]


def shared(found: list[dict], by_arm: dict) -> dict:
    """What is known of each different student, told of all that are the same network."""
    known = {one["same_as"]: by_arm[arm(one)] for one in different(found) if arm(one) in by_arm}
    return {arm(one): known[one["same_as"]] for one in found if one["same_as"] in known}


def finetune_recipe(found: list[dict], out: Path) -> Path:
    """finetune.yaml with one arm per student."""
    recipe = yaml.safe_load((HERE / "finetune.yaml").read_text())
    recipe["data"]["source"] = str(out / "data" / "synthetic-r2scan.parquet")
    recipe["vary"] = {"student": {}}
    for one in different(found):
        adapter = {"checkpoint": str(one["folder"])}
        if one["labels"] in NEW_HEAD:
            adapter["new_head"] = {"name": NEW_HEAD[one["labels"]], "copy_of": "default"}
        chain = {"subset": {"seed": OTHER_CHAIN + one["seed"]}}
        recipe["vary"]["student"][arm(one)] = {"seed": one["seed"], "data": chain, "adapter": adapter}
    path = out / "finetune.yaml"
    path.write_text(yaml.safe_dump(recipe, sort_keys=False))
    return path


def errors(folder: Path, quantity: str) -> pd.Series:
    """Final error of each finished point on the unseen compositions, by its identity."""
    points = collect(folder).points
    points = points[(points["when"] == "final") & (points["quantity"] == quantity)]
    return points.set_index("point")["error"]


def line(label: str, points: list[dict]) -> dict:
    """Points of one group and the line through them, or why there is none. A chain that lacks a size is left out."""
    every = {p["size"] for p in points}
    held = {k: {p["size"] for p in points if p["chain"] == k} for k in {p["chain"] for p in points}}
    points = [p for p in points if held[p["chain"]] == every]
    told = {"label": label, "points": points, "fit": None, "refused": ""}
    seeds = {p["chain"] for p in points}
    try:
        x, y = (np.array([p[key] for p in points]) for key in ("x", "y"))
        fitted = fit_line(
            x, y, [p["chain"] for p in points] if len(seeds) > 1 else None, by=[p["size"] for p in points]
        )
    except ScalingError as error:
        return {**told, "refused": str(error)}
    return {**told, "fit": fitted.to_json()}


def against(found: list[dict], x: dict[str, float], y: dict[str, float], words: dict) -> dict:
    """One set of lines: a line per kind of labels."""
    groups: dict[str, list[dict]] = {}
    for one in found:
        name = arm(one)
        if name in x and name in y:
            point = {
                "label": f"{one['size']} compositions",
                "size": one["size"],
                "chain": one["seed"],
                "x": x[name],
                "y": y[name],
            }
            groups.setdefault(f"pre-trained on {one['labels']} labels", []).append(point)
    return {**words, "lines": [line(label, points) for label, points in groups.items()]}


def old_heads(found: list[dict], folders: dict[str, Path]) -> dict[str, dict[str, float]]:
    """Errors of the old head after fine-tuning, on the test compositions at the old level of theory."""
    told: dict[str, dict[str, float]] = {q: {} for q in QUANTITIES}
    for one in found:
        if one["labels"] in NEW_HEAD and arm(one) in folders:
            recipe = load_recipe(one["folder"] / "recipe.yaml")
            test = divide(recipe, read_data(recipe).kept).test
            measured = evaluate_run(folders[arm(one)], test, head="default").to_json()
            # Energies of undetermined elements are left out, as the study leaves them out; forces do not depend on E0.
            for quantity, key, metrics in (
                ("energy", "energy", measured["determined"] or measured),
                ("forces", "free_forces", measured),
            ):
                values = [e[key] for e in metrics["by_composition"].values() if e.get(key) is not None]
                told[quantity][arm(one)] = float(np.mean(values))
    return told


def spent() -> float:
    """Seconds of processor time of this call, with those of the processes it started and that have ended."""
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def book(path: Path) -> None:
    """Add this call to those before it: a run that was stopped and started again counts whole."""
    path.write_text(json.dumps([*earlier(path), round(spent(), 1)]))


def earlier(path: Path) -> list[float]:
    """What calls before this one took."""
    return json.loads(path.read_text()) if path.exists() else []


def sizes(folder: Path) -> dict[str, int]:
    """Frames and compositions of the data, and frames of the test part, the same for all students."""
    recipe = load_recipe(folder / "recipe.yaml")
    data = read_data(recipe).kept
    test = len(divide(recipe, data).test)
    return {"frames": len(data), "compositions": len(set(data.composition)), "test_frames": test}


def main() -> None:
    """Data, two studies, lines."""
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--out", type=Path, default=Path("runs/paper-b"))
    p.add_argument("--shared", default=os.environ.get("TRANSFERKIT_SHARED"))
    p.add_argument("--workers", type=int, default=1)
    p.add_argument("--now", action="store_true", help="pre-train no further: lines through the students that there are")
    a = p.parse_args()
    atexit.register(book, a.out / "spent.json")
    if not (a.out / "data" / "synthetic-card.json").exists():
        teacher = HERE.parents[1] / "data" / "teacher.py"
        call = [sys.executable, str(teacher), str(a.out / "data"), *CELLS]
        subprocess.run([*call, *(["--shared", a.shared] if a.shared else [])], check=True)  # noqa: S603  # a script of this repository
    first, second = a.out / "pretrain", a.out / "finetune"
    recipe = yaml.safe_load((HERE / "pretrain.yaml").read_text())
    recipe["data"]["source"] = str(a.out / "data" / "synthetic-pbe.parquet")
    recipe["vary"]["labels"]["same-functional"]["data"]["source"] = str(a.out / "data" / "synthetic-r2scan.parquet")
    (a.out / "pretrain.yaml").write_text(yaml.safe_dump(recipe, sort_keys=False))
    if not a.now:
        study(load_recipe(a.out / "pretrain.yaml"), output=first, workers=a.workers)
    found = students(first)
    study(load_recipe(finetune_recipe(found, a.out)), output=second, workers=a.workers)
    told = json.loads((second / "study.json").read_text())
    points = {p["values"]["student"]: p for p in told["points"]}
    folders = {name: second / "points" / p["key"] for name, p in points.items() if p["state"] == "finished"}
    old, sets = old_heads(found, folders), []
    for quantity in QUANTITIES:
        before, after = errors(first, quantity), errors(second, quantity)
        x = {arm(one): float(before[one["identity"]]) for one in found if one["identity"] in before.index}
        y = shared(
            found, {name: float(after[p["identity"]]) for name, p in points.items() if p["identity"] in after.index}
        )
        words = {"quantity": quantity, "x": "pre-trained", "y": "fine-tuned"}
        sets.append(against(found, x, y, {**words, "title": f"Fine-tuned against pre-trained, {quantity}"}))
        heads = {"quantity": quantity, "x": "old head after fine-tuning", "y": "new head"}
        sets.append(
            against(found, shared(found, old[quantity]), y, {**heads, "title": f"Head against head, {quantity}"})
        )
    write_json(second / "study.json", {**told, "lines": sets})
    page = report_study(second)
    facts = {
        "synthetic": True,
        "warning": "Labels are predictions of CHGNet. This tests machinery and is never evidence.",
        "students": len(found),
        "different": len(different(found)),
        "cpu_s": round(sum(earlier(a.out / "spent.json")) + spent(), 1),
        **sizes(found[0]["folder"]),
    }
    write_json(a.out / "lines.json", {**facts, "lines": sets})
    print(page)


if __name__ == "__main__":
    main()
