"""Options of the verbs that take broken frames out of a data set, and the limits that they state."""

from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from transferkit.data.quarantine import Limits, Sifted

TakeOut = Annotated[
    bool,
    typer.Option("--quarantine", help="Take out broken and implausible frames, and say which and why."),
]
Limit = Annotated[
    list[str] | None,
    typer.Option(
        help="What a frame may be: largest_force (eV/Å), closest_distance (of the covalent radii), energy_residual (eV/atom), "
        "energy_deviations, most (share of the frames; for convert only); none turns one off; repeatable.",
        metavar="NAME=VALUE",
    ),
]


def limits_of(named: list[str] | None) -> "Limits":
    """The default limits with those that ``--limit`` names.

    Raises:
        DataError: one is not NAME=VALUE, no limit is called so, or the value is not a positive number.

    >>> limits_of(["largest_force=none"]).largest_force is None
    True
    """
    from transferkit.data.quarantine import Limits
    from transferkit.errors import DataError, nearest

    known = {f.name: f.name in {"largest_force", "closest_distance", "energy_residual"} for f in fields(Limits)}
    values: dict[str, float | None] = {}
    for text in named or ():
        name, equals, value = text.partition("=")
        if not equals:
            raise DataError(f"--limit {text!r} has no '='. Write NAME=VALUE, e.g. --limit largest_force=50.")
        if name not in known:
            raise DataError(f"--limit {name!r} is no limit. {nearest(name, known)}")
        if value.lower() in {"none", "null"} and known[name]:
            values[name] = None
            continue
        try:
            values[name] = float(value)
        except ValueError:
            raise DataError(f"--limit {text!r} is not a number. Write e.g. --limit largest_force=50.") from None
        if not 0 <= float(value) < float("inf") or (name != "most" and float(value) == 0):
            raise DataError(f"--limit {text!r}: give a positive number.")
    return Limits(**values)  # type: ignore[arg-type]


def put_down(sifted: "Sifted", out: Path) -> Path | None:
    """Write what was taken out beside a file, under its name; None, and no such file, if nothing was."""
    from transferkit.data.quarantine import write_quarantine

    path = write_quarantine(sifted.taken, out.with_suffix(".quarantine.jsonl"))
    return path if sifted.taken else None
