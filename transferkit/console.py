"""How the command line speaks: results to stdout, everything else to stderr, and one exit code per kind of ending.

The codes are in ``CODES``.
"""

import json
import math
import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any, NoReturn

import typer
from rich.console import Console
from rich.table import Table
from typer.core import TyperGroup

from transferkit.errors import TransferkitError

BUG, MISTAKE, INTERRUPTED = 1, 2, 130
CODES = {
    0: "done",
    BUG: "a mistake of ours",
    MISTAKE: "a mistake that you can mend",
    INTERRUPTED: "interrupted, by Ctrl-C or SIGTERM",
}
"""Exit codes. When whoever reads the output closes it, as ``head`` does, that is 0 too."""


class Verbs(TyperGroup):
    """A group of commands that turns errors into one message and an exit code; ``--debug`` shows their traceback."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Accept ``--debug`` behind the verb too."""
        own, end, rest = _cut(args)
        if "--debug" in own:
            own = ["--debug", *(a for a in own if a != "--debug")]
        return super().parse_args(ctx, [*own, *end, *rest])

    def invoke(self, ctx: Any) -> Any:
        """Run the verb."""
        try:
            with _terminable():
                return super().invoke(ctx)
        except KeyboardInterrupt:
            note("Interrupted. What was finished is kept; the same command goes on from there.")
            raise typer.Exit(INTERRUPTED) from None
        except BrokenPipeError:
            _forget_output()
            raise typer.Exit(0) from None
        except (TransferkitError, OSError) as error:
            if ctx.params.get("debug"):
                note(traceback.format_exc())
            else:
                note(f"{type(error).__name__}: {error}")
            raise typer.Exit(getattr(error, "exit_code", MISTAKE)) from None
        except Exception as error:
            # typer's own exceptions carry an exit code and know how to show themselves.
            if ctx.params.get("debug") or hasattr(error, "exit_code"):
                raise
            note(
                f"This is a mistake in transferkit, not yours: {type(error).__name__}: {error}\n"
                "Run the same command with --debug and report what it prints."
            )
            raise typer.Exit(BUG) from None


@contextmanager
def _terminable() -> Iterator[None]:
    """Inside, SIGTERM is Ctrl-C: batch systems send it when the time is up. Only the main thread hears signals."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _as_ctrl_c)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _as_ctrl_c(number: int, frame: FrameType | None) -> NoReturn:
    del number, frame
    raise KeyboardInterrupt


def _forget_output() -> None:
    """Nobody reads any more: what is still to be flushed goes nowhere, so that Python does not complain at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


class _Page(Console):
    """Rich ends the program where a pipe is broken; here that is decided in one place."""

    def on_broken_pipe(self) -> None:
        """Let :class:`Verbs` end it."""
        raise BrokenPipeError


def _cut(args: Sequence[str]) -> tuple[list[str], list[str], list[str]]:
    """Arguments before, at and behind ``--``."""
    at = args.index("--") if "--" in args else len(args)
    return list(args[:at]), list(args[at : at + 1]), list(args[at + 1 :])


def note(text: str) -> None:
    """Say something that is not a result."""
    typer.echo(text, err=True)


def show(result: Any, *, text: str | Table, as_json: bool) -> None:
    """Print a result: as JSON for programs, else as text or a table for people."""
    if as_json:
        typer.echo(json.dumps(_plain(result), indent=1, ensure_ascii=False, allow_nan=False, default=_number))
    elif isinstance(text, Table):
        _Page().print(text)
    else:
        typer.echo(text)


def _plain(value: Any) -> Any:
    """JSON has no NaN or infinity: null stands for a number that could not be computed."""
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _number(value: Any) -> Any:
    """A number of numpy's as Python's; anything else has no place in a result."""
    return value.item()


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str = "") -> Table:
    """A table for people."""
    out = Table(*columns, title=title or None)
    for row in rows:
        out.add_row(*(str(cell) for cell in row))
    return out
