"""The command line: one verb per step. Heavy imports stand inside the verbs, so that ``--help`` is quick."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from transferkit.console import Verbs, note, show, table

if TYPE_CHECKING:
    from transferkit.data.structures import Structures
    from transferkit.typing import Json

app = typer.Typer(
    cls=Verbs,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done, 1 a mistake of ours, 2 a mistake that you can mend, 130 interrupted.",
)

Method = Literal["least-squares", "ridge", "huber"]
Policy = Literal["residual", "refit", "keep"]
"""The policies that need nothing but DATA; the others need a recipe."""
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON on stdout.")]
Data = Annotated[
    str, typer.Argument(help="File, folder or bundled:NAME; level of theory after @, e.g. set.extxyz@PBE.")
]
Run = Annotated[Path, typer.Argument(help="Folder that `transferkit run` wrote.", exists=True, file_okay=False)]
Convention = Annotated[str, typer.Option(help="What the energies are: raw, or mp2020 (with MP2020 corrections).")]
Key = Annotated[
    list[str] | None,
    typer.Option(help="Entry of the file that is a label, e.g. energy=REF_energy; repeatable.", metavar="NAME=KEY"),
]


@app.callback()
def main(*, debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False) -> None:
    """Carry universal interatomic potentials from one level of theory to another."""


@app.command()
def adapters(*, as_json: AsJson = False) -> None:
    """List potentials: installed?, version, checkpoints, elements, heads, licence."""
    from transferkit.adapters.overview import overview

    found = overview()
    columns = ("adapter", "installed", "version", "checkpoint", "elements", "heads", "licence")
    rows = []
    for a in found:
        if not a["installed"]:
            rows.append((a["name"], "no", "", a["problem"], "", "", ""))
        rows += [
            (a["name"], "yes", a["version"], c["name"], c["elements"], ", ".join(c["heads"]), c["licence"])
            for c in a["checkpoints"]
        ]
    show(found, text=table(columns, rows), as_json=as_json)


@app.command()
def describe(data: Data, *, label_convention: Convention = "raw", key: Key = None, as_json: AsJson = False) -> None:
    """Say what a data set holds: composition, coverage, ranges, duplicates, what E0 can and cannot be fitted."""
    from transferkit.data.describe import describe as describe_data

    found = describe_data(_open(data, label_convention, key))
    show(found.to_json(), text=str(found), as_json=as_json)


@app.command()
def convert(
    source: Data,
    out: Annotated[Path, typer.Argument(help="Parquet file to write.")],
    *,
    label_convention: Convention = "raw",
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Turn any known format into the Parquet store, with units and a content hash in it."""
    from transferkit.data.store import write_parquet
    from transferkit.errors import DataError

    if out.suffix != ".parquet":
        raise DataError(f"{str(out)!r} should end in .parquet: {out.with_suffix('.parquet')}")
    data = _open(source, label_convention, key)
    out.parent.mkdir(parents=True, exist_ok=True)
    write_parquet(data, out)
    result = {
        "file": str(out),
        "structures": len(data),
        "atoms": len(data.numbers),
        "fidelity": data.fidelity,
        "hash": data.hash,
    }
    show(result, text=f"{out}: {data!r}", as_json=as_json)


@app.command()
def gap(a: Data, b: Data, *, label_convention: Convention = "raw", as_json: AsJson = False) -> None:
    """Compare two levels of theory of the same structures: correlation raw and referenced, shift per element."""
    from transferkit.reference.gap import functional_gap

    found = functional_gap(_open(a, label_convention), _open(b, label_convention))
    show(found.to_json(), text=str(found), as_json=as_json)


