"""The verb ``study``: every point of a recipe with ``vary``, here or on a cluster."""

from typing import Annotated

import typer

from transferkit.cli import complete
from transferkit.cli.options import AsJson, Output, Overrides, Recipe, Smoke
from transferkit.console import note, show

On = Annotated[
    str,
    typer.Option(
        help="Where points run: local, or a cluster file as in recipes/cluster/.", autocompletion=complete.clusters
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(help="Points at a time on this machine; one per GPU, or one per core, if not given.", min=1),
]
Status = Annotated[bool, typer.Option("--status", help="Say how far it is and how long it will take; start nothing.")]
Retry = Annotated[bool, typer.Option("--retry-failed", help="Begin failed points again.")]


def study(
    recipe: Recipe,
    overrides: Overrides = None,
    *,
    output: Output = None,
    on: On = "local",
    workers: Workers = None,
    smoke: Smoke = False,
    status: Status = False,
    retry_failed: Retry = False,
    as_json: AsJson = False,
) -> None:
    """Carry out a study: every point that is not finished, then tables and page. The same command goes on after a stop."""
    from transferkit.errors import RecipeError
    from transferkit.recipe_file import load_recipe

    wanted = load_recipe(recipe, overrides or ())
    if wanted.vary is None:
        raise RecipeError(f"recipe {str(recipe)!r} has no vary, so it is no study: use `transferkit run`, or add vary.")
    from transferkit.run_folder import folder_of
    from transferkit.studies.ledger import Ledger
    from transferkit.studies.status import status as look

    ledger = Ledger.of(wanted, folder_of(wanted, output, smoke=smoke), smoke=smoke)
    if status:
        ledger.examine()
        found = look(ledger, workers=workers)
        show(found.facts, text=str(found), as_json=as_json)
        return
    from transferkit.studies.drive import study as carry_out

    if workers is not None and on != "local":
        raise RecipeError("--workers is for this machine; a cluster file says workers_per_node.")
    folder = carry_out(wanted, output=output, on=on, workers=workers, smoke=smoke, retry_failed=retry_failed)
    found = look(ledger)
    result = {**found.facts, "page": str(folder / "index.html"), "points": str(folder / "points.csv")}
    text = "\n".join(
        [
            str(found),
            f"Open    {folder / 'index.html'}",
            f"Tables  {folder / 'points.csv'}, points.parquet, compositions.parquet",
            f"Next    transferkit fit {folder}    power laws, crossing, what more data would buy",
            f"        transferkit report {folder}/points/KEY    the page of one point",
        ]
    )
    if not found.facts["counts"]["finished"]:
        note("No point has finished.")
    show(result, text=text, as_json=as_json)
