"""The reference page of the command line, made from the command line itself: ``python -m transferkit.cli.page``."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from inspect import Parameter, cleandoc, signature
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import typer
from typer.models import ArgumentInfo, OptionInfo

from transferkit.cli import app
from transferkit.console import CODES

HEAD = """# Command line

<!-- Written by `python -m transferkit.cli.page > docs/reference/command-line.md`; a test compares the two. -->

`transferkit VERB --help` shows the same as this page. Results go to stdout, everything else to stderr.

- `--json` on any verb prints the result as one JSON object (`adapters`: a list). Numbers that could not be computed are `null`.
- `--debug`, anywhere on the line, shows the traceback of an error.
- A mistake in a recipe, in data or in an option is told in one message that says what mends it. A recipe's mistakes
  are told all at once.
- Ctrl-C and SIGTERM (a batch system's time limit) end a run after the step under way, with a checkpoint; the same command
  goes on from there. A second Ctrl-C stops at once and keeps the last checkpoint.
- Output that nobody reads any more, as in `transferkit describe DATA | head`, ends a verb quietly.
"""

COMPLETION = """
## Completion

`transferkit --install-completion` teaches the shell in use (bash, zsh, fish, PowerShell) to complete verbs, options, recipe files,
options of recipes (`training.st` + Tab), run folders, adapters, checkpoints, bundled data and levels of theory. bash takes `@`, `=` and `:` for ends
of words; so that it completes `set.extxyz@r` too, put `COMP_WORDBREAKS=${COMP_WORDBREAKS//[@=:]/}` into `~/.bashrc`.
"""


@dataclass(frozen=True)
class Entry:
    """One argument or option of a verb, from the annotation of its function.

    Attributes:
        name: of the parameter
        info: typer's: help, spelling, metavar
        kind: its type
        default: or None where it is needed or nothing
        required: whether it must be given
    """

    name: str
    info: ArgumentInfo | OptionInfo
    kind: Any
    default: Any
    required: bool

    @property
    def repeats(self) -> bool:
        """Whether it may stand several times."""
        return any(get_origin(kind) is list for kind in (self.kind, *get_args(self.kind)))

    @property
    def placeholder(self) -> str:
        """An argument in the usage line."""
        name = f"{self.info.metavar or self.name.upper()}{'...' if self.repeats else ''}"
        return name if self.required else f"[{name}]"

    @property
    def spelling(self) -> str:
        """How it is written: names, and what follows them."""
        if isinstance(self.info, ArgumentInfo):
            return self.placeholder
        # typer reads the first name as a default until it has seen the function
        texts = [str(text) for text in (self.info.default, *(self.info.param_decls or ()))]
        given = [text for text in texts if text.startswith("--")]
        names = " / ".join(given or [f"--{self.name.replace('_', '-')}"]).replace("/--", " / --")
        if self.kind is bool:
            return names
        choices = get_args(self.kind) if get_origin(self.kind) is Literal else ()
        return f"{names} {self.info.metavar or '|'.join(choices) or self._value}"

    @property
    def _value(self) -> str:
        kinds = {self.kind, *get_args(self.kind)}
        return "PATH" if Path in kinds else "NUMBER" if kinds & {int, float} else "TEXT"

    @property
    def shown_default(self) -> str:
        """In the table."""
        if self.required:
            return "needed"
        return "" if self.default in {None, False} else f"`{'on' if self.default is True else self.default}`"


def entries(verb: Callable[..., None]) -> list[Entry]:
    """Arguments and options of a verb.

    >>> from transferkit.cli.runs import export
    >>> [entry.spelling for entry in entries(export)]
    ['RUN', 'OUT', '--head TEXT', '--overwrite', '--json']
    """
    hints = get_type_hints(verb, include_extras=True)
    found = []
    for name, parameter in signature(verb).parameters.items():
        kind, info, *_ = get_args(hints[name])
        needed = parameter.default is Parameter.empty
        found.append(Entry(name, info, kind, None if needed else parameter.default, needed))
    return found


def page() -> str:
    """The page, Markdown."""
    codes = "".join(f"| {code} | {meaning} |\n" for code, meaning in CODES.items())
    verbs = [command.callback for command in app.registered_commands if command.callback]
    head = f"{HEAD}\n## Exit codes\n\n| code | meaning |\n|---|---|\n{codes}{COMPLETION}"
    return "\n".join([head, *("\n".join(_section(verb)) for verb in verbs)])


def _section(verb: Callable[..., None]) -> Iterator[str]:
    """What a verb does, its usage, its arguments and options."""
    shown = entries(verb)
    usage = " ".join(e.placeholder for e in shown if isinstance(e.info, ArgumentInfo))
    yield f"## {verb.__name__}\n"
    yield f"{_marked(cleandoc(verb.__doc__ or ''))}\n"
    yield f"```text\ntransferkit {verb.__name__} [OPTIONS] {usage}".rstrip() + "\n```\n"
    yield "| | | default |\n|---|---|---|"
    for entry in shown:
        yield f"| `{_escaped(entry.spelling)}` | {_marked(_escaped(entry.info.help or ''))} | {entry.shown_default} |"
    yield ""


def _marked(text: str) -> str:
    """Options as code: Sphinx would make one dash of two."""
    return re.sub(r"(?<![\w`-])(--[a-z][a-z-]*)", r"`\1`", text)


def _escaped(text: str) -> str:
    """A bar would end a cell."""
    return text.replace("|", r"\|")


if __name__ == "__main__":
    typer.echo(page(), nl=False)