@app.command()
def reference(
    data: Data,
    *,
    model: Annotated[
        str | None, typer.Option(help="Adapter whose E0 is to be moved to the level of theory of DATA.")
    ] = None,
    checkpoint: Annotated[str | None, typer.Option(help="Its checkpoint; the first one if not given.")] = None,
    policy: Annotated[Policy, typer.Option(help="How E0 moves; read with --model.")] = "residual",
    method: Annotated[Method, typer.Option(help="How linear fits are made.")] = "least-squares",
    ridge: Annotated[float, typer.Option(help="Strength of ridge, dimensionless.")] = 1e-3,
    label_convention: Convention = "raw",
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Fit elemental energies E0; with --model score every policy and show the shift."""
    structures = _open(data, label_convention, key)
    if model is None:
        _fit(structures, method, ridge, as_json=as_json)
        return
    from transferkit.api import compare_policies, load

    done = compare_policies(load(model, checkpoint), structures, policy=policy, method=method, ridge=ridge)
    if done.warning:
        note(done.warning)
    new = done.potential.reference()
    result = {
        "policy": policy,
        "table": done.table.to_json(),
        "warning": done.warning,
        "shift_eV_per_atom": done.shift,
        "reference": new.to_json(),
    }
    lines = [str(done.table), "", f"E0 by {policy}, eV/atom (shift)"]
    lines += [f"  {s:2} {new[s]:10.4f} ({shift:+.4f})" for s, shift in done.shift.items() if s in _symbols(structures)]
    show(result, text="\n".join(lines), as_json=as_json)


@app.command(no_args_is_help=True)
def run(
    recipe: Annotated[Path, typer.Argument(help="Recipe file.")],
    overrides: Annotated[
        list[str] | None, typer.Argument(help="Options to change, e.g. training.steps=20.", metavar="KEY=VALUE")
    ] = None,
    *,
    output: Annotated[Path | None, typer.Option(help="Folder to write to.")] = None,
    smoke: Annotated[
        bool, typer.Option("--smoke", help="Two steps on a few structures, to see that everything works.")
    ] = False,
    resume: Annotated[bool, typer.Option("--resume/--no-resume", help="Go on with what is in the folder.")] = True,
    as_json: AsJson = False,
) -> None:
    """Carry out a recipe: data, reference, fine-tuning, evaluation, report."""
    from transferkit.recipe_file import load_recipe

    wanted = load_recipe(recipe, overrides or ())
    from transferkit import run_folder
    from transferkit.pipeline import run as carry_out

    folder = carry_out(wanted, output=output, smoke=smoke, resume=resume)
    if not run_folder.FIRST_RANK:
        return
    kind = "comparison" if (folder / "comparison.json").exists() else "run"
    written = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    result = {"folder": str(folder), "kind": kind, "page": str(folder / "index.html"), "written": written}
    one = folder if kind == "run" else f"{folder}/VARIANT/seed-K"
    text = "\n".join(
        [
            f"Written to {folder}: {', '.join(written)}",
            f"Open    {folder / 'index.html'}",
            f"Then    transferkit evaluate {one} DATA    errors on other structures",
            f"        transferkit export {one} OUT       a file that the native package opens",
        ]
    )
    show(result, text=text, as_json=as_json)


@app.command()
def evaluate(run: Run, data: Data, *, label_convention: Convention = "raw", as_json: AsJson = False) -> None:
    """Measure the errors of a run's potential on other labelled structures."""
    from transferkit.pipeline import evaluate_run

    found = evaluate_run(run, _open(data, label_convention))
    show(found.to_json(), text=str(found), as_json=as_json)


@app.command()
def report(run: Run, *, as_json: AsJson = False) -> None:
    """Write the page of a run or a comparison again."""
    from transferkit.comparison import report as put_together

    page = put_together(run)
    show({"page": str(page)}, text=str(page), as_json=as_json)


@app.command()
def export(
    run: Run,
    out: Annotated[Path, typer.Argument(help="File to write, e.g. chgnet-r2scan.pth.tar.")],
    *,
    head: Annotated[str | None, typer.Option(help="Which head; needed only where there are several.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write a file that the native package opens and that gives the same energies, E0 included."""
    from transferkit.errors import RunFolderError

    model = run / "model"
    if not model.is_dir():
        raise RunFolderError(
            f"{str(run)!r} holds no model/, so it is not a finished run. Name one run, e.g. {run}/VARIANT/seed-0."
        )
    from transferkit.adapters.potential import ReferencedPotential

    path = ReferencedPotential.open(model).export(out, head)
    show({"file": str(path)}, text=str(path), as_json=as_json)


def _open(spec: str, label_convention: str = "raw", named: list[str] | None = None) -> "Structures":
    from transferkit.data.source import open_data
    from transferkit.errors import DataError

    pairs = [text.partition("=") for text in named or ()]
    if wrong := ["".join(p) for p in pairs if not (p[0] and p[1])]:
        raise DataError(f"--key {wrong[0]!r} has no name or no '='. Write NAME=KEY, e.g. --key energy=REF_energy.")
    return open_data(spec, label_convention=label_convention, keys={name: key for name, _, key in pairs})


def _symbols(data: "Structures") -> set[str]:
    from ase.data import chemical_symbols

    return {chemical_symbols[int(z)] for z in data.elements}


def _fit(data: "Structures", method: Method, ridge: float, *, as_json: bool) -> None:
    """E0 from the labels alone."""
    from transferkit.errors import ReferenceFitError
    from transferkit.reference.composition import coverage
    from transferkit.reference.fit import fit_reference

    data = data[data.has("energy")]
    if not len(data):
        raise ReferenceFitError("none of the structures has an energy, so no reference can be fitted. Add energies.")
    e0 = fit_reference(data.counts(), data.energy, data.elements, method=method, ridge=ridge)
    cover = coverage(data.counts(), data.elements, data.composition)
    result: Json = {
        "reference": e0.to_json(),
        "rank": cover.rank,
        "n_elements": cover.n_elements,
        "structures": len(data),
    }
    lines = [str(cover), "", "E0, eV/atom", *(f"  {s:2} {e:10.4f}" for s, e in e0.to_mapping().items())]
    show(result, text="\n".join(lines), as_json=as_json)
