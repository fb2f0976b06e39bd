"""The command line: verbs, options, and folders of runs."""

import json

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
        (folder / "out" / "identity.json").write_text(
            json.dumps({"identity": "0" * 64, "name": "theirs", "smoke": False} | identity)
        )

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

CURVE = "size,error\n10,0.3\n100,0.2\n1000,0.1\n"

CASES = [
    Case("fit of no file", nothing, ["fit", "c.csv"], ("no file c.csv", "size, error")),
    Case("fit of no table", text("c.csv", ""), ["fit", "c.csv"], ("c.csv cannot be read as a table", "size, error")),
    Case(
        "fit without a column",
        text("c.csv", CURVE.replace("error", "eror")),
        ["fit", "c.csv"],
        ("no column 'error'", "Nearest: 'eror'", "Rename it"),
    ),
    Case(
        "fit with a column that nothing reads",
        text("c.csv", CURVE.replace("size", "chians,size").replace("\n1", "\n0,1")),
        ["fit", "c.csv"],
        ("'chians'", "Did you mean 'chain'?"),
    ),
    Case("fit of two sizes", text("c.csv", CURVE[:-9]), ["fit", "c.csv"], ("2 sizes (10, 100)", "at least 3")),
    Case(
        "fit of less than a decade",
        text("c.csv", CURVE.replace("1000", "90").replace("100", "50")),
        ["fit", "c.csv"],
        ("a factor of 9", "less than a decade", "100 or more"),
    ),
    Case(
        "fit of an error of zero",
        text("c.csv", CURVE.replace("0.2", "0")),
        ["fit", "c.csv"],
        ("error 0", "not a positive"),
    ),
    Case(
        "fit of an error that is no number",
        text("c.csv", CURVE.replace("0.2", "x")),
        ["fit", "c.csv"],
        ("row 2", "'x'"),
    ),
    Case(
        "fit of a size twice", text("c.csv", CURVE + "100,0.2\n"), ["fit", "c.csv"], ("size 100 stands twice", "chains")
    ),
    Case(
        "fit of points of no known moment",
        text("c.csv", CURVE.replace("error", "error,when").replace("\n", ",Final\n").replace("when,Final", "when")),
        ["fit", "c.csv"],
        ("row 1: when is 'Final'", "Did you mean 'final'?"),
    ),
    Case(
        "fit where a composition is missing",
        text(
            "c.csv", "size,error,composition\n" + "".join(f"{n},0.1,{c}\n" for n in (10, 50, 100) for c in "ABCDE")[:-8]
        ),
        ["fit", "c.csv"],
        ("size 100", "has no error of composition 'E'", "not tested at every point"),
    ),
    Case(
        "fit of an unknown curve",
        text("c.csv", CURVE),
        ["fit", "c.csv", "--scratch", "random"],
        ("no curve is called 'random'",),
    ),
    Case(
        "fit for a target of zero",
        text("c.csv", CURVE),
        ["fit", "c.csv", "--target", "0"],
        ("error 0 is not a positive",),
    ),
    Case(
        "fit at a level in percent",
        text("c.csv", CURVE),
        ["fit", "c.csv", "--level", "95"],
        ("level is 95", "Give 0.95"),
    ),
    Case("unknown verb", nothing, ["describ", SET], ("No such command 'describ'", "Did you mean 'describe'?")),
    Case("unknown option", nothing, ["describe", SET, "--jsn"], ("No such option: --jsn", "--json")),
    Case("no data named", nothing, ["describe"], ("Missing argument 'data'", "-h")),
    Case("one argument too many", nothing, ["describe", SET, SET], ("unexpected extra argument", "bundled:gpaw")),
    Case(
        "--key without a value",
        nothing,
        ["describe", SET, "--key", "energy"],
        ("--key 'energy'", "--key energy=REF_energy"),
    ),
    Case(
        "--unit without a name", nothing, ["describe", SET, "--unit", "=eV"], ("--unit '=eV'", "--unit energy=kcal/mol")
    ),
    Case(
        "--key twice",
        nothing,
        ["describe", SET, "--key", "energy=a", "--key", "energy=b"],
        ("--key names 'energy' twice", "Give it once"),
    ),
    Case(
        "--limit without a value",
        nothing,
        ["describe", SET, "--limit", "largest_force"],
        ("--limit 'largest_force' has no '='", "--limit largest_force=50"),
    ),
    Case(
        "--limit misspelt",
        nothing,
        ["describe", SET, "--limit", "largest_forces=3"],
        ("--limit 'largest_forces'", "Did you mean 'largest_force'?"),
    ),
    Case(
        "--limit that is no number",
        nothing,
        ["describe", SET, "--limit", "largest_force=big"],
        ("'largest_force=big' is not a number", "--limit largest_force=50"),
    ),
    Case(
        "--limit below zero",
        nothing,
        ["describe", SET, "--limit", "largest_force=-1"],
        ("'largest_force=-1'", "give a positive number"),
    ),
    Case(
        "--limit without --quarantine",
        nothing,
        ["convert", SET, "o.parquet", "--limit", "most=0.2"],
        ("--limit says what --quarantine takes out", "Give both"),
    ),
    Case(
        "convert to another suffix", nothing, ["convert", SET, "o.csv"], ("'o.csv' should end in .parquet", "o.parquet")
    ),
    Case(
        "convention misspelt",
        nothing,
        ["describe", SET, "--label-convention", "mp2o20"],
        ("'mp2o20'", "Did you mean 'mp2020'?"),
    ),
    Case(
        "convert to no convention",
        nothing,
        ["convert", SET, "o.parquet", "--to-convention", "mp20"],
        ("'mp20'", "Did you mean 'mp2020'?"),
    ),
    Case(
        "--hubbard alone",
        nothing,
        ["convert", SET, "o.parquet", "--hubbard", "none"],
        ("--hubbard and --energies are read with --to-convention",),
    ),
    Case(
        "--hubbard misspelt",
        nothing,
        ["convert", SET, "o.parquet", "--to-convention", "mp2020", "--hubbard", "yes"],
        ("hubbard is 'yes'", "Known: materials-project, none"),
    ),
    Case(
        "energies that are no table",
        text("e.json", "[1, 2]"),
        ["convert", SET, "o.parquet", "--to-convention", "cohesive", "--energies", "e.json"],
        ("e.json: not a JSON table", '{"O": -1.9}'),
    ),
    Case(
        "energies of no element",
        text("e.json", '{"Qq": -1.0}'),
        ["convert", SET, "o.parquet", "--to-convention", "cohesive", "--energies", "e.json"],
        ("energies names 'Qq'", "no element"),
    ),
    Case(
        "gap of sets without a common id",
        both(text("a.extxyz", "1\nProperties=species:S:1:pos:R:3 REF_energy=-1 id=a\nO 0 0 0\n")),
        ["gap", SET, "a.extxyz@r2SCAN"],
        ("no id of PBE", "the same ids", "id=..."),
    ),
    Case(
        "reference with an unknown policy",
        nothing,
        ["reference", SET, "--policy", "residuals"],
        ("--policy", "'residuals'", "'residual'"),
    ),
    Case(
        "reference with an unknown model",
        nothing,
        ["reference", SET, "--model", "chgent"],
        ("'chgent'", "Did you mean 'chgnet'?"),
    ),
    Case(
        "reference with an unknown checkpoint",
        nothing,
        ["reference", SET, "--model", "chgnet", "--checkpoint", "0.4.1"],
        ("'0.4.1'", "Did you mean '0.3.0'?"),
    ),
    Case(
        "reference with an unknown head",
        nothing,
        ["reference", SET, "--model", "toy", "--head", "SCAN"],
        ("no head called 'SCAN'", "Known: default"),
    ),
    Case(
        "a pickle without --trust",
        text("m.model", "x"),
        ["reference", SET, "--model", "mace", "--checkpoint", "m.model"],
        ("m.model: a MACE model is a pickle", "--trust"),
    ),
    Case("--output is a file", both(recipe, text("out", "x")), RUN, ("out is a file", "--output FOLDER")),
    Case("--output holds something else", notes, RUN, ("not empty and not a run of transferkit", "--output FOLDER")),
    Case("--output holds another run", run_folder(), RUN, ("holds run 'theirs' with other options", "--output FOLDER")),
    Case("--output holds a smoke run", run_folder(smoke=True), RUN, ("holds smoke run 'theirs'", "--output FOLDER")),
    Case("identity.json is damaged", damaged_identity, RUN, ("out/identity.json is damaged", "--output FOLDER")),
    Case("evaluate no run", nothing, ["evaluate", "out", SET], ("'out' does not exist",)),
    Case(
        "evaluate an unfinished run",
        run_folder(),
        ["evaluate", "out", SET],
        ("out holds no trained potential", "Give the folder of a finished run"),
    ),
    Case(
        "evaluate with an unknown head",
        model,
        ["evaluate", "out", SET, "--head", "HSE"],
        ("no head called 'HSE'", "Known: default"),
    ),
    Case("export no run", nothing, ["export", "away", "x.pth.tar"], ("'away' does not exist",)),
    Case(
        "export an unfinished run",
        run_folder(),
        ["export", "out", "x.pth.tar"],
        ("'out' holds no model/", "VARIANT/seed-0"),
    ),
    Case(
        "export with an unknown head",
        model,
        ["export", "out", "x.toy", "--head", "PBE0"],
        ("no head called 'PBE0'", "Known: default"),
    ),
    Case(
        "export onto a folder",
        both(model, lambda f: (f / "x.toy").mkdir()),
        ["export", "out", "x.toy"],
        ("x.toy is a folder", "x.toy/model"),
    ),
    Case(
        "report of no run",
        lambda f: (f / "out").mkdir(),
        ["report", "out"],
        ("none of result.json, comparison.json and study.json", "Give the folder"),
    ),
    Case(
        "report of a damaged result",
        both(run_folder(), lambda f: (f / "out" / "result.json").write_text("{")),
        ["report", "out"],
        ("out/result.json is not valid JSON", "Run the recipe again"),
    ),
    Case(
        "a page that is a folder",
        lambda f: (f / "p.html").mkdir(),
        ["describe", SET, "--page", "p.html"],
        ("--page", "'p.html' is a directory"),
    ),
    Case("check of no recipe", nothing, ["check", "r.yaml"], ("'r.yaml' does not exist",)),
]
