"""A run folder belongs to one recipe: claimed at the start, refused to any other, written atomically."""

import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from typing import TYPE_CHECKING

import yaml

from transferkit.data.quarantine import FILE, Sifted, write_quarantine
from transferkit.data.store import write_parquet
from transferkit.differing import differences_from
from transferkit.errors import RunFolderError, TransferkitError
from transferkit.recipe import Recipe, identity
from transferkit.typing import Json

if TYPE_CHECKING:
    from transferkit.adapters.potential import ReferencedPotential
    from transferkit.data.structures import Structures

IDENTITY = "identity.json"
GRAPHS = "graphs"
"""Folder of graphs, which a run of many atoms, or all runs of a comparison, keep on disk. It may be deleted at any time."""
BEFORE_TRAINING = {IDENTITY, "recipe.yaml", "split.json", "reference.json", "references.json", FILE, GRAPHS}
"""Files that a run writes before its first step, besides those of what was taken out of sets beside the data."""
FIRST_RANK = os.environ.get("RANK", "0") == "0"
"""Under torchrun every rank trains and one writes."""


@dataclass(frozen=True)
class RunWriter:
    """Where one run writes and talks; under torchrun only the first rank does.

    Attributes:
        path: the folder
        quiet: print nothing
    """

    path: Path
    quiet: bool = False

    @property
    def finished(self) -> bool:
        """Whether the run has written its result."""
        return (self.path / "result.json").exists()

    def write(self, name: str, content: Json) -> None:
        """Write a JSON file of the run."""
        if FIRST_RANK:
            write_json(self.path / name, content)

    def quarantine(self, sifted: Sifted, *, of: str = "") -> str | None:
        """Write down what was taken out of the data, and what to print about it; nothing if nothing was.

        Args:
            sifted: what was kept and what was taken out
            of: name of a set beside the data, which has a file of its own, ``quarantine-beside.0.jsonl``
        """
        path = self.path / (FILE.replace(".", f"-{of}.", 1) if of else FILE)
        if FIRST_RANK:
            write_quarantine(sifted.taken, path)
        return f"{of and f'{of}: '}{sifted} Taken out, and written to {path}." if sifted.taken else None

    def references(self, potential: "ReferencedPotential", heads: Iterable[str]) -> None:
        """Write E0 of every head that is trained to ``references.json``, where there are several; one is in ``reference.json``."""
        if len(names := [*dict.fromkeys(heads)]) > 1:
            self.write("references.json", {name: potential.reference(name).to_json() for name in names})

    def predictions(self, test: str, sets: Mapping[str, "Structures"]) -> None:
        """Write labels and predictions of one test as Parquet files, in the same order.

        Args:
            test: its name
            sets: by prefix of the file
        """
        folder = self.path / "predictions"
        folder.mkdir(exist_ok=True)
        for prefix, data in sets.items():
            write_parquet(data, folder / f"{prefix}{test}.parquet")

    def say(self, text: str | None) -> None:
        """Print to stderr, if there is something to say."""
        if text and FIRST_RANK and not self.quiet:
            sys.stderr.write(f"{text}\n")


def folder_of(recipe: Recipe, output: Path | None, *, smoke: bool = False) -> Path:
    """Where a recipe writes to."""
    folder = output or Path(recipe.output or f"runs/{recipe.name}")
    # Another folder for a smoke run, so that the real one finds its own free.
    return folder.with_name(f"{folder.name}-smoke") if smoke and output is None else folder


