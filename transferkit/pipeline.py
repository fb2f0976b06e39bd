"""READ FIRST. One run, top to bottom: recipe, data, reference, adapter, fine-tuning, evaluation, report.

Everything below is a concept called with plain arguments; only this file and :mod:`transferkit.comparison` meet a recipe.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

from transferkit import api
from transferkit.adapters.batch import Graph
from transferkit.adapters.graphs import build_graphs, check_elements, take
from transferkit.adapters.heads import head_for
from transferkit.adapters.licence import describe_weights
from transferkit.adapters.potential import ReferencedPotential
from transferkit.counter import counter
from transferkit.data.check import check
from transferkit.data.split import Parts
from transferkit.data.store import write_parquet
from transferkit.data.structures import Structures
from transferkit.division import divide
from transferkit.errors import Interrupted, RecipeError, RunFolderError
from transferkit.evaluation.against_model import against_model
from transferkit.evaluation.judge import determined
from transferkit.evaluation.outcome import Evaluation
from transferkit.evaluation.predict import predict
from transferkit.provenance import provenance
from transferkit.recipe import Recipe, identity
from transferkit.recipe_file import recipe_of
from transferkit.report.page import write as write_page
from transferkit.rereferencing import compare_policies
from transferkit.resolve import length_of, limits_of, loss_of, optimiser_of, read_data, reference_of, strategy_of
from transferkit.result import result_of
from transferkit.run_folder import FIRST_RANK, GRAPHS, RunWriter, claimed, folder_of
from transferkit.training.fit import fit
from transferkit.training.track import open_tracker

SMOKE_STEPS = 2
MOST_IN_MEMORY = 200_000
"""Atoms of all parts up to which a single run keeps the graphs in memory: 1 GB for CHGNet. Those of more are on disk, in the run's folder,
because of memory alone: building takes well under a millisecond per structure."""


def run(recipe: Recipe | str | Path, *, output: Path | None = None, smoke: bool = False, resume: bool = True) -> Path:
    """Carry out a recipe: one run, or every variant and seed of a comparison.

    Args:
        recipe: file, or what :func:`transferkit.recipe_file.load_recipe` makes of it
        output: folder to write to; ``runs/<name>`` if not given, ``runs/<name>-smoke`` for a smoke run
        smoke: two steps on at most 200 training structures, to see that everything works
        resume: continue what is there; what is finished is not run again

    Returns:
        the folder, which holds ``index.html``

    Raises:
        RunFolderError: the folder belongs to another recipe.
        RecipeError: the recipe is a study, or its file is wrong.
    """
    recipe = recipe_of(recipe)
    folder = folder_of(recipe, output, smoke=smoke)
    if recipe.vary is not None:
        raise RecipeError(
            f"recipe {recipe.name!r} varies options, so it is a study: use `transferkit study`, or tk.study."
        )
    if recipe.compare or recipe.seeds:
        from transferkit.comparison import run_comparison

        return run_comparison(recipe, folder, smoke=smoke, resume=resume)
    return run_one(recipe, folder, smoke=smoke, resume=resume)


def run_one(
    recipe: Recipe,
    folder: Path,
    *,
    variant: str = "",
    smoke: bool = False,
    resume: bool = True,
    quiet: bool = False,
    graphs: Path | None = None,
    page: bool = True,
) -> Path:
    """One resolved recipe, one seed, one folder; runs that are given the same folder of ``graphs`` share them.

    Without ``page``, result.json is the last thing written; `transferkit report` makes the page of it.
    """
    with claimed(folder, recipe, smoke=smoke, resume=resume):
        _run(recipe, folder, variant=variant, smoke=smoke, resume=resume, quiet=quiet, store=graphs, page=page)
    return folder


def _run(
    recipe: Recipe,
    folder: Path,
    *,
    variant: str,
    smoke: bool,
    resume: bool,
    quiet: bool,
    store: Path | None,
    page: bool,
) -> None:
    desk = RunWriter(folder, quiet)
    if desk.finished:
        if page and not (folder / "index.html").exists():  # killed between result and page
            write_page(folder)
        return

    # 1. data: labelled structures in a training, a validation and two named test parts
    sifted = read_data(recipe)
    data = sifted.kept
    desk.say(desk.quarantine(sifted))
    parts = divide(recipe, data, smoke=smoke)
    desk.write("split.json", parts.info)
    findings = check(data, limits_of(recipe))  # what the recipe lets through on purpose is no finding
    read = f"read: {data.read_as}" if data.read_as else ""  # bundled sets do not say
    desk.say("\n".join(filter(None, [str(data), read, parts.describe(), *map(str, findings)])))

    # 2. adapter: a network, with its elemental energies lifted out, and the head that these data train; graphs are
    #    built once for all that follows, and for all runs that share the store
    model = start(recipe)
    head = head_for(model, data.fidelity, recipe.adapter.head)
    desk.say(describe_weights(model, head))
    sets = {"valid": parts.valid, **parts.tests}
    loss = loss_of(recipe, model.adapter.capabilities.properties)
    store = store or (folder / GRAPHS if parts.n_atoms > MOST_IN_MEMORY else None)
    graphs = graphs_of(model, parts, head, skin=loss.skin, store=store, quiet=quiet)

    # 3. reference: E0 of the target level of theory, and the table of how every policy would do
    referenced = compare_policies(model, parts.fitted_on, **reference_of(recipe), graphs=graphs["basis"], head=head)
    for part in (parts.train, *sets.values()):  # the new reference may know fewer elements than the network does
        check_elements(referenced.potential, part, head)
    desk.write("reference.json", referenced.potential.reference(head).to_json())
    findings += referenced.findings
    desk.say("\n".join(filter(None, [str(referenced.table), referenced.warning, *map(str, referenced.findings)])))

    # 4. what the potential knows before any training: step 0
    step0 = {name: predict(referenced.potential, part, graphs=graphs[name], head=head) for name, part in sets.items()}
    widest = max(sets, key=lambda name: len(sets[name]))
    against = against_model(sets[widest], step0[widest], findings) if recipe.strategy.kind != "from-scratch" else []
    desk.say("\n".join(map(str, against)))
    findings = [*findings, *against]

    # 5. fine-tune: strategy, loss and optimiser are data handed to the one loop. Only validation structures whose
    #    reference is determined choose the best weights: what E0 cannot know must not choose.
    known, caution = choosers(parts)
    desk.say(caution)
    name = "/".join(part for part in (recipe.name, variant, f"seed-{recipe.seed}") if part)
    tracker = open_tracker(
        folder, name=name, wandb=None if recipe.tracking.wandb is None else recipe.tracking.wandb.model_dump()
    )
    fitted = fit(
        referenced.potential,
        parts.train,
        parts.valid[known],
        graphs=graphs["train"],
        valid_graphs=take(graphs["valid"], known),
        strategy=strategy_of(recipe),
        loss=loss,
        optimiser=optimiser_of(recipe),
        **length_of(recipe) | ({"steps": SMOKE_STEPS, "epochs": None} if smoke else {}),
        seed=recipe.seed,
        head=head,
        folder=folder,
        # E0 comes out of a forward pass, whose last digits may differ on a GPU or with other threads: the run is known
        # by its recipe and its data, so that it can go on there too.
        identity=f"{identity(recipe)[:16]}-{data.hash[:16]}",
        tracker=tracker,
        config=recipe.model_dump(mode="json"),
        resume=resume,
        quiet=quiet,
    )
    if fitted.stopped == "interrupted":
        raise Interrupted(
            f"interrupted at step {fitted.steps}; {folder / 'checkpoint'} holds everything so far. "
            f"The same command goes on from there."
        )
    if not FIRST_RANK:
        return

    # 6. evaluate on the named tests; structures whose reference is undetermined are counted apart
    final = {name: predict(fitted.potential, part, graphs=graphs[name], head=head) for name, part in sets.items()}
    for name, labels in parts.tests.items():
        save_predictions(folder / "predictions", name, labels, step0[name], final[name])

    # 7. write what came out, then the page, then tell the tracker
    _, weights = model.adapter.state()
    origin = provenance(recipe, data, weights=weights, package=model.adapter.package)
    desk.write("provenance.json", origin)
    fitted.potential.save(folder / "model", recipe=recipe.model_dump(mode="json"), provenance=origin)
    result = result_of(
        recipe,
        variant,
        data,
        parts,
        findings=findings,
        taken=sifted.taken,
        caution=caution,
        referenced=referenced,
        fitted=fitted,
        step0=step0,
        final=final,
    )
    desk.write("result.json", result)
    if page:
        write_page(folder)
    tracker.figures({path.stem: path for path in sorted((folder / "figures").glob("*.png"))})
    tracker.model(folder / "model")
    tracker.finish({"tests": result["tests"], "best_step": fitted.best_step})


def graphs_of(
    model: ReferencedPotential, parts: Parts, head: str, *, skin: float, store: Path | None, quiet: bool
) -> dict[str, Sequence[Graph]]:
    """Graphs of every part by its name, and ``basis``: of what E0 is fitted on. Only training needs the skin."""
    with counter("building graphs", quiet=quiet or not FIRST_RANK) as tell:
        build = partial(build_graphs, model, head=head, progress=tell, store=store)
        graphs = {name: build(part) for name, part in {"valid": parts.valid, **parts.tests}.items()}
        graphs["train"] = build(parts.train, skin=skin)
        graphs["basis"] = graphs["train"] if parts.fitted_on is parts.train else build(parts.fitted_on)
    return graphs


def choosers(parts: Parts) -> tuple[np.ndarray, str | None]:
    """Indices of the validation structures that choose the best weights, and what a reader must know about it.

    They are those whose reference the training part determines; all of them where it determines none.
    """
    n = len(parts.valid)
    known = np.flatnonzero(determined(parts.fitted_on, parts.valid))
    if len(known) == n:
        return known, None
    if not len(known):
        text = (
            f"training determines the reference of none of the {n} validation structures: all choose the best weights"
        )
        return np.arange(n), f"{text}, with energies that are off by what E0 cannot know"
    return (
        known,
        f"{n - len(known)} of {n} validation structures do not choose the best weights: their E0 is undetermined",
    )


def save_predictions(folder: Path, test: str, labels: Structures, step0: Structures, final: Structures) -> None:
    """Labels and predictions of one test as Parquet files, in the same order."""
    folder.mkdir(exist_ok=True)
    for prefix, part in (("labels-", labels), ("step0-", step0), ("", final)):
        write_parquet(part, folder / f"{prefix}{test}.parquet")


def start(recipe: Recipe) -> ReferencedPotential:
    """The pre-trained potential, with a new head if one is asked for; or random weights for ``from-scratch``."""
    adapter = recipe.adapter
    if recipe.strategy.kind == "from-scratch":
        return api.scratch(
            adapter.name, recipe.strategy.config, seed=recipe.seed, device=adapter.device, dtype=adapter.dtype
        )
    model = api.load(adapter.name, adapter.checkpoint, device=adapter.device, dtype=adapter.dtype, trust=adapter.trust)
    if adapter.new_head is not None:
        source = adapter.new_head.copy_of
        model.add_head(adapter.new_head.name, model.adapter.heads[model.head_index(source)])
    return model


def evaluate_run(folder: Path, data: Structures, head: str | None = None) -> Evaluation:
    """Errors of a finished run's potential on other data.

    Args:
        folder: of the run
        data: structures with labels
        head: of the potential; by the level of theory of the data if not given

    Raises:
        UnknownHead: no head is called so, or nothing says which of several is meant.
        RunFolderError: the folder holds no trained potential.
    """
    if not (folder / "model" / "model.json").exists():
        raise RunFolderError(
            f"{folder} holds no trained potential (model/model.json). Give the folder of a finished run."
        )
    return api.evaluate(ReferencedPotential.open(folder / "model"), data, head=head)
