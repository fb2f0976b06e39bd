"""Recipes: spelling, types, combinations, and what only the data can refuse."""

import transferkit as tk

from .case import Case, text

GOOD = """\
name: mine
data: {source: "bundled:gpaw-pbe-r2scan", fidelity: r2SCAN}
adapter: {name: toy}
training: {steps: 1}
tracking: {wandb: null}
"""
RUN = ["run", "r.yaml", "--smoke"]


def run(*changes):
    return [*RUN, *changes]


def wrong(old, new):
    return text("r.yaml", GOOD.replace(old, new))


def more(line):
    return text("r.yaml", GOOD + line + "\n")


GOOD_FILE = text("r.yaml", GOOD)


def set_of(*formulas):
    """A recipe on a few compositions."""

    def make(folder):
        from ase.io import write

        from transferkit.data.readers import to_ase

        data = tk.bundled("gpaw-pbe-r2scan", fidelity="r2SCAN")
        frames = [a for a in to_ase(data) if a.get_chemical_formula(empirical=True) in formulas]
        for atoms in frames:
            atoms.info.pop("prototype", None)
        write(folder / "few.extxyz", frames)
        (folder / "r.yaml").write_text(GOOD.replace('"bundled:gpaw-pbe-r2scan"', "few.extxyz"))

    return make


