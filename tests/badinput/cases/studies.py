"""Studies: what varies, where points run, and whose folder it is."""

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

CASES = [
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
