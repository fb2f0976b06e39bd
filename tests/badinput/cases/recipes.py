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
    Case("empty", text("r.yaml", ""), RUN, ()),
    Case("not YAML", wrong("{name: toy}", "{name: toy"), RUN, ()),
    Case("a tab", wrong("name: mine", "\tname: mine"), RUN, ()),
    Case("a key twice", more("name: second"), RUN, ()),
    Case("misspelt option", wrong("fidelity", "fidelty"), RUN, ()),
    Case("misspelt group", wrong("training:", "trainin:"), RUN, ()),
    Case("option of another group", more("learning_rate: 0.1"), RUN, ()),
    Case("text for a number", wrong("steps: 1", "steps: many"), RUN, ()),
    Case("negative number", GOOD_FILE, run("training.steps=-5"), ()),
    Case("number for a text", wrong("name: mine", "name: 7"), RUN, ()),
    Case("list for a group", wrong("{name: toy}", "[toy]"), RUN, ()),
    Case("epochs and steps", wrong("steps: 1", "steps: 1, epochs: 2"), RUN, ()),
    Case("neither epochs nor steps", wrong("{steps: 1}", "{}"), RUN, ()),
    Case("unknown adapter", wrong("name: toy", "name: chgent"), RUN, ()),
    Case("unknown checkpoint", wrong("name: toy", "name: chgnet, checkpoint: 0.4.0"), RUN, ()),
    Case("a checkpoint that is a number", wrong("name: toy", "name: chgnet, checkpoint: 0.3"), RUN, ()),
    Case("unknown policy", more("reference: {policy: residuals}"), RUN, ()),
    Case("unknown strategy", more("strategy: {kind: partial}"), RUN, ()),
    Case("unknown block", more("strategy: {kind: frozen, train: [interacton.2]}"), RUN, ()),
    Case("frozen without blocks", more("strategy: {kind: frozen}"), RUN, ()),
    Case("difference without source data", more("reference: {policy: difference}"), RUN, ()),
    Case("isolated atoms not given", more("reference: {policy: isolated-atoms}"), RUN, ()),
    Case("isolated atoms of one element only", more("reference: {policy: isolated-atoms, isolated_atoms: {O: -1.9}}"), RUN, ()),
    Case("all weights zero", more("loss: {energy: 0, forces: 0, stress: 0, magmoms: 0}"), RUN, ()),
    Case("unknown head", wrong("name: toy", "name: toy, head: HSE06"), RUN, ()),
    Case("new head of another name", wrong("name: toy", "name: toy, new_head: {name: PBE}"), RUN, ()),
    Case("new head with random weights", text("r.yaml", GOOD.replace("name: toy", "name: toy, new_head: {name: r2SCAN}") + "strategy: {kind: from-scratch}\n"), RUN, ()),
    Case("no such device", wrong("name: toy", "name: toy, device: gpu"), RUN, ()),
    Case("unknown dtype", wrong("name: toy", "name: toy, dtype: float16"), RUN, ()),
    Case("bundled set misspelt", wrong("gpaw-pbe-r2scan", "gpaw-pbe-r2scna"), RUN, ()),
    Case("unknown fidelity", wrong("fidelity: r2SCAN", "fidelity: HSE06"), RUN, ()),
    Case("no such data file", wrong('"bundled:gpaw-pbe-r2scan"', "mine.extxyz"), RUN, ()),
    Case("unknown convention", wrong("fidelity: r2SCAN", "fidelity: r2SCAN, label_convention: mp2O20"), RUN, ()),
    Case("MP2020 corrections of r2SCAN", wrong("fidelity: r2SCAN", "fidelity: r2SCAN, convert: {to: mp2020}"), RUN, ()),
    Case("cohesive without energies of atoms", wrong("fidelity: r2SCAN", "fidelity: r2SCAN, convert: {to: cohesive}"), RUN, ()),
    Case("cohesive with energies of one element", wrong("fidelity: r2SCAN", "fidelity: r2SCAN, convert: {to: cohesive, energies: {O: -1}}"), RUN, ()),
    Case("unknown unit", set_of("MgO", "CaO", "LiF"), run("data.units.energy=kcal"), ()),
    Case("one composition", set_of("MgO"), RUN, ()),
    Case("two compositions", set_of("MgO", "CaO"), RUN, ()),
    Case("folds without enough compositions", set_of("MgO", "CaO", "LiF", "NaCl", "LiCl"), run("data.split.fold=0", "data.split.folds=50"), ()),
    Case("two folds", GOOD_FILE, run("data.split.folds=2"), ()),
    Case("a fold that does not exist", GOOD_FILE, run("data.split.fold=9"), ()),
    Case("folds of materials", GOOD_FILE, run("data.split.fold=0", "data.split.by=material"), ()),
    Case("fractions that do not sum to one", GOOD_FILE, run("data.split.fractions=[0.5,0.1,0.1]"), ()),
    Case("split by an unknown group", GOOD_FILE, run("data.split.by=formula"), ()),
    Case("prototypes that the data lack", set_of("MgO", "CaO", "LiF", "NaCl", "LiCl"), run("data.split.by=prototype"), ()),
    Case("a subset larger than the set", GOOD_FILE, ["run", "r.yaml", "data.subset=5000"], ()),
    Case("an override without a value", GOOD_FILE, run("training.steps"), ()),
    Case("an override of a misspelt option", GOOD_FILE, run("training.stps=3"), ()),
    Case("a baseline that is no variant", more("compare: {a: {}, b: {seed: 1}}\nbaseline: c"), RUN, ()),
    Case("a variant with a misspelt option", more("compare: {a: {los: {energy: 1}}}"), RUN, ()),
    Case("seeds twice", more("seeds: [0, 0]"), RUN, ()),
    Case("W&B online without a key", wrong("{wandb: null}", "{wandb: {mode: online}}"), RUN, ()),
    Case("no such recipe", GOOD_FILE, ["run", "s.yaml"], ()),
    Case("a folder as recipe", lambda f: (f / "r.yaml").mkdir(), RUN, ()),
    Case("a key for a bundled set", GOOD_FILE, run("data.keys.energy=e"), ()),
    Case("a limit of zero", GOOD_FILE, run("data.quarantine.largest_force=0"), ()),
]