CASES = [
    Case("empty", text("r.yaml", ""), RUN, ("'r.yaml' is empty", "recipes/")),
    Case("not YAML", wrong("{name: toy}", "{name: toy"), RUN, ("is not YAML. line 4",)),
    Case("a tab", wrong("name: mine", "\tname: mine"), RUN, ("is not YAML. line 1", "\\t")),
    Case("a key twice", more("name: second"), RUN, ("line 6, name: given twice, in lines 1 and 6", "keep one")),
    Case(
        "misspelt option",
        wrong("fidelity", "fidelty"),
        RUN,
        ("2 mistakes", "line 2, data.fidelty: unknown option", "Did you mean 'fidelity'?"),
    ),
    Case(
        "misspelt group",
        wrong("training:", "trainin:"),
        RUN,
        ("line 4, trainin: unknown option", "Did you mean 'training'?"),
    ),
    Case(
        "option of another group",
        more("learning_rate: 0.1"),
        RUN,
        ("line 6, learning_rate", "optimiser.learning_rate?"),
    ),
    Case(
        "text for a number",
        wrong("steps: 1", "steps: many"),
        RUN,
        ("line 4, training.steps", "whole number", "'many' (text)"),
    ),
    Case(
        "negative number", GOOD_FILE, run("training.steps=-5"), ("command line, training.steps", "greater than 0", "-5")
    ),
    Case("number for a text", wrong("name: mine", "name: 7"), RUN, ("line 1, name: should be text, and is 7", '"7"')),
    Case(
        "list for a group",
        wrong("{name: toy}", "[toy]"),
        RUN,
        ("line 3, adapter: should be a group of options", "['toy']"),
    ),
    Case(
        "epochs and steps",
        wrong("steps: 1", "steps: 1, epochs: 2"),
        RUN,
        ("line 4, training: give exactly one of epochs and steps",),
    ),
    Case(
        "unknown adapter",
        wrong("name: toy", "name: chgent"),
        RUN,
        ("line 3, adapter.name", "'chgent'", "Did you mean 'chgnet'?"),
    ),
    Case(
        "unknown checkpoint",
        wrong("name: toy", "name: chgnet, checkpoint: 0.4.0"),
        RUN,
        ("no checkpoint called '0.4.0'", "Did you mean '0.3.0'?"),
    ),
    Case(
        "a checkpoint that is a number",
        wrong("name: toy", "name: chgnet, checkpoint: 0.3"),
        RUN,
        ("line 3, adapter.checkpoint", "is 0.3", '"0.3"'),
    ),
    Case(
        "unknown policy",
        more("reference: {policy: residuals}"),
        RUN,
        ("line 6, reference.policy", "'residuals'", "Did you mean 'residual'?"),
    ),
    Case(
        "unknown strategy",
        more("strategy: {kind: partial}"),
        RUN,
        ("line 6, strategy.kind", "'partial'", "Known: from-scratch"),
    ),
    Case(
        "unknown block",
        more("strategy: {kind: frozen, train: [interacton.2]}"),
        RUN,
        ("'interacton.2'", "Did you mean 'interaction.1'?"),
    ),
    Case(
        "frozen without blocks",
        more("strategy: {kind: frozen}"),
        RUN,
        ("line 6, strategy: give exactly one of train and preset",),
    ),
    Case(
        "difference without source data",
        more("reference: {policy: difference}"),
        RUN,
        ("policy 'difference' needs source_data",),
    ),
    Case(
        "isolated atoms not given",
        more("reference: {policy: isolated-atoms}"),
        RUN,
        ("policy 'isolated-atoms' needs isolated_atoms",),
    ),
    Case(
        "isolated atoms of one element only",
        more("reference: {policy: isolated-atoms, isolated_atoms: {O: -1.9}}"),
        RUN,
        ("policy 'isolated-atoms' does not apply", "use 'residual'"),
    ),
    Case(
        "all weights zero",
        more("loss: {energy: 0, forces: 0, stress: 0, magmoms: 0}"),
        RUN,
        ("line 6, loss: all weights are zero",),
    ),
    Case("unknown head", wrong("name: toy", "name: toy, head: HSE06"), RUN, ("HSE06", "Known: default")),
    Case(
        "new head of another name",
        wrong("name: toy", "name: toy, new_head: {name: PBE}"),
        RUN,
        ("new_head is called 'PBE'", "'r2SCAN'", "adapter.head: PBE"),
    ),
    Case(
        "new head with random weights",
        text(
            "r.yaml",
            GOOD.replace("name: toy", "name: toy, new_head: {name: r2SCAN}") + "strategy: {kind: from-scratch}\n",
        ),
        RUN,
        ("from-scratch goes without adapter.new_head",),
    ),
    Case(
        "no such device",
        wrong("name: toy", "name: toy, device: gpu"),
        RUN,
        ("no device is called 'gpu'", "Did you mean 'cpu'?"),
    ),
    Case(
        "unknown dtype",
        wrong("name: toy", "name: toy, dtype: float16"),
        RUN,
        ("line 3, adapter.dtype", "'float16'", "Did you mean 'float64'?"),
    ),
    Case(
        "bundled set misspelt",
        wrong("gpaw-pbe-r2scan", "gpaw-pbe-r2scna"),
        RUN,
        ("'gpaw-pbe-r2scna'", "Did you mean 'gpaw-pbe-r2scan'?"),
    ),
    Case(
        "no such data file",
        wrong('"bundled:gpaw-pbe-r2scan"', "mine.extxyz"),
        RUN,
        ("mine.extxyz: no such file", "The working folder is"),
    ),
    Case(
        "unknown convention",
        wrong("fidelity: r2SCAN", "fidelity: r2SCAN, label_convention: mp2O20"),
        RUN,
        ("'mp2O20'", "Did you mean 'mp2020'?"),
    ),
    Case(
        "MP2020 corrections of r2SCAN",
        wrong("fidelity: r2SCAN", "fidelity: r2SCAN, convert: {to: mp2020}"),
        RUN,
        ("these are r2SCAN", "Leave them raw"),
    ),
    Case(
        "cohesive without energies of atoms",
        wrong("fidelity: r2SCAN", "fidelity: r2SCAN, convert: {to: cohesive}"),
        RUN,
        ("isolated atoms at r2SCAN", "Give energies="),
    ),
    Case(
        "cohesive with energies of one element",
        wrong("fidelity: r2SCAN", "fidelity: r2SCAN, convert: {to: cohesive, energies: {O: -1}}"),
        RUN,
        ("H, Li, Be", "are missing", "Add them to energies"),
    ),
    Case(
        "unknown unit",
        set_of("MgO", "CaO", "LiF"),
        run("data.units.energy=kcal"),
        ("few.extxyz: 'kcal' is no unit of energy", "kcal/mol"),
    ),
    Case(
        "Taylor labels without forces",
        set_of("MgO", "CaO", "LiF", "NaCl", "LiCl"),
        run("training.augmentation={kind: taylor}", 'data.keys={forces: ""}', "data.split.by=random"),
        ("training structures lack them", "has no forces", "kind: noise"),
    ),
    Case(
        "an augmentation of another name",
        GOOD_FILE,
        run("training.augmentation={kind: tailor}"),
        ("training.augmentation.kind", "'tailor'", "Did you mean 'taylor'?"),
    ),
    Case(
        "noise of two Å",
        GOOD_FILE,
        run("training.augmentation={kind: noise, length: 2}"),
        ("training.augmentation.length", "less than or equal to 0.5", "is 2"),
    ),
    Case(
        "a misspelt consistency loss",
        GOOD_FILE,
        run("loss.consistency={pitch: 1, pisc: 0.1}"),
        ("loss.consistency.pitch: unknown option", "Did you mean 'pitc'?"),
    ),
    Case(
        "a third order of the consistency losses",
        GOOD_FILE,
        run("loss.consistency={pitc: 1, pisc: 0.1, kappa: 1}"),
        ("loss.consistency.kappa", "0 (first order) or 0.5 (second order)", "got 1"),
    ),
    Case(
        "steps aside of five Å",
        GOOD_FILE,
        run("loss.consistency={pitc: 1, pisc: 0.1, length: 5}"),
        ("loss.consistency.length", "less than or equal to 0.5", "is 5"),
    ),
    Case(
        "consistency losses without a weight",
        GOOD_FILE,
        run("loss.consistency={pitc: 0, pisc: 0}"),
        ("loss.consistency", "pitc and pisc are both zero", "write consistency: null"),
    ),
    Case(
        "adversarial steps aside without forces",
        GOOD_FILE,
        run("loss.consistency={pitc: 1, pisc: 0.1, direction: adversarial}", "data.labels=[energy]"),
        ("loss.consistency.direction", "training structures have no force labels", "Take uniform or random"),
    ),
    Case("one composition", set_of("MgO"), RUN, ("form 1 group(s) by composition", "Give more data")),
    Case("two compositions", set_of("MgO", "CaO"), RUN, ("form 2 group(s) by composition", "Give more data")),
    Case(
        "folds without enough compositions",
        set_of("MgO", "CaO", "LiF", "NaCl", "LiCl"),
        run("data.split.fold=0", "data.split.folds=50"),
        ("50 folds need 50", "Ask for fewer folds"),
    ),
    Case("two folds", GOOD_FILE, run("data.split.folds=2"), ("data.split.folds", "greater than or equal to 3", "is 2")),
    Case("a fold that does not exist", GOOD_FILE, run("data.split.fold=9"), ("there is no fold 9", "0 to 5")),
    Case(
        "folds of materials",
        GOOD_FILE,
        run("data.split.fold=0", "data.split.by=material"),
        ("folds are made by composition", "leave fold out"),
    ),
    Case(
        "fractions that do not sum to one",
        GOOD_FILE,
        run("data.split.fractions=[0.5,0.1,0.1]"),
        ("fractions sum to 0.7",),
    ),
    Case(
        "split by an unknown group",
        GOOD_FILE,
        run("data.split.by=formula"),
        ("data.split.by", "'formula'", "Known: composition"),
    ),
    Case(
        "prototypes that the data lack",
        set_of("MgO", "CaO", "LiF", "NaCl", "LiCl"),
        run("data.split.by=prototype"),
        ("needs the column 'prototype'", "Add prototype="),
    ),
    Case(
        "a subset larger than the set",
        GOOD_FILE,
        ["run", "r.yaml", "data.subset=5000"],
        ("data.subset is 5000", "training part has 264", "Give at most that many"),
    ),
    Case(
        "an override without a value",
        GOOD_FILE,
        run("training.steps"),
        ("command line, training.steps", "option=value"),
    ),
    Case(
        "an override of a misspelt option",
        GOOD_FILE,
        run("training.stps=3"),
        ("training.stps: unknown option", "Did you mean 'steps'?"),
    ),
    Case(
        "a baseline that is no variant",
        more("compare: {a: {}, b: {seed: 1}}\nbaseline: c"),
        RUN,
        ("line 7, baseline: 'c' is not a variant", "Known: a, b"),
    ),
    Case(
        "a variant with a misspelt option",
        more("compare: {a: {los: {energy: 1}}}"),
        RUN,
        ("compare.a.los: unknown option", "Did you mean 'loss'?"),
    ),
    Case("seeds twice", more("seeds: [0, 0]"), RUN, ("seeds holds a number twice: [0, 0]",)),
    Case(
        "W&B online without a key",
        wrong("{wandb: null}", "{wandb: {mode: online}}"),
        RUN,
        ("tracking.wandb.mode is online", "wandb login"),
    ),
    Case("no such recipe", GOOD_FILE, ["run", "s.yaml"], ("'s.yaml' does not exist", "Did you mean 'r.yaml'?")),
    Case("a folder as recipe", lambda f: (f / "r.yaml").mkdir(), RUN, ("'r.yaml' is a folder", "Give a YAML file")),
    Case(
        "a key for a bundled set",
        GOOD_FILE,
        run("data.keys.energy=e"),
        ("'bundled:gpaw-pbe-r2scan' has one name", "Leave keys out"),
    ),
    Case(
        "a limit of zero",
        GOOD_FILE,
        run("data.quarantine.largest_force=0"),
        ("data.quarantine.largest_force", "greater than 0"),
    ),
]
