"""What a preview tells of data, parts, potentials and folders, as JSON objects."""

from collections.abc import Sequence
from pathlib import Path

from ase.data import chemical_symbols

from transferkit.data.quarantine import Sifted, counted
from transferkit.data.structures import Structures
from transferkit.data_options import Source
from transferkit.division import choosers
from transferkit.evaluation.judge import determined
from transferkit.preview.attempts import Attempts, key_of
from transferkit.preview.prepare import Prepared
from transferkit.preview.prepare_levels import groups, labelled
from transferkit.resolve import loss_of
from transferkit.starting import TARGET
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
HEADS = {"references.json": "elemental energies E0 of every head that is trained"}
"""Of a run with sets beside its data."""
STAGES = {"pretrain/": "metrics, checkpoint and E0 of the first stage"}
"""Of a run with ``pretrain``."""
TRACKED = {"wandb/": "what Weights & Biases keeps"}
"""Of a run with ``tracking.wandb``."""


def read(runs: Sequence[Prepared], attempts: Attempts) -> list[Json]:
    """Every data set that is read."""
    out = {}
    for run in runs:
        if run.sifted is None:
            continue
        options = run.job.recipe.data
        findings = [finding.to_json() for finding in run.findings]
        out[run.keys["data"]] = _set(run.sifted, options) | {
            "findings": findings,
            "seconds": attempts.seconds(run.keys["data"]),
        }
    for run in runs:
        found, named = run.levels.findings(run.job.recipe), groups(run.job.recipe)
        for name, sifted in run.levels.read.items():
            mine = [f.to_json() for f in found if f.what.startswith(f"{name}: ")]
            out.setdefault(key_of(named[name], name), _set(sifted, named[name]) | {"set": name, "findings": mine})
    return [*out.values()]


def _set(sifted: Sifted, options: Source) -> Json:
    """What was read of one set."""
    data, taken = sifted.kept, sifted.taken
    return {
        "source": options.source,
        "fidelity": data.fidelity,
        "label_convention": data.label_convention,
        "structures": len(data),
        "atoms": len(data.numbers),
        "elements": [chemical_symbols[int(z)] for z in data.elements],
        "labels": {p: int(data.mask[p].sum()) for p in PROPERTIES},
        "keys": str(data.read_as) or None,
        "quarantine": {"taken": len(taken), "reasons": counted(taken), "first": [str(t) for t in taken[:5]]},
    }


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
            "ignored": ignored(run),
            "consistency": None if (losses := recipe.loss.consistency) is None else losses.model_dump(mode="json"),
            "sets": sets(run),
            "findings": [finding.to_json() for finding in run.cautions],
            "notes": list(run.notes),
        }
    return [*out.values()]


def ignored(run: Prepared) -> list[str]:
    """Labels that the recipe weighs and nothing that is trained on has; moments only where the recipe gives them a weight."""
    return [p for p in PROPERTIES if run.need and p not in run.need and getattr(run.job.recipe.loss, p)]


def sets(run: Prepared) -> list[Json]:
    """What reaches which head: a row for each set that is trained on, in the order in which they come.

    Args:
        run: with everything that comes before its first step
    """
    recipe, parts, model = run.job.recipe, run.parts, run.model
    if parts is None or model is None or run.head is None:
        return []
    rows: list[Json] = []
    if (stage := run.levels.stage) is not None and recipe.pretrain is not None:
        left = {"validation": len(stage.valid), "held_out": len(stage.held), "drawn": stage.found.drawn}
        rows.append(
            stage.to_json()
            | {
                "set": "pretrain",
                "head": "before",
                "structures": len(stage.train),
                "policy": recipe.pretrain.reference,
                "left_out": left,
            }
        )
    target = {"set": TARGET, "fidelity": parts.train.fidelity, "label_convention": parts.train.label_convention}
    rows.append(
        target
        | {
            "head": run.head,
            "structures": len(parts.train),
            "labels": counts(parts.train),
            "policy": recipe.reference.policy,
        }
    )
    for companion in run.levels.companions:
        head, options = run.heads[companion.name], companion.options
        kept = "keep" if options.pseudo else options.reference
        policy = "that of the data" if head == run.head else kept
        labels = counts(labelled(companion, model.adapter.capabilities.properties))
        rows.append(companion.to_json() | {"head": head, "policy": policy, "labels": labels})
    plain = {"ratio": 1.0, "weight": 1.0, "pseudo": False, "left_out": None}
    weighed = {p for p, weight in loss_of(recipe, model.adapter.capabilities.properties).weights.items() if weight}
    return [plain | row | {"labels": {p: n for p, n in row["labels"].items() if p in weighed}} for row in rows]


def counts(data: Structures) -> dict[str, int]:
    """Structures with each label; labels that none has are left out.

    >>> import transferkit as tk
    >>> counts(tk.bundled("gpaw-pbe-r2scan")[:3])
    {'energy': 3, 'forces': 3, 'stress': 3}
    """
    return {p: n for p in PROPERTIES if (n := int(data.mask[p].sum()))}


def write(folder: Path, runs: Sequence[Prepared], *, kind: str, study: Json | None = None) -> Json:
    """Where to, and how far that is; of a study, all points count, and not only those that stand for the others."""
    states = [run.state for run in runs]
    counts = {"runs": len(runs), "finished": states.count("finished"), "begun": states.count("begun")}
    if study is not None:
        counts = {"runs": study["points"], "finished": study["finished"], "begun": study["begun"]}
    files = {name: what for name, what in FILES.items() if study is None or name != PAGE}  # a point has no page
    recipes = [run.job.recipe for run in runs]
    for more, wanted in (
        (HEADS, any(recipe.beside for recipe in recipes)),
        (STAGES, any(recipe.pretrain is not None for recipe in recipes)),
        (TRACKED, any(recipe.tracking.wandb is not None for recipe in recipes)),
    ):
        files |= more if wanted else {}
    return {
        "folder": str(folder),
        **counts,
        "each": f"{folder}/{EACH[kind]}" if kind in EACH else str(folder),
        "files": files,
    }
