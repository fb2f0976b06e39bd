"""Arguments and options that several verbs share, and how they are turned into data."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from transferkit.cli import complete

if TYPE_CHECKING:
    from transferkit.data.quarantine import TakenOut
    from transferkit.data.structures import Structures

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON on stdout.")]
Data = Annotated[
    str,
    typer.Argument(
        help="File, folder or bundled:NAME; level of theory after @, e.g. set.extxyz@PBE.",
        autocompletion=complete.data,
    ),
]
Recipe = Annotated[Path, typer.Argument(help="Recipe file.", autocompletion=complete.recipes)]
Overrides = Annotated[
    list[str] | None,
    typer.Argument(
        help="Options to change, e.g. training.steps=20.", metavar="KEY=VALUE", autocompletion=complete.overrides
    ),
]
Output = Annotated[Path | None, typer.Option(help="Folder to write to; runs/NAME if not given.")]
Smoke = Annotated[bool, typer.Option("--smoke", help="Two steps on a few structures, to see that everything works.")]
Page = Annotated[
    Path | None, typer.Option(help="Write a page with figures to this file, e.g. data.html.", dir_okay=False)
]
Run = Annotated[
    Path,
    typer.Argument(
        help="Folder that `transferkit run` wrote.", exists=True, file_okay=False, autocompletion=complete.runs
    ),
]
Told = Annotated[
    Path,
    typer.Argument(
        help="Folder of a run, a comparison or a study.", exists=True, file_okay=False, autocompletion=complete.runs
    ),
]
Model = Annotated[
    str | None,
    typer.Option(
        help="Adapter whose E0 is to be moved to the level of theory of DATA.", autocompletion=complete.adapters
    ),
]
Checkpoint = Annotated[
    str | None,
    typer.Option(help="Its checkpoint; the first one if not given.", autocompletion=complete.checkpoints),
]
Trust = Annotated[
    bool,
    typer.Option(
        "--trust",
        help="My word that the checkpoint may be a pickle and that I trust where it is from: opening one runs code in it.",
    ),
]
Head = Annotated[
    str | None, typer.Option(help="Which head, where there are several and the data's level of theory does not say.")
]
Convention = Annotated[
    str,
    typer.Option(
        help="What the energies are: raw, mp2020 (with MP2020 corrections), cohesive or formation.",
        autocompletion=complete.conventions,
    ),
]
Key = Annotated[
    list[str] | None,
    typer.Option(
        help="Entry of the file that is a label, e.g. energy=REF_energy; forces= leaves them out; repeatable.",
        metavar="NAME=KEY",
        autocompletion=complete.labels,
    ),
]
Unit = Annotated[
    list[str] | None,
    typer.Option(
        help="What the numbers of the file are in, e.g. energy=kcal/mol; a minus turns the sign: stress=-kbar; repeatable.",
        metavar="NAME=UNIT",
        autocompletion=complete.labels,
    ),
]


def opened(
    spec: str,
    label_convention: str = "raw",
    named: list[str] | None = None,
    units: list[str] | None = None,
    *,
    taken: "list[TakenOut] | None" = None,
) -> "Structures":
    """The data that an argument names, with the options that say how they are read; see :func:`transferkit.data.source.open_data`.

    Raises:
        DataError: a ``--key`` is not NAME=KEY or a ``--unit`` not NAME=UNIT; and what opening data raises.
    """
    from transferkit.data.source import open_data

    keys = pairs_of(named, "--key", "NAME=KEY, e.g. --key energy=REF_energy")
    stated = pairs_of(units, "--unit", "NAME=UNIT, e.g. --unit energy=kcal/mol")
    return open_data(spec, label_convention=label_convention, keys=keys, units=stated, taken=taken)


def pairs_of(texts: list[str] | None, option: str, form: str) -> dict[str, str]:
    """``NAME=VALUE`` of an option that may be repeated; the value may be empty.

    Raises:
        DataError: there is no name or no ``=``, or a name stands twice.

    >>> pairs_of(["energy=REF_energy", "forces="], "--key", "")
    {'energy': 'REF_energy', 'forces': ''}
    """
    from transferkit.errors import DataError

    pairs = [text.partition("=") for text in texts or ()]
    if wrong := ["".join(p) for p in pairs if not (p[0] and p[1])]:
        raise DataError(f"{option} {wrong[0]!r} has no name or no '='. Write {form}.")
    names = [name for name, _, _ in pairs]
    if twice := [name for name in names if names.count(name) > 1]:
        raise DataError(f"{option} names {twice[0]!r} twice. Give it once.")
    return {name: value for name, _, value in pairs}
