"""A bad input: how it is made, what reads it, and what the message must say."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Make = Callable[[Path], object]


@dataclass(frozen=True)
class Case:
    """One bad input.

    ``call`` is a command line that is run in the folder of the files, or a function of that folder. ``parts`` are what its
    message must hold: the thing, the value, and what mends it. ``code`` is the exit code of a command; 0 where the
    input is read all the same, and said to be suspicious.
    """

    name: str
    make: Make
    call: list[str] | Callable[[Path], Any]
    parts: tuple[str, ...]
    code: int = 2


def text(name: str, content: str) -> Make:
    """Write a text file."""

    def make(folder: Path) -> None:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)

    return make


def raw(name: str, content: bytes) -> Make:
    """Write bytes."""
    return lambda folder: (folder / name).write_bytes(content)


def nothing(folder: Path) -> None:
    """No file is needed."""


def both(*makes: Make) -> Make:
    """One after the other."""

    def make(folder: Path) -> None:
        for one in makes:
            one(folder)

    return make


def to_parquet(data: str) -> list[str]:
    """The command that reads a file strictly: whatever is broken is refused."""
    return ["convert", data, "out.parquet"]
