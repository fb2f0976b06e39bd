"""Verbs around a run: carry out a recipe, measure, report and export what came out."""

import json
import shlex
from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer

from transferkit.cli.options import (
    AsJson,
    Convention,
    Data,
    Head,
    Key,
    Output,
    Overrides,
    Recipe,
    Run,
    Smoke,
    Told,
    Unit,
    opened,
)
from transferkit.console import MISTAKE, note, show


def check(
    recipe: Recipe, overrides: Overrides = None, *, output: Output = None, smoke: Smoke = False, as_json: AsJson = False
) -> None:
    """Say what a recipe would read, split, train and write, how long that takes, and every mistake; run nothing.

    The time is estimated from a few steps on the training part, which are thrown away. Exit code 2 if it cannot start.
    """
    begun = perf_counter()
    from transferkit.errors import RecipeError
    from transferkit.recipe_file import load_recipe

    try:
        wanted = load_recipe(recipe, overrides or ())
    except RecipeError as error:
        if as_json:
            mistake = {"what": f"RecipeError: {error}", "where": []}
            show({"recipe": str(recipe), "can_start": False, "mistakes": [mistake]}, text="", as_json=True)
        raise
    from transferkit.preview.preview import preview

    found = preview(wanted, output=output, smoke=smoke, startup=perf_counter() - begun)
    more = [*(["--output", str(output)] if output else []), *(["--smoke"] if smoke else [])]
    call = shlex.join(
        ["transferkit", "run" if wanted.vary is None else "study", str(recipe), *(overrides or ()), *more]
    )
    then = f"\nNext    {call}" if found.can_start else "\nMend these, and check again."
    show(found.facts, text=f"{found}{then}", as_json=as_json)
    if not found.can_start:
        raise typer.Exit(MISTAKE)


def run(
    recipe: Recipe,
    overrides: Overrides = None,
    *,
    output: Output = None,
    smoke: Smoke = False,
    resume: Annotated[bool, typer.Option("--resume/--no-resume", help="Go on with what is in the folder.")] = True,
    as_json: AsJson = False,
) -> None:
    """Carry out a recipe: data, reference, fine-tuning, evaluation, report."""
    from transferkit.recipe_file import load_recipe

    wanted = load_recipe(recipe, overrides or ())
    from transferkit import run_folder
    from transferkit.pipeline import run as carry_out
    from transferkit.report.ending import ending, main_errors

    folder = carry_out(wanted, output=output, smoke=smoke, resume=resume)
    if not run_folder.FIRST_RANK:
        return
    kind = "comparison" if (folder / "comparison.json").exists() else "run"
    written = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    errors = main_errors(folder)
    result = {
        "folder": str(folder),
        "kind": kind,
        "page": str(folder / "index.html"),
        "errors": errors,
        "written": written,
    }
    one = folder if kind == "run" else f"{folder}/VARIANT/seed-K"
    text = "\n".join(
        [
            *([] if errors is None else ending(errors)),
            f"Written to {folder}: {', '.join(written)}",
            f"Open    {folder / 'index.html'}",
            f"Next    transferkit evaluate {one} DATA    errors on other structures",
            f"        transferkit export {one} OUT       a file that the native package opens",
        ]
    )
    show(result, text=text, as_json=as_json)


def evaluate(
    run: Run,
    data: Data,
    *,
    label_convention: Convention = "raw",
    key: Key = None,
    unit: Unit = None,
    head: Head = None,
    as_json: AsJson = False,
) -> None:
    """Measure the errors of a run's potential on other labelled structures."""
    from transferkit.pipeline import evaluate_run

    found = evaluate_run(run, opened(data, label_convention, key, unit), head)
    show(found.to_json(), text=str(found), as_json=as_json)


def report(run: Told, *, as_json: AsJson = False) -> None:
    """Write the page of a run, a comparison or a study again; of a study also its tables, from what has finished."""
    from transferkit.scaling.study_report import is_study, report_study

    if is_study(run):
        page = report_study(run)
    else:
        from transferkit.comparison import report as put_together

        page = put_together(run)
    text = f"Written to {page}\nNext    open it in a browser"
    show({"page": str(page)}, text=text, as_json=as_json)


def export(
    run: Run,
    out: Annotated[Path, typer.Argument(help="File to write, e.g. chgnet-r2scan.pth.tar.")],
    *,
    head: Head = None,
    overwrite: Annotated[bool, typer.Option(help="Replace OUT if it is there.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write a file that the native package opens and that gives the same energies, E0 included."""
    from transferkit.errors import CheckpointError, RunFolderError

    if out.is_file() and not overwrite:
        raise CheckpointError(f"{out} is there already. Name another file, or say --overwrite.")
    model = run / "model"
    if not model.is_dir():
        raise RunFolderError(
            f"{str(run)!r} holds no model/, so it is not a finished run. Name one run, e.g. {run}/VARIANT/seed-0."
        )
    from transferkit.adapters.heads import head_for
    from transferkit.adapters.potential import ReferencedPotential
    from transferkit.data.delta import DIFFERENCE

    potential = ReferencedPotential.open(model)
    if head is None and len(potential.adapter.heads) > 1:  # the head that the data of the run trained
        result = json.loads((run / "result.json").read_text())
        trained = next((row["head"] for row in result.get("heads") or () if row["set"] == "data"), None)
        head = trained or head_for(potential, result["fidelity"])
    path = potential.export(out, head)
    level = potential.reference(head).fidelity or ""
    if DIFFERENCE in level:
        low = level.split(DIFFERENCE)[1]
        note(f"it predicts differences, {level}: to use a prediction, add a {low} calculation of the structure")
    trust = ", trust=True" if potential.adapter.pickles else ""
    text = (
        f"Written to {path}{f', head {head}' if len(potential.adapter.heads) > 1 else ''}\n"
        f"Next    open it with {potential.adapter.package}, or with tk.load({potential.adapter.name!r}, {str(path)!r}{trust})"
    )
    show({"file": str(path), "package": potential.adapter.package}, text=text, as_json=as_json)
