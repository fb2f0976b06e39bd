"""Studies: what varies, where points run, whose folder it is, and what in it is damaged."""

import json
from pathlib import Path

import transferkit as tk
from transferkit.adapters.graphs import build_graphs
from transferkit.recipe_file import load_recipe
from transferkit.scaling.collect import collect
from transferkit.studies.ledger import Ledger

from .case import Case, both, text

GOOD = """\
name: mine
data: {source: "bundled:gpaw-pbe-r2scan", fidelity: r2SCAN, split: {fold: 0}}
adapter: {name: toy, device: cpu}
training: {steps: 1, evaluate_unit: steps}
tracking: {wandb: null}
"""
STUDY = ["study", "s.yaml", "--status"]


def vary(lines, *, base=GOOD):
    return text("s.yaml", f"{base}vary:\n{lines}")


GOOD_FILE = vary("  seed: [0, 1]\n")


def ledger(folder):
    """The study of s.yaml in the folder out, begun."""
    GOOD_FILE(folder)
    found = Ledger.of(load_recipe(folder / "s.yaml"), folder / "out")
    found.claim()
    return found


def finished(*changes):
    """A study with two finished points, in which something was changed."""

    def make(folder):
        judged = {when: {"by_composition": {"MgO": {"energy": 0.1, "free_forces": 0.1}}} for when in ("step0", "final")}
        result = {
            "data": {"hash": "0" * 64, "counts": {"train": 9}, "compositions": {"train": 9}},
            "tests": {"unseen compositions": {**judged, "undetermined": {}}},
        }
        for order, change in zip(ledger(folder).orders(), changes, strict=True):
            order.folder.mkdir(parents=True)
            (order.folder / "result.json").write_text(change(json.dumps(result)))

    return make


def as_it_is(result):
    return result


def graphs_damaged(folder):
    """A file of the graphs that all points share, cut in the middle."""
    build_graphs(tk.load("toy"), tk.bundled("gpaw-pbe-r2scan")[:3], store=folder / "graphs")
    (path,) = (path for path in (folder / "graphs").rglob("*") if path.is_file() and path.stat().st_size)
    path.rename(path.with_stem("shard"))
    path.with_stem("shard").write_bytes(b"x" * 100)


def graphs_again(folder):
    return build_graphs(tk.load("toy"), tk.bundled("gpaw-pbe-r2scan")[:3], store=Path(folder) / "graphs")


def points_are_a_file(folder):
    ledger(folder)
    (folder / "out" / "points").write_text("x")


def study_damaged(folder):
    ledger(folder)
    (folder / "out" / "study.json").write_text("{")


def table_damaged(folder):
    ledger(folder)
    (folder / "out" / "points.csv").write_text("size,error\n10,0.1\n")
    (folder / "out" / "compositions.parquet").write_text("x")


