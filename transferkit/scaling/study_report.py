"""The tables, the analysis and the page of a study, finished or not, from what its folder holds."""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from transferkit.report.page import write as write_page
from transferkit.run_folder import write_json
from transferkit.scaling.analysis import analyse
from transferkit.scaling.collect import STUDY, Collected, collect, read_study
from transferkit.scaling.study_tracking import track_study
from transferkit.typing import Json

SYNTHETIC = "synthetic"
"""Levels of theory whose name begins so were made by a network; see benchmarks/data/teacher.py."""


def is_study(folder: Path) -> bool:
    """Whether a folder holds a study.

    >>> is_study(Path("nowhere"))
    False
    """
    return (folder / STUDY).exists()


def report_study(folder: str | Path, found: Collected | None = None) -> Path:
    """Collect what is finished, analyse it, and write tables, ``study.json`` and the page; trains nothing.

    Args:
        folder: of a study, finished or not
        found: its tables, where they were just collected

    Returns:
        path of the page

    Raises:
        RunFolderError: the folder holds no study, or a damaged one.
    """
    folder = Path(folder)
    told = read_study(folder)
    found = collect(folder) if found is None else found
    found.write(folder)
    told |= {"notes": found.notes, "analysis": analyse(found.points, found.compositions), **about(folder, told)}
    write_json(folder / STUDY, told)
    page = write_page(folder)
    track_study(folder, told)
    return page


def about(folder: Path, told: Json) -> Json:
    """What the page says of data and versions, from the first finished point of every curve.

    Args:
        folder: of the study
        told: its study.json
    """
    named = str(((told.get("recipe") or {}).get("data") or {}).get("fidelity", ""))
    found = list(_firsts(folder, told["points"]))
    levels = [named, *(str(result.get("fidelity", "")) for result in found)]
    out: Json = {
        "synthetic": any(name.startswith(SYNTHETIC) for name in levels),
        "pool": None,
        "origin": {},
        "versions": {},
    }
    if not found:
        return out
    kind = "compositions" if told.get("abscissa") == "compositions" else "structures"
    data, adapters = ([result.get(key) or {} for result in found] for key in ("data", "adapter"))
    pools = [
        pool[kind] for pool in (one.get("pool") or {} for one in data) if kind in pool
    ]  # older versions stored none
    return out | {
        "versions": {name: v for result in found for name, v in (result.get("versions") or {}).items()},
        "pool": min(pools, default=None),
        "origin": {
            "potential": _all(
                " ".join(str(a.get(key) or "") for key in ("name", "checkpoint")).strip() for a in adapters
            ),
            "licence of the weights": _all(a.get("licence") for a in adapters),
            "level of theory": _all(result.get("fidelity") for result in found),
            "data": _all(one.get("hash") for one in data),
        },
    }


def _firsts(folder: Path, points: Sequence[Json]) -> Iterator[Json]:
    """Results of the first finished point of every curve."""
    seen: set[str] = set()
    for point in points:
        path = folder / "points" / point["key"] / "result.json"
        if (curve := str(point.get("curve"))) not in seen and path.exists():
            seen.add(curve)
            yield json.loads(path.read_text())


def _all(values: Iterable[object]) -> str | None:
    """Every value once."""
    return ", ".join(dict.fromkeys(str(value) for value in values if value)) or None
