"""The command line: verbs, options, and folders of runs."""

import json

import transferkit as tk
from transferkit.adapters.bundle import write_bundle
from transferkit.adapters.toy import Toy

from .case import Case, both, nothing, text
from .recipes import GOOD

SET = "bundled:gpaw-pbe-r2scan@PBE"


def recipe(folder):
    (folder / "r.yaml").write_text(GOOD)


def run_folder(**identity):
    """A folder that a run of another recipe began."""

    def make(folder):
        recipe(folder)
        (folder / "out").mkdir()
        (folder / "out" / "identity.json").write_text(json.dumps({"identity": "0" * 64, "name": "theirs", "smoke": False} | identity))

    return make


def notes(folder):
    recipe(folder)
    (folder / "out").mkdir()
    (folder / "out" / "notes.txt").write_text("mine")


def damaged_identity(folder):
    run_folder()(folder)
    (folder / "out" / "identity.json").write_text("{")


def model(folder):
    """As much of a run as evaluate and export look at."""
    write_bundle(Toy.load("demo"), folder / "out" / "model")


RUN = ["run", "r.yaml", "--output", "out"]

CASES = [
    Case("unknown verb", nothing, ["describ", SET], ()),
    Case("unknown option", nothing, ["describe", SET, "--jsn"], ()),
    Case("no data named", nothing, ["describe"], ()),
    Case("one argument too many", nothing, ["describe", SET, SET], ()),
    Case("--key without a value", nothing, ["describe", SET, "--key", "energy"], ()),
    Case("--unit without a name", nothing, ["describe", SET, "--unit", "=eV"], ()),
    Case("--key twice", nothing, ["describe", SET, "--key", "energy=a", "--key", "energy=b"], ()),
    Case("--limit without a value", nothing, ["describe", SET, "--limit", "largest_force"], ()),
    Case("--limit misspelt", nothing, ["describe", SET, "--limit", "largest_forces=3"], ()),
    Case("--limit that is no number", nothing, ["describe", SET, "--limit", "largest_force=big"], ()),
    Case("--limit below zero", nothing, ["describe", SET, "--limit", "largest_force=-1"], ()),
    Case("--limit without --quarantine", nothing, ["convert", SET, "o.parquet", "--limit", "most=0.2"], ()),
    Case("convert to another suffix", nothing, ["convert", SET, "o.csv"], ()),
    Case("convention misspelt", nothing, ["describe", SET, "--label-convention", "mp2o20"], ()),
    Case("convert to no convention", nothing, ["convert", SET, "o.parquet", "--to-convention", "mp20"], ()),
    Case("--hubbard alone", nothing, ["convert", SET, "o.parquet", "--hubbard", "none"], ()),
    Case("--hubbard misspelt", nothing, ["convert", SET, "o.parquet", "--to-convention", "mp2020", "--hubbard", "yes"], ()),
    Case("energies that are no table", text("e.json", "[1, 2]"), ["convert", SET, "o.parquet", "--to-convention", "cohesive", "--energies", "e.json"], ()),
    Case("energies of no element", text("e.json", '{"Qq": -1.0}'), ["convert", SET, "o.parquet", "--to-convention", "cohesive", "--energies", "e.json"], ()),
    Case("corrections of r2SCAN", nothing, ["convert", SET.replace("@PBE", "@r2SCAN"), "o.parquet", "--to-convention", "mp2020"], ()),
    Case("gap of sets without a common id", both(text("a.extxyz", '1\nProperties=species:S:1:pos:R:3 REF_energy=-1 id=a\nO 0 0 0\n')), ["gap", SET, "a.extxyz@r2SCAN"], ()),
    Case("reference with an unknown policy", nothing, ["reference", SET, "--policy", "residuals"], ()),
    Case("reference with an unknown model", nothing, ["reference", SET, "--model", "chgent"], ()),
    Case("reference with an unknown checkpoint", nothing, ["reference", SET, "--model", "chgnet", "--checkpoint", "0.4.0"], ()),
    Case("reference with an unknown head", nothing, ["reference", SET, "--model", "toy", "--head", "HSE06"], ()),
    Case("a pickle without --trust", text("m.model", "x"), ["reference", SET, "--model", "mace", "--checkpoint", "m.model"], ()),
    Case("--output is a file", both(recipe, text("out", "x")), RUN, ()),
    Case("--output holds something else", notes, RUN, ()),
    Case("--output holds another run", run_folder(), RUN, ()),
    Case("--output holds a smoke run", run_folder(smoke=True), RUN, ()),
    Case("identity.json is damaged", damaged_identity, RUN, ()),
    Case("evaluate no run", nothing, ["evaluate", "out", SET], ()),
    Case("evaluate a folder without a run", lambda f: (f / "out").mkdir(), ["evaluate", "out", SET], ()),
    Case("evaluate an unfinished run", run_folder(), ["evaluate", "out", SET], ()),
    Case("evaluate with an unknown head", model, ["evaluate", "out", SET, "--head", "HSE06"], ()),
    Case("export no run", nothing, ["export", "out", "x.pth.tar"], ()),
    Case("export an unfinished run", run_folder(), ["export", "out", "x.pth.tar"], ()),
    Case("export with an unknown head", model, ["export", "out", "x.toy", "--head", "HSE06"], ()),
    Case("export onto a folder", both(model, lambda f: (f / "x.toy").mkdir()), ["export", "out", "x.toy"], ()),
    Case("report of no run", lambda f: (f / "out").mkdir(), ["report", "out"], ()),
    Case("report of an unfinished run", run_folder(), ["report", "out"], ()),
    Case("report of a damaged result", both(run_folder(), lambda f: (f / "out" / "result.json").write_text("{")), ["report", "out"], ()),
    Case("a page that is a folder", lambda f: (f / "p.html").mkdir(), ["describe", SET, "--page", "p.html"], ()),
    Case("check of no recipe", nothing, ["check", "r.yaml"], ()),
]
