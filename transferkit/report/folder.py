"""What a run folder holds, read once; what is missing or damaged becomes a note on the page."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from shlex import quote

import numpy as np

from transferkit.data.structures import Structures
from transferkit.errors import RunFolderError
from transferkit.reference.elemental import ElementalReference
from transferkit.typing import Json

LABELS, STEP0 = "labels-", "step0-"


@dataclass(frozen=True)
class Predictions:
    """Labels of one test and what was predicted for it, in the same order."""

    labels: Structures
    step0: Structures | None
    final: Structures


@dataclass(frozen=True)
class RunFolder:
    """A finished run as its files tell it.

    Attributes:
        path: the folder
        result: result.json
        history: metrics.jsonl, one object per evaluation, in order of steps; empty if the file is not there
        e0: elemental energies before training, from reference.json; None if not there
        predictions: labels and predictions by name of the test, where both were written
        provenance: provenance.json; empty if not there
        recipe: text of recipe.yaml; empty if not there
        notes: what is missing or could not be read, in words
        pretraining: metrics.jsonl of the stage before; empty where there was none
    """

    path: Path
    result: Json
    history: list[Json]
    e0: ElementalReference | None
    predictions: dict[str, Predictions]
    provenance: Json
    recipe: str
    notes: list[str] = field(default_factory=list)
    pretraining: list[Json] = field(default_factory=list)


def called_from(folder: Path) -> tuple[str, str]:
    """A folder as a command names it, and from where that command is given.

    Paths in a recipe are relative to the working folder, so a folder inside it is named from there.

    >>> called_from(Path.cwd() / "runs" / "first")
    ('runs/first', 'where the run was started')
    """
    full, here = folder.resolve(), Path.cwd()
    if full != here and full.is_relative_to(here):
        return quote(full.relative_to(here).as_posix()), "where the run was started"
    return quote(full.name), "from the folder that holds this one; a relative data.source is relative to that, too"


def smoke_option(folder: Path) -> str:
    """What a command that goes on in a folder must add: " --smoke" where it holds a smoke run, else nothing.

    >>> smoke_option(Path("nowhere"))
    ''
    """
    path = folder / "identity.json"
    return " --smoke" if path.exists() and read_json(path).get("smoke") else ""


def strictest_first(tests: Iterable[str]) -> list[str]:
    """Names of tests, those on something unseen before those on something known.

    >>> strictest_first(["known materials", "unseen compositions"])
    ['unseen compositions', 'known materials']
    """
    return sorted(dict.fromkeys(tests), key=lambda name: not name.startswith("unseen"))


def read_json(path: Path) -> Json:
    """A JSON object from a file.

    Raises:
        RunFolderError: it is not there, not JSON, or not an object.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise RunFolderError(f"{path} does not exist. Give the folder of a finished run or comparison.") from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise RunFolderError(f"{path} is not valid JSON ({error}). Run the recipe again to write it anew.") from error
    if not isinstance(content, dict):
        raise RunFolderError(f"{path} holds {type(content).__name__}, not an object. Run the recipe again to write it.")
    return content


def read_run(path: Path) -> RunFolder:
    """Read a run folder.

    Args:
        path: folder with result.json; all other files may be missing

    Raises:
        RunFolderError: result.json is missing or damaged, or labels and predictions are not of the same structures.
    """
    result = read_json(path / "result.json")
    tests = result.get("tests") or {}
    result["tests"] = {name: tests[name] or {} for name in strictest_first(tests)}
    notes: list[str] = []
    history = read_history(path / "metrics.jsonl", notes)
    e0 = None
    if (path / "reference.json").exists():
        e0 = ElementalReference.from_json(read_json(path / "reference.json"))
    else:
        notes.append("reference.json is not in this folder: energies cannot be shown without E0.")
    provenance = read_json(path / "provenance.json") if (path / "provenance.json").exists() else {}
    recipe = (path / "recipe.yaml").read_text(encoding="utf-8") if (path / "recipe.yaml").exists() else ""
    notes.extend(
        f"{name} is not in this folder."
        for name, content in (("provenance.json", provenance), ("recipe.yaml", recipe))
        if not content
    )
    predictions = {
        name: found
        for name in result["tests"]
        if (found := _predictions(path / "predictions", name, notes)) is not None
    }
    before = read_history(path / "pretrain" / "metrics.jsonl", notes) if result.get("pretrain") else []
    return RunFolder(path, result, history, e0, predictions, provenance, recipe, notes, before)


def read_history(path: Path, notes: list[str]) -> list[Json]:
    """Evaluations of a metrics.jsonl in order of steps; after a resumed run the later line of a step counts.

    Args:
        path: of the file
        notes: what is missing or could not be read is added to them
    """
    if not path.exists():
        where = "pretrain/metrics.jsonl" if path.parent.name == "pretrain" else "metrics.jsonl"
        lost = "learning curves" if where == path.name else "errors of pre-training"
        notes.append(f"{where} is not in this folder: there are no {lost}.")
        return []
    by_step: dict[int, Json] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
            by_step[int(entry["step"])] = entry
        except (json.JSONDecodeError, KeyError, TypeError, ValueError):
            notes.append(f"Line {number} of metrics.jsonl cannot be read and was left out.")
    return [by_step[step] for step in sorted(by_step)]


def _predictions(folder: Path, name: str, notes: list[str]) -> Predictions | None:
    from transferkit.data.store import read_parquet

    files = {kind: folder / f"{prefix}{name}.parquet" for kind, prefix in (("labels", LABELS), ("final", ""))}
    if missing := [f"predictions/{file.name}" for file in files.values() if not file.exists()]:
        notes.append(f"{' and '.join(missing)} not in this folder: no parity figure for {name}.")
        return None
    labels, final = (read_parquet(files[kind]) for kind in ("labels", "final"))
    first = folder / f"{STEP0}{name}.parquet"
    step0 = read_parquet(first) if first.exists() else None
    for other in (final, step0):
        if other is not None and not np.array_equal(other.id.astype(str), labels.id.astype(str)):
            raise RunFolderError(
                f"{folder}: labels and predictions of {name!r} are of different structures. Run the recipe again."
            )
    return Predictions(labels, step0, final)
