"""What a preview tells of data, parts, potentials and folders, as JSON objects."""

from collections.abc import Sequence
from pathlib import Path

from ase.data import chemical_symbols

from transferkit.data.quarantine import counted
from transferkit.evaluation.judge import determined
from transferkit.pipeline import choosers
from transferkit.preview.attempts import Attempts
from transferkit.preview.prepare import Prepared
from transferkit.typing import PROPERTIES, Json

PAGE = "index.html, figures/"
FILES = {
    "identity.json": "whose run this is",
    "recipe.yaml": "the recipe, resolved",
    "split.json": "which structure is in which part",
    "quarantine.jsonl": "frames that were taken out, if any were",
    "reference.json": "elemental energies E0",
    "metrics.jsonl": "one row per evaluation",
    "checkpoint/": "to go on from after an interruption",
    "model/": "the potential, to evaluate and export",
    "predictions/": "labels and predictions of each test, Parquet",
    "result.json": "everything that was found",
    "provenance.json": "versions and hashes",
    PAGE: "the page",
}
"""Of a run."""
EACH = {"comparison": "VARIANT/seed-K", "study": "points/KEY"}
"""Folder of each of several runs."""
TRACKED = {"wandb/": "what Weights & Biases keeps"}
"""Of a run with ``tracking.wandb``."""


def read(runs: Sequence[Prepared], attempts: Attempts) -> list[Json]:
    """Every data set that is read."""
    out = {}
    for run in runs:
        if run.sifted is None:
            continue
        data, taken, options = run.sifted.kept, run.sifted.taken, run.job.recipe.data
        out[run.keys["data"]] = {
            "source": options.source,
            "fidelity": data.fidelity,
            "label_convention": data.label_convention,
            "structures": len(data),
            "atoms": len(data.numbers),
            "elements": [chemical_symbols[int(z)] for z in data.elements],
            "labels": {p: int(data.mask[p].sum()) for p in PROPERTIES},
            "keys": str(data.read_as) or None,
            "quarantine": {"taken": len(taken), "reasons": counted(taken), "first": [str(t) for t in taken[:5]]},
            "findings": [finding.to_json() for finding in run.findings],
            "seconds": attempts.seconds(run.keys["data"]),
        }
    return [*out.values()]


def split(runs: Sequence[Prepared]) -> list[Json]:
    """Every division into parts: one per seed, where seeds change it."""
    out: dict[object, Json] = {}
    for run in runs:
        if (parts := run.parts) is None:
            continue
        if run.keys["parts"] in out:
            continue
        info = parts.info
        _, caution = choosers(parts)
        open_ = {name: int((~determined(parts.fitted_on, part)).sum()) for name, part in parts.all().items()}
        out[run.keys["parts"]] = {
            "seed": run.job.seed,
            "by": info.get("by"),
            "fold": info.get("fold"),
            "structures": info["counts"],
            "atoms": {name: len(part.numbers) for name, part in parts.all().items()},
            "compositions": info["compositions"],
            "absent_elements": {
                name: {symbol: len(ids) for symbol, ids in table.items()}
                for name, table in info["elements_absent_from_training"].items()
            },
            "undetermined_structures": {name: n for name, n in open_.items() if n},
            "warnings": [*parts.warnings, *([caution] if caution else [])],
        }
    return [*out.values()]


def train(runs: Sequence[Prepared]) -> list[Json]:
    """Every variant: potential, reference, blocks, labels."""
    out: dict[str, Json] = {}
    for run in runs:
        model, plan, recipe = run.model, run.plan, run.job.recipe
        if run.job.variant in out or model is None or plan is None or run.head is None:
            continue
        there = set() if run.parts is None else {*run.parts.train.elements.tolist()}
        reference = None if run.referenced is None else run.referenced.potential.reference(run.head)
        out[run.job.variant] = {
            "variant": run.job.variant or None,
            "adapter": model.adapter.name,
            "checkpoint": None if recipe.strategy.kind == "from-scratch" else recipe.adapter.checkpoint or "the first",
            "licence": model.adapter.licence,
            "head": run.head,
            "dtype": recipe.adapter.dtype,
            "policy": recipe.reference.policy,
            "trainable_reference": recipe.reference.trainable,
            "undetermined": []
            if reference is None
            else [chemical_symbols[z] for z in reference.undetermined if z in there],
            "strategy": plan.to_json(),
            "summary": plan.summary(),
            "labels": sorted(run.need),
            "findings": [finding.to_json() for finding in run.cautions],
            "notes": list(run.notes),
        }
    return [*out.values()]


def write(folder: Path, runs: Sequence[Prepared], *, kind: str, study: Json | None = None) -> Json:
    """Where to, and how far that is; of a study, all points count, and not only those that stand for the others."""
    states = [run.state for run in runs]
    counts = {"runs": len(runs), "finished": states.count("finished"), "begun": states.count("begun")}
    if study is not None:
        counts = {"runs": study["points"], "finished": study["finished"], "begun": study["begun"]}
    files = {name: what for name, what in FILES.items() if study is None or name != PAGE}  # a point has no page
    return {
        "folder": str(folder),
        **counts,
        "each": f"{folder}/{EACH[kind]}" if kind in EACH else str(folder),
        "files": files | (TRACKED if any(run.job.recipe.tracking.wandb is not None for run in runs) else {}),
    }
