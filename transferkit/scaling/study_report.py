"""The tables, the analysis and the page of a study, finished or not, from what its folder holds."""

import json
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
    """What the page says of data and versions, from the first finished point: nothing of it differs between points.

    Args:
        folder: of the study
        told: its study.json
    """
    recipe = told.get("recipe") or {}
    data = recipe.get("data") or {}
    fidelities = [str(data.get("fidelity", ""))]
    out: Json = {
        "synthetic": any(name.startswith(SYNTHETIC) for name in fidelities),
        "pool": None,
        "origin": {},
        "versions": {},
    }
    first = next((p for p in told["points"] if (folder / "points" / p["key"] / "result.json").exists()), None)
    if first is None:
        return out
    result: Json = json.loads((folder / "points" / first["key"] / "result.json").read_text())
    adapter = result.get("adapter") or {}
    out["versions"] = result.get("versions") or {}
    kind = "compositions" if told.get("abscissa") == "compositions" else "structures"
    out["pool"] = ((result.get("data") or {}).get("pool") or {}).get(kind)  # runs of older versions did not store it
    out["origin"] = {
        "potential": " ".join(str(adapter.get(key) or "") for key in ("name", "checkpoint")).strip(),
        "licence of the weights": adapter.get("licence"),
        "level of theory": result.get("fidelity"),
        "data": (result.get("data") or {}).get("hash"),
    }
    out["synthetic"] = out["synthetic"] or str(result.get("fidelity", "")).startswith(SYNTHETIC)
    return out
