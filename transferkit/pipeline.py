"""READ FIRST. One run, top to bottom: recipe, data, reference, adapter, fine-tuning, evaluation, report.

Everything below is a concept called with plain arguments; only this file and :mod:`transferkit.comparison` meet a recipe.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from transferkit import api
from transferkit.adapters.batch import Graph
from transferkit.adapters.graphs import check_elements, take
from transferkit.adapters.licence import describe_weights
from transferkit.adapters.potential import ReferencedPotential
from transferkit.data.check import check
from transferkit.data.finding import Finding
from transferkit.data.quarantine import TakenOut
from transferkit.data.split import Parts
from transferkit.data.structures import Structures
from transferkit.division import choosers, divide
from transferkit.errors import Interrupted, RecipeError, RunFolderError
from transferkit.evaluation.against_model import against_model
from transferkit.evaluation.forgetting import HeldOut
from transferkit.evaluation.outcome import Evaluation
from transferkit.evaluation.predict import predict
from transferkit.held_levels import anchor_of, forgotten, held_out_of, known_level, rows_of_heads
from transferkit.joining import Joined, join
from transferkit.levels import Levels, read_levels
from transferkit.part_graphs import graphs_for, graphs_of
from transferkit.pretraining import Pretrained, pretrain
from transferkit.provenance import provenance
from transferkit.recipe import Recipe, identity
from transferkit.recipe_file import recipe_of
from transferkit.report.page import write as write_page
from transferkit.rereferencing import Rereferenced, compare_policies
from transferkit.resolve import length_of, limits_of, loss_of, optimiser_of, read_data, reference_of, strategy_of
from transferkit.result import result_of
from transferkit.run_folder import FIRST_RANK, GRAPHS, RunWriter, claimed, folder_of
from transferkit.starting import TARGET, foreseen, start, with_heads
from transferkit.training.fit import fit
from transferkit.training.loss import Loss
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


@dataclass(frozen=True, eq=False)
class _Read:
    """What step 1 gives: the data, their parts, what is trained on besides, and what looks wrong."""

    data: Structures
    parts: Parts
    levels: Levels
    taken: tuple[TakenOut, ...]
    findings: list[Finding]


@dataclass(frozen=True, eq=False)
class _Begun:
    """What steps 2 and 3 give: the potential with every E0 moved, the graphs, and what forgetting is measured on."""

    joined: Joined
    heads: dict[str, str]
    graphs: dict[str, Sequence[Graph]]
    referenced: Rereferenced
    loss: Loss
    first: Pretrained | None
    held: dict[str, HeldOut]
    findings: list[Finding]


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
    read = _read(recipe, desk, smoke=smoke)
    begun = _begin(recipe, read, desk, smoke=smoke, resume=resume, store=store)
    parts, joined, graphs, head = read.parts, begun.joined, begun.graphs, begun.heads[TARGET]

    # 4. what the potential knows before any training: step 0
    sets = {"valid": parts.valid, **parts.tests}
    step0 = {name: predict(joined.potential, part, graphs=graphs[name], head=head) for name, part in sets.items()}
    widest = max(sets, key=lambda name: len(sets[name]))
    findings = begun.findings
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
        joined.potential,
        parts.train,
        parts.valid[known],
        graphs=graphs["train"],
        valid_graphs=take(graphs["valid"], known),
        strategy=strategy_of(recipe),
        loss=begun.loss,
        optimiser=optimiser_of(recipe),
        **length_of(recipe) | ({"steps": SMOKE_STEPS, "epochs": None} if smoke else {}),
        seed=recipe.seed,
        head=head,
        beside=joined.beside,
        anchor=anchor_of(recipe, joined, graphs["train"], head, quiet=quiet),
        folder=folder,
        # E0 comes out of a forward pass, whose last digits may differ on a GPU or with other threads: the run is known
        # by its recipe and its data, so that it can go on there too.
        identity="-".join(one[:16] for one in (identity(recipe), read.data.hash, *read.levels.hashes)),
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

    # 6. evaluate on the named tests, where structures whose reference is undetermined are counted apart; and on what
    #    was held out of other levels of theory
    final = {name: predict(fitted.potential, part, graphs=graphs[name], head=head) for name, part in sets.items()}
    for name, labels in parts.tests.items():
        desk.predictions(name, {"labels-": labels, "step0-": step0[name], "": final[name]})

    # 7. write what came out, then the page, then tell the tracker
    _, weights = joined.potential.adapter.state()
    origin = provenance(recipe, read.data, weights=weights, package=joined.potential.adapter.package)
    desk.write("provenance.json", origin)
    fitted.potential.save(folder / "model", recipe=recipe.model_dump(mode="json"), provenance=origin)
    result = result_of(
        recipe,
        variant,
        read.data,
        parts,
        findings=findings,
        taken=read.taken,
        caution=caution,
        referenced=begun.referenced,
        fitted=fitted,
        step0=step0,
        final=final,
        heads=rows_of_heads(recipe, joined, fitted.potential, parts, heads=begun.heads, held=begun.held),
        pretrained=None if begun.first is None else begun.first.to_json(),
        forgetting=forgotten(recipe, joined, fitted.potential, parts, head=head, held=begun.held),
    )
    desk.write("result.json", result)
    if page:
        write_page(folder)
    tracker.figures({path.stem: path for path in sorted((folder / "figures").glob("*.png"))})
    tracker.model(folder / "model")
    tracker.finish({"tests": result["tests"], "best_step": fitted.best_step})


def _read(recipe: Recipe, desk: RunWriter, *, smoke: bool) -> _Read:
    # 1. data: labelled structures in a training, a validation and two named test parts
    sifted = read_data(recipe)
    data = sifted.kept
    desk.say(desk.quarantine(sifted))
    parts = divide(recipe, data, smoke=smoke)
    desk.write("split.json", parts.info)
    findings = check(data, limits_of(recipe))  # what the recipe lets through on purpose is no finding
    read = f"read: {data.read_as}" if data.read_as else ""  # bundled sets do not say
    desk.say("\n".join(filter(None, [str(data), read, parts.describe(), *map(str, findings)])))
    levels = read_levels(recipe, data, parts, smoke=smoke)  # what is trained on besides, which mostly is nothing
    for name, other in levels.read.items():
        desk.say(desk.quarantine(other, of=name))
    others = levels.findings(limits_of(recipe))
    desk.say("\n".join([levels.describe(), *map(str, others)]).strip())
    return _Read(data, parts, levels, sifted.taken, [*findings, *others])


def _begin(recipe: Recipe, read: _Read, desk: RunWriter, *, smoke: bool, resume: bool, store: Path | None) -> _Begun:
    parts, levels, quiet = read.parts, read.levels, desk.quiet

    # 2. adapter: a network, with its elemental energies lifted out, and the heads that these data train; graphs are
    #    built once for all that follows, and for all runs that share the store
    model = start(recipe)
    _, heads = foreseen(model, recipe)  # before anything is trained
    head = heads[TARGET]
    loss = loss_of(recipe, model.adapter.capabilities.properties)
    store = store or (desk.path / GRAPHS if parts.n_atoms + levels.n_atoms > MOST_IN_MEMORY else None)
    held = known_level(recipe, model, read.data, parts, partial(graphs_for, model, store=store, quiet=quiet))
    first = None
    if levels.stage is not None:  # another level of theory first; the data begin with what it learnt
        steps = SMOKE_STEPS if smoke else None
        first = pretrain(
            recipe, model, levels.stage, folder=desk.path, store=store, steps=steps, resume=resume, quiet=quiet
        )
        model = with_heads(first.potential, recipe)
        held |= first.held_out(model)
    desk.say(describe_weights(model, head))
    graphs = graphs_of(model, parts, head, skin=loss.skin, store=store, quiet=quiet)
    build = partial(graphs_for, model, store=store, quiet=quiet)

    # 3. reference: E0 of the target level of theory, and the table of how every policy would do; then of the other heads
    referenced = compare_policies(model, parts.fitted_on, **reference_of(recipe), graphs=graphs["basis"], head=head)
    for part in parts.all().values():  # the new reference may know fewer elements than the network does
        check_elements(referenced.potential, part, head)
    desk.write("reference.json", referenced.potential.reference(head).to_json())
    desk.say("\n".join(filter(None, [str(referenced.table), referenced.warning, *map(str, referenced.findings)])))
    joined = join(recipe, model, referenced.potential, levels.companions, heads=heads, build=build)
    desk.references(joined.potential, heads.values())
    desk.say(joined.describe())
    held |= held_out_of(joined, heads, build, parts.fitted_on)
    findings = [*read.findings, *referenced.findings, *joined.findings]
    return _Begun(joined, heads, graphs, referenced, loss, first, held, findings)


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
