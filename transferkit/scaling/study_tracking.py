"""Tells Weights & Biases of a finished study, once: its table, its figures and its laws."""

import json
from hashlib import sha256
from pathlib import Path

import pandas as pd

from transferkit.run_folder import write_json
from transferkit.typing import Json

MARK = "wandb/study.json"
"""Below the folder: what was told already."""


def track_study(folder: Path, told: Json) -> str | None:
    """Log the table, the figures and the laws of a study in the group of its points, once for the same numbers.

    Args:
        folder: of the study
        told: its study.json with the analysis

    Returns:
        id of the W&B run; None where the study has none, is not finished, is a smoke run, or was logged as it is
    """
    wandb = ((told.get("recipe") or {}).get("tracking") or {}).get("wandb")
    if wandb is None or told.get("smoke") or not told.get("planned") or told.get("finished") != told["planned"]:
        return None
    mark = folder / MARK
    content = sha256((folder / "points.csv").read_bytes()).hexdigest()
    if mark.exists() and json.loads(mark.read_text()).get("points") == content:
        return None
    from transferkit.training.track_study import log_study

    run_id = log_study(
        folder,
        pd.read_parquet(folder / "points.parquet"),
        group=wandb.get("group") or told["name"],
        figures={path.stem: path for path in sorted((folder / "figures").glob("*.png"))},
        summary=summary(told),
        wandb=wandb,
    )
    write_json(mark, {"points": content, "run": run_id})
    return run_id


def summary(told: Json) -> Json:
    """Exponents and crossings, nested by test, quantity and curve.

    >>> curve = {"curve": "transfer", "fit": {"exponent": 0.3}}
    >>> section = {"test": "t", "quantity": "energy", "curves": [curve], "contrasts": []}
    >>> summary({"analysis": {"sections": [section]}})
    {'t': {'energy': {'transfer': {'exponent': 0.3}}}}
    """
    out: Json = {}
    for section in told["analysis"]["sections"]:
        into = out.setdefault(section["test"], {}).setdefault(section["quantity"], {})
        for curve in section["curves"]:
            if curve["fit"]:
                into[curve["curve"]] = {"exponent": curve["fit"]["exponent"]}
        for contrast in section["contrasts"]:
            if contrast["crossing"]:
                into[f"crossing {contrast['transfer']} {contrast['scratch']}"] = {"size": contrast["crossing"]["size"]}
    return out
