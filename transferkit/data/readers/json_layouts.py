"""JSON and JSON lines, also compressed: told apart by what they hold, not by their names."""

import bz2
import gzip
import json
import lzma
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from transferkit.data.key_map import KeyMap
from transferkit.data.quarantine import TakenOut
from transferkit.data.readers import diatomics, matpes, mptrj
from transferkit.data.readers.assemble import Frame, assemble
from transferkit.errors import DataError

if TYPE_CHECKING:
    from transferkit.data.structures import Structures

OPENERS: dict[bytes, Callable[..., Any]] = {b"\x1f\x8b": gzip.open, b"BZ": bz2.open, b"\xfd7": lzma.open}


def is_json(path: Path) -> bool:
    """Whether a file is JSON or JSON lines by its name, and no database of ASE, which ASE reads itself.

    >>> is_json(Path("a.extxyz"))
    False
    """
    suffixes = [s.lower() for s in path.suffixes[-2:]]
    if not {".json", ".jsonl", ".ndjson"} & set(suffixes):
        return False
    try:
        with _opened(path) as stream:
            return '"nextid"' not in stream.read(400) and not _is_ase_database(path)
    except (ValueError, OSError, EOFError, lzma.LZMAError):
        return True  # a damaged file, which is said where it is read


def _is_ase_database(path: Path) -> bool:
    with _opened(path) as stream:
        start = stream.read(4000)
    return '"ctime"' in start and '"unique_id"' in start


def read_json(path: Path, *, fidelity: str, label_convention: str, taken: list[TakenOut] | None = None) -> "Structures":
    """Structures from a JSON file of a layout that is known.

    Args:
        path: file; gzip, bzip2 and xz are recognised by their first bytes
        fidelity: level of theory of the labels
        label_convention: what the energies are
        taken: where frames that cannot be used are noted, which are then left out; None refuses them

    Raises:
        DataError: the file is no JSON, or of a layout that is not known; the layouts are listed.
    """
    content = _content(path)
    if content in ([], {}):
        raise DataError(
            f"{path}: the file holds no frames, it is an empty {type(content).__name__}. Take the file anew."
        )
    try:
        frames, used = _frames(path, content, fidelity, label_convention, taken)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise DataError(
            f"{path}: an entry is not as files of this layout have it ({type(error).__name__}: {error}). Take the file anew."
        ) from error
    data = assemble(frames, fidelity=fidelity, label_convention=label_convention, source=str(path), taken=taken)
    return replace(data, read_as=_read_as(frames, used))


def _frames(
    path: Path, content: Any, fidelity: str, label_convention: str, taken: list[TakenOut] | None
) -> tuple[list[Frame], Mapping[str, str]]:
    """Frames by the layout of the content, and which entry is which label."""
    source, kind = str(path), _layout(content)
    if kind == "matpes":
        frames, used = list(matpes.matpes_frames(_records(content), fidelity, source, taken)), matpes.ENTRIES
    elif kind == "elements":
        frames, used = list(matpes.element_frames(content, source, taken)), {"energy": "energy_per_atom [eV/atom]"}
    elif kind == "mptrj":
        frames = list(mptrj.mptrj_frames(content, label_convention, source, taken))
        used = mptrj.entries(label_convention)
    elif kind == "diatomics":
        frames, used = list(diatomics.diatomic_frames(content, fidelity, source, taken)), diatomics.ENTRIES
    else:
        raise DataError(
            f"{path}: no known layout of JSON. Known are MatPES (a list, lines or a mapping of records with structure and energy), "
            f"MPtrj and MP-r2SCAN (material, frame, uncorrected_total_energy), and curves of diatomics. Turn other files into "
            f"ASE Atoms or pymatgen structures, and use transferkit.data.readers.from_ase or from_pymatgen."
        )
    if kind != "mptrj" and label_convention != "raw":
        raise DataError(f"{path} holds raw energies, and {label_convention} was asked for. Ask for raw, then convert.")
    if not frames and not taken:
        raise DataError(f"{path}: the file holds no frames")
    return frames, used


def _read_as(frames: list[Frame], used: Mapping[str, str]) -> KeyMap:
    return KeyMap.of([{str(label): used[label] for label in f.labels} for f in frames])


def _opened(path: Path) -> TextIOWrapper:
    with path.open("rb") as raw:
        opener = OPENERS.get(raw.read(2))
    # MatPES files are published as .json.gz that are sometimes plain: the first bytes decide
    stream = path.open(encoding="utf-8") if opener is None else opener(path, "rt", encoding="utf-8")
    return cast("TextIOWrapper", stream)


def _content(path: Path) -> Any:
    try:
        with _opened(path) as stream:
            first = stream.readline()
            if _whole(first) and (rest := stream.readline()).strip():
                lines = [first, rest, *stream]
                return [json.loads(line) for line in lines if line.strip()]
            stream.seek(0)
            return json.load(stream)
    except (ValueError, OSError, EOFError, lzma.LZMAError) as error:
        raise DataError(
            f"{path}: not readable as JSON ({type(error).__name__}: {error}). Take the file anew."
        ) from error


def _whole(line: str) -> bool:
    """Whether a line is a JSON object of its own, as in JSON lines."""
    if not line.lstrip().startswith("{"):
        return False
    try:
        json.loads(line)
    except ValueError:
        return False
    return True


def _layout(content: Any) -> str:
    """Name of the layout, by the first entry that shows one: others may be damaged."""
    if isinstance(content, Mapping) and _is_record(content):
        return "matpes"
    entries = content.values() if isinstance(content, Mapping) else content if isinstance(content, list) else ()
    return next(filter(None, map(_layout_of, entries)), "")


def _layout_of(entry: Any) -> str:
    if not isinstance(entry, Mapping):
        return ""
    if _is_record(entry):
        return "matpes"
    if isinstance(entry.get("structure"), list) and "energy_per_atom" in entry:
        return "elements"
    inner = [value for value in entry.values() if isinstance(value, Mapping)]
    if any({"structure", "uncorrected_total_energy"} <= set(value) for value in inner):
        return "mptrj"
    return "diatomics" if any({"distances", "energies"} <= set(value) for value in inner) else ""


def _is_record(value: Mapping[str, Any]) -> bool:
    return isinstance(value.get("structure"), Mapping) and "energy" in value


def _records(content: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if isinstance(content, Mapping):
        yield from [("0", content)] if _is_record(content) else content.items()
    else:
        yield from ((str(k), record) for k, record in enumerate(content))
