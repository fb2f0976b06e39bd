"""The command line: one verb per step. Heavy imports stand inside the verbs, so that ``--help`` is quick.

Verbs are plain functions, one file per group of them; this file puts them together.
"""

from typing import Annotated

import typer

from transferkit import __version__
from transferkit.cli import fit, look, plan, reference, runs, study
from transferkit.console import CODES, Verbs

app = typer.Typer(
    cls=Verbs,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=f"Exit codes: {', '.join(f'{code} {meaning}' for code, meaning in CODES.items())}.",
)


def _version(wanted: bool) -> bool:
    if wanted:
        typer.echo(f"transferkit {__version__}")
        raise typer.Exit
    return wanted


@app.callback()
def main(
    *,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error; stands anywhere.")] = False,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and leave.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Carry universal interatomic potentials from one level of theory to another."""


app.command()(look.adapters)
app.command()(look.describe)
app.command()(look.convert)
app.command()(look.gap)
app.command()(reference.reference)
app.command(no_args_is_help=True)(runs.check)
app.command(no_args_is_help=True)(runs.run)
app.command(no_args_is_help=True)(study.study)
app.command()(runs.evaluate)
app.command(no_args_is_help=True)(fit.fit)
app.command(no_args_is_help=True)(plan.plan)
app.command()(runs.report)
app.command()(runs.export)
