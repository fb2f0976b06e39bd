"""Several runs of one recipe side by side: every variant with every seed, in a pool of processes."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from transferkit.errors import RecipeError, TransferkitError
from transferkit.evaluation.compare import paired
from transferkit.evaluation.intervals import bootstrap_seeds, mean_over_seeds
from transferkit.pool import Job, work
from transferkit.recipe import Recipe
from transferkit.recipe_file import load_recipe
from transferkit.report.page import write as write_page
from transferkit.report.paper import paper_a
from transferkit.run_folder import GRAPHS, claim, write_json
from transferkit.typing import Json

MEASURES = {"energy": "energy", "forces": "free_forces", "stress": "stress"}


def jobs(recipe: Recipe, folder: Path) -> Iterator[Job]:
    """Every variant with every seed. Seeds come first, so that an interrupted comparison is balanced."""
    for seed in recipe.seeds or [recipe.seed]:
        for variant, resolved in recipe.variants().items():
            own = resolved.model_copy(update={"seed": seed})
            yield Job(variant, seed, own, folder / variant / f"seed-{seed}", folder / GRAPHS)


def run_comparison(recipe: Recipe, folder: Path, *, smoke: bool = False, resume: bool = True) -> Path:
    """Run what is not finished, then put everything side by side; a failed run is named and stops no other.

    Raises:
        RunFolderError: the folder, or that of a run in it, belongs to other options.
        RecipeError: several processes of torchrun were started; they belong to one run.
        TransferkitError: at the end, if a run failed; the page of the others is written all the same.
    """
    if os.environ.get("WORLD_SIZE", "1") != "1":
        raise RecipeError(
            "a comparison shares its runs out by itself: start it without torchrun, or give torchrun a recipe without compare and seeds."
        )
    for job in jobs(recipe, folder):
        if resume and job.folder.exists():  # the options of a variant may have changed since its run was finished
            claim(job.folder, job.recipe, smoke=smoke, resume=True)
    claim(folder, recipe, smoke=smoke, resume=resume)
    todo = [job for job in jobs(recipe, folder) if not (job.folder / "result.json").exists()]
    try:
        failed = work(todo, smoke=smoke, resume=resume) if todo else {}
    finally:  # an interrupted comparison shows what it has
        write_json(folder / "comparison.json", collect(recipe, folder))
        write_page(folder)
    if failed:
        reasons = "\n".join(f"  {name}: {why}" for name, why in failed.items())
        raise TransferkitError(
            f"{len(failed)} of {len(todo)} runs failed; run the same command again to retry them:\n{reasons}"
        )
    return folder


def report(folder: Path) -> Path:
    """Put together what is there, also of a comparison that still runs, and write its page, or that of one run.

    Raises:
        RunFolderError: the folder holds neither.
    """
    path = folder / "recipe.yaml"
    if path.exists() and not (folder / "result.json").exists():
        recipe = load_recipe(path)
        if recipe.compare or recipe.seeds:
            write_json(folder / "comparison.json", collect(recipe, folder))
    return write_page(folder)


def collect(recipe: Recipe, folder: Path) -> Json:
    """What every finished run found, with intervals over compositions and seeds, and paired differences.

    Returns:
        the JSON object that the comparison page shows; runs that are missing are listed under ``missing``.
    """
    found: dict[str, dict[int, Json]] = {}
    missing: list[str] = []
    for job in jobs(recipe, folder):
        path = job.folder / "result.json"
        if path.exists():
            found.setdefault(job.variant, {})[job.seed] = json.loads(path.read_text())
        else:
            missing.append(f"{job.variant}/seed-{job.seed}")
    options = recipe.compare or {}
    baseline = recipe.baseline or next(iter(recipe.variants()))
    tests = sorted({t for runs in found.values() for r in runs.values() for t in r["tests"]})
    return {
        "name": recipe.name,
        "question": recipe.question,
        "baseline": baseline,
        "seeds": sorted({seed for runs in found.values() for seed in runs}),
        "folds": sorted({r["fold"] for runs in found.values() for r in runs.values() if r["fold"] is not None}),
        "steps": max((r["training"]["steps"] for runs in found.values() for r in runs.values()), default=0),
        "missing": missing,
        "variants": {
            variant: {
                "label": options[variant].label if variant in options and options[variant].label else variant,
                "note": options[variant].note if variant in options else None,
                "trainable": next(iter(runs.values()))["strategy"]["trainable"],
                "policy": next(iter(runs.values()))["reference"]["policy"],
                "wall_s": float(np.mean([r["training"]["wall_s"] for r in runs.values()])),
                "kept_steps": [runs[seed]["training"]["best_step"] for seed in sorted(runs)],
                "keep": next(iter(runs.values()))["training"].get("keep", "best"),
                "runs": [f"{variant}/seed-{seed}" for seed in sorted(runs)],
                "tests": {
                    t: {when: _summary(runs, t, when) for when in ("step0", "final")} | {"change": _change(runs, t)}
                    for t in tests
                },
            }
            for variant, runs in found.items()
        },
        "paired": {t: {name: _paired(found, t, key, baseline) for name, key in MEASURES.items()} for t in tests},
        "paper": paper_a(),
    }


def _by_composition(run: Json, test: str, when: str, key: str) -> dict[str, float]:
    """Mean absolute error per composition; compositions without this label are left out."""
    entries = run["tests"][test][when]["by_composition"]
    return {c: e[key] for c, e in entries.items() if e.get(key) is not None}


def _summary(runs: Mapping[int, Json], test: str, when: str) -> Json:
    """Mean and median over compositions of the mean over seeds; the interval resamples both."""
    return {
        name: _of([_by_composition(run, test, when, key) for run in runs.values()]) for name, key in MEASURES.items()
    }


def _change(runs: Mapping[int, Json], test: str) -> Json:
    """The same of final error minus step 0, composition by composition and seed by seed."""
    out: Json = {}
    for name, key in MEASURES.items():
        pairs = [[_by_composition(run, test, when, key) for when in ("step0", "final")] for run in runs.values()]
        out[name] = _of([{c: last[c] - first[c] for c in last if c in first} for first, last in pairs])
    return out


def _of(several: Sequence[Mapping[str, float]]) -> Json | None:
    by_seed = [values for values in several if values]
    means = list(mean_over_seeds(by_seed).values())
    if not means:
        return None
    return {
        "mean": float(np.mean(means)),
        "median": float(np.median(means)),
        "interval": bootstrap_seeds(by_seed),
        "n_compositions": len(means),
    }


def _paired(found: Mapping[str, Mapping[int, Json]], test: str, key: str, baseline: str) -> list[Json]:
    """Differences to the baseline of the variants that share a composition and a seed with it."""
    if baseline not in found:
        return []
    errors = {v: {s: _by_composition(r, test, "final", key) for s, r in runs.items()} for v, runs in found.items()}
    own = {(s, c) for s, values in errors[baseline].items() for c in values}
    methods = {v: e for v, e in errors.items() if own & {(s, c) for s, values in e.items() for c in values}}
    return [comparison.to_json() for comparison in paired(methods, baseline)] if len(methods) > 1 else []