CASES = [
    Case(
        "a damaged file of graphs",
        graphs_damaged,
        graphs_again,
        ("shard", "is damaged", "delete this file"),
        code=2,
    ),
    Case(
        "points that are a file",
        points_are_a_file,
        [*STUDY, "--output", "out"],
        ("out/points is a file", "a study keeps a folder of that name", "Move it away"),
    ),
    Case(
        "a damaged result of a point",
        finished(as_it_is, lambda result: result[:40]),
        ["report", "out"],
        ("result.json is damaged", "Remove its folder, and run the study again"),
    ),
    Case(
        "data that changed between points",
        finished(as_it_is, lambda result: result.replace("0" * 64, "1" * 64)),
        ["report", "out"],
        ("their data changed between them", "1 saw 000000000000 and 1 saw 111111111111", "out/points/"),
    ),
    Case(
        "a damaged study.json", study_damaged, ["report", "out"], ("out/study.json is damaged", "finished points stay")
    ),
    Case("no study to collect", GOOD_FILE, collect, ("holds no study.json", "transferkit study")),
    Case("fit of a study without points", ledger, ["fit", "out"], ("out holds no points.csv", "study that has points")),
    Case(
        "fit of a study with a damaged table", table_damaged, ["fit", "out"], ("compositions.parquet cannot be read",)
    ),
    Case("no vary", text("s.yaml", GOOD), STUDY, ("has no vary", "transferkit run")),
    Case("a study is no run", GOOD_FILE, ["run", "s.yaml"], ("so it is a study", "transferkit study")),
    Case("nothing varies", vary("  {}\n"), STUDY, ("vary: nothing varies", "seed: [0, 1, 2]")),
    Case("no value", vary("  seed: []\n"), STUDY, ("line 7, vary.seed: holds no value",)),
    Case("a value twice", vary("  seed: [0, 0]\n"), STUDY, ("line 7, vary.seed.1: 0 stands twice",)),
    Case(
        "misspelt option that varies",
        vary("  data.subst: [10, 20]\n"),
        STUDY,
        ("line 7, vary.data.subst: unknown option", "Did you mean 'data.subset'?"),
    ),
    Case(
        "misspelt option in an arm",
        vary("  arm:\n    a: {strategy.knd: full}\n"),
        STUDY,
        ("line 8, vary.arm.a.strategy.knd: unknown option", "'kind'"),
    ),
    Case(
        "wrong value",
        vary("  data.subset.compositions: [10, many]\n"),
        STUDY,
        ("line 7, vary.data.subset.compositions.1: should be a whole number, and is 'many'",),
    ),
    Case("an axis with the name of an option", vary("  loss: {a: {}}\n"), STUDY, ("loss is an option", "e.g. arm")),
    Case(
        "two axes set one option",
        vary("  loss.energy: [1, 2]\n  arm: {a: {loss: {energy: 3}}}\n"),
        STUDY,
        ("both set loss.energy",),
    ),
    Case("the same point twice", vary("  arm: {a: {}, b: {seed: 0}}\n"), STUDY, ("arm=a and arm=b are the same run",)),
    Case(
        "tests that differ",
        vary("  seed: [0, 1]\n", base=GOOD.replace("fold: 0", "fold: seed")),
        STUDY,
        ("line 6, vary: data.split.fold is 'seed'", "data.split.fold: 0"),
    ),
    Case(
        "small sets evaluated more often",
        vary("  data.subset: [10, 20]\n", base=GOOD.replace("evaluate_unit: steps", "evaluate_unit: epochs")),
        STUDY,
        ("training.evaluate_unit is 'epochs' and the budget is in steps", "Write training.evaluate_unit: steps"),
    ),
    Case(
        "budgets of two kinds",
        vary("  training.patience: [null, 3]\n"),
        STUDY,
        ("budgets of several kinds: early stopping, fixed steps",),
    ),
    Case(
        "seeds in a study",
        vary("  seed: [0]\n", base=GOOD + "seeds: [1]\n"),
        STUDY,
        ("a study has no seeds", "vary seed"),
    ),
    Case(
        "misspelt contrast",
        vary("  seed: [0]\n", base=GOOD + "contrast: scrach\n"),
        STUDY,
        ("'scrach'", "Did you mean 'scratch'?"),
    ),
    Case(
        "contrast without vary",
        text("s.yaml", GOOD + "contrast: scratch\n"),
        STUDY,
        ("contrast belongs to a study", "add vary"),
    ),
    Case(
        "no cluster file", GOOD_FILE, ["study", "s.yaml", "--on", "slrum"], ("'slrum' is no file", "recipes/cluster/")
    ),
    Case(
        "a wrong cluster file",
        both(GOOD_FILE, text("c.yaml", "kind: slrum\nblock: 2\n")),
        ["study", "s.yaml", "--on", "c.yaml"],
        ("2 mistakes", "line 1, kind: 'slrum' is not a choice. Did you mean 'slurm'?", "Did you mean 'blocks'?"),
    ),
    Case(
        "workers of a cluster",
        both(GOOD_FILE, text("c.yaml", "kind: local\n")),
        ["study", "s.yaml", "--on", "c.yaml", "--workers", "2"],
        ("--workers is for this machine", "workers_per_node"),
    ),
    Case(
        "a folder with something else in it",
        both(GOOD_FILE, text("thesis/main.tex", "x")),
        ["study", "s.yaml", "--output", "thesis"],
        ("thesis is not empty and no study", "--output"),
    ),
]