def claim(folder: Path, recipe: Recipe, *, smoke: bool, resume: bool) -> None:
    """Make the folder and write the resolved recipe into it, or check that it belongs to this recipe already.

    Seeds and variants may be added to a comparison later: they do not count, since each run in it has a folder of its
    own that is claimed in the same way.

    Args:
        folder: to write to
        recipe: resolved
        smoke: a smoke run is another run
        resume: False starts anew: what an earlier run of the *same* recipe left is removed

    Raises:
        RunFolderError: the folder holds something else, or a run of another recipe.
    """
    if not FIRST_RANK:
        return
    mine = _owner(recipe, smoke=smoke)
    if examine(folder, recipe, smoke=smoke) != "new" and not resume:
        rmtree(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunFolderError(
            f"{folder} cannot be made: {error.strerror}. Choose another folder: --output FOLDER."
        ) from error
    write_json(folder / IDENTITY, mine)  # first: a process killed here leaves a folder that the same recipe may claim
    # Nulls included: `wandb: null` and a variant's `epochs: null` mean something.
    plain = recipe.model_dump(mode="json")
    (folder / "recipe.yaml").write_text(yaml.safe_dump(plain, sort_keys=False, allow_unicode=True))


@contextmanager
def claimed(folder: Path, recipe: Recipe, *, smoke: bool, resume: bool) -> Iterator[None]:
    """Inside, the folder belongs to this recipe; a run that is refused before its first step gives a new one back.

    So a mended recipe finds it free. What was there before stays, and so does all that training wrote.

    Args:
        folder: see :func:`claim`
        recipe: resolved
        smoke: a smoke run is another run
        resume: see :func:`claim`

    Raises:
        RunFolderError: see :func:`claim`.
    """
    there, new = folder.exists(), FIRST_RANK and examine(folder, recipe, smoke=smoke) == "new"
    claim(folder, recipe, smoke=smoke, resume=resume)
    try:
        yield
    except TransferkitError:
        if new and all(path.name in BEFORE_TRAINING or path.match("quarantine-*.jsonl") for path in folder.iterdir()):
            rmtree(folder / GRAPHS, ignore_errors=True)
            for path in folder.iterdir():
                path.unlink()
            if not there:
                folder.rmdir()
        raise


def examine(folder: Path, recipe: Recipe, *, smoke: bool) -> str:
    """What a folder holds of this recipe: "new" (nothing), "begun" or "finished". Nothing is written.

    Raises:
        RunFolderError: see :func:`claim`.
    """
    if folder.exists() and not folder.is_dir():
        raise RunFolderError(f"{folder} is a file, and a run needs a folder. Choose another one: --output FOLDER.")
    # a process that is killed while it claims a folder leaves half a file behind, and nothing else
    if not (folder.exists() and any(not path.name.endswith(".partial") for path in folder.iterdir())):
        return "new"
    _check_mine(folder, recipe, smoke=smoke)
    return "finished" if (folder / "result.json").exists() else "begun"


def writable(folder: Path) -> None:
    """Make sure that a folder can be made, without making it.

    Raises:
        RunFolderError: a part of its path is a file, or is not ours to write to.
    """
    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        why = "cannot be written to" if there.is_dir() else "is a file"
        raise RunFolderError(f"{folder} cannot be made: {there} {why}. Choose another folder: --output FOLDER.")


def _owner(recipe: Recipe, *, smoke: bool) -> Json:
    whole = dict.fromkeys(("seeds", "compare", "baseline", "vary", "contrast"))
    base = recipe.model_copy(update=whole)
    return {"identity": identity(base), "name": recipe.name, "smoke": smoke}


def _check_mine(folder: Path, recipe: Recipe, *, smoke: bool) -> None:
    mine = _owner(recipe, smoke=smoke)
    path = folder / IDENTITY
    if not path.exists():
        raise RunFolderError(
            f"{folder} is not empty and not a run of transferkit, so nothing is written there. "
            f"Choose another folder: output=FOLDER or --output FOLDER."
        )
    try:
        theirs = json.loads(path.read_text())
        _ = theirs["identity"], theirs["smoke"], theirs["name"]
    except (ValueError, LookupError, TypeError) as error:
        raise RunFolderError(
            f"{path} is damaged, so it is not known whose run {folder} is. Choose another folder (--output FOLDER), or move that one away."
        ) from error
    if theirs["identity"] == mine["identity"] and theirs["smoke"] != mine["smoke"]:
        what, mend = ("a smoke run", "Add --smoke") if theirs["smoke"] else ("the real run", "Leave --smoke out")
        raise RunFolderError(f"{folder} holds {what} of this recipe. {mend}, or give another folder: --output FOLDER.")
    if theirs["identity"] != mine["identity"]:
        kind = "smoke run" if theirs["smoke"] and not mine["smoke"] else "run"
        apart = differences_from(folder, recipe) or f"{theirs['identity'][:12]}, this one is {mine['identity'][:12]}"
        raise RunFolderError(
            f"{folder} holds {kind} {theirs['name']!r} with other options ({apart}). "
            f"Choose another folder (--output FOLDER), or move that one away."
        )


def write_json(path: Path, content: Json) -> None:
    """Write a JSON object whole or not at all: a killed process leaves no half file, and two that write at once do not mix."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f"{path.suffix}.{os.getpid()}.partial")
    partial.write_text(json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False))
    partial.replace(path)
