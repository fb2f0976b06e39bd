"""Prepare: everything that one run would work with, up to its first step."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from transferkit.adapters.graphs import check_elements
from transferkit.adapters.potential import ReferencedPotential
from transferkit.adapters.registry import adapter_class
from transferkit.data.check import check
from transferkit.data.finding import Finding
from transferkit.data.quarantine import Sifted
from transferkit.data.split import Parts
from transferkit.data.structures import Structures
from transferkit.division import divide
from transferkit.errors import RunFolderError
from transferkit.finetuning.anchor import Anchor
from transferkit.finetuning.plan import Plan
from transferkit.pool import Job
from transferkit.preview.attempts import Attempts, key_of
from transferkit.preview.measure import Trial
from transferkit.preview.prepare_levels import PreparedLevels, groups, labelled, meet, prepare_levels
from transferkit.recipe import Recipe
from transferkit.rereferencing import Rereferenced, compare_policies
from transferkit.resolve import limits_of, loss_of, optimiser_of, read_data, reference_of, source_data, strategy_of
from transferkit.run_folder import examine, writable
from transferkit.starting import TARGET, foreseen, start
from transferkit.training.labels import choosing, learnable
from transferkit.training.mixture import Beside
from transferkit.training.notes import notes_on
from transferkit.training.track import open_tracker
from transferkit.typing import Property


@dataclass(eq=False)
class Prepared:
    """One run before its first step; what a mistake kept from being made is None.

    Attributes:
        job: variant, seed, recipe, folder
        keys: under which shared work was done: "data", "potential", "parts", "reference"
        state: of the folder: "new", "begun", "finished"
        sifted: data and what was taken out
        findings: what looks wrong in them
        parts: of the data
        levels: everything else that is read
        model: potential as it is loaded, with the heads that are added
        heads: that each set goes through, by its name
        plan: blocks
        referenced: with the new E0; the network's part of it is left out, so it is right in kind and not in value
        need: labels that enter the loss
        cautions: what looks wrong where data and potential meet
        notes: what to know
    """

    job: Job
    keys: dict[str, Any] = field(default_factory=dict)
    state: str | None = None
    sifted: Sifted | None = None
    findings: tuple[Finding, ...] = ()
    parts: Parts | None = None
    levels: PreparedLevels = field(default_factory=PreparedLevels)
    model: ReferencedPotential | None = None
    heads: dict[str, str] = field(default_factory=dict)
    plan: Plan | None = None
    referenced: Rereferenced | None = None
    need: frozenset[Property] = frozenset()
    cautions: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def head(self) -> str | None:
        """The head that the data go through."""
        return self.heads.get(TARGET)

    def trial(self, beside: tuple[Beside, ...] = ()) -> Trial:
        """What a step is measured with.

        Args:
            beside: sets that are trained on at the same time

        Raises:
            RunFolderError: never where the run can start; a stage before failed.
        """
        if self.referenced is None:
            raise RunFolderError(f"{self.job.name} cannot start.")
        recipe, batch = self.job.recipe, self.job.recipe.training.batch
        potential = self.referenced.potential
        return Trial(
            potential,
            strategy_of(recipe),
            loss_of(recipe, potential.adapter.capabilities.properties),
            optimiser_of(recipe),
            self.need,
            self.referenced.head,
            ema=recipe.training.ema,
            budget=batch.edges,
            structures=batch.structures,
            seed=recipe.seed,
            beside=beside,
            anchor=None if recipe.anchor is None else Anchor(recipe.anchor.strength, on=recipe.anchor.on),
        )

    @property
    def complete(self) -> bool:
        """Whether nothing was found that keeps it from starting."""
        return bool(self.referenced and self.plan and self.need and self.state and self.levels.complete)


def prepare(job: Job, attempts: Attempts, *, smoke: bool = False) -> Prepared:
    """Do everything that comes before the first step and is quick; go on after a mistake with whatever does not need it.

    Args:
        job: one run
        attempts: shared by all runs of a recipe
        smoke: as in :func:`transferkit.pipeline.run`
    """
    found = Prepared(job)
    where, recipe = job.name if job.variant else "", job.recipe
    found.state = attempts.once(where, ("folder", str(job.folder)), lambda: state_of(job.folder, recipe, smoke=smoke))
    attempts.once(where, ("tracking", key_of(recipe.tracking)), lambda: _tracking(recipe))
    _data(found, attempts, where, smoke=smoke)
    key = found.keys.get("parts")
    found.levels = prepare_levels(recipe, found.sifted, found.parts, attempts, where, key=key, smoke=smoke)
    _potential(found, attempts, where)
    _together(found, attempts, where)
    return found


def state_of(folder: Path, recipe: Recipe, *, smoke: bool) -> str:
    """How far the work in a folder is: "new", "begun" or "finished".

    Raises:
        RunFolderError: it belongs to something else, or cannot be written to.
    """
    writable(folder)
    return examine(folder, recipe, smoke=smoke)


def _tracking(recipe: Recipe) -> None:
    options = recipe.tracking.wandb
    open_tracker(".", name=recipe.name, wandb=None if options is None else options.model_dump())


def _data(found: Prepared, attempts: Attempts, where: str, *, smoke: bool) -> None:
    """Read, look for what is wrong, divide."""
    recipe = found.job.recipe
    options = recipe.data.model_dump(mode="json", exclude={"split", "subset", "labels"})
    found.keys["data"] = ("data", key_of(options))
    found.sifted = attempts.once(where, found.keys["data"], lambda: read_data(recipe))
    if (sifted := found.sifted) is None:
        return
    found.findings = tuple(
        attempts.once(where, ("findings", key_of(options)), lambda: check(sifted.kept, limits_of(recipe))) or ()
    )
    found.keys["parts"] = (
        "parts",
        key_of(
            options,
            recipe.data.labels,
            recipe.data.split,
            recipe.data.subset,
            recipe.seed,
            recipe.reference.fit_on,
            recipe.training.augmentation,
        ),
    )
    found.parts = attempts.once(where, found.keys["parts"], lambda: divide(recipe, sifted.kept, smoke=smoke))


def _potential(found: Prepared, attempts: Attempts, where: str) -> None:
    """Load, choose the head, apply the strategy."""
    recipe = found.job.recipe
    scratch = recipe.strategy.model_dump(mode="json") if recipe.strategy.kind == "from-scratch" else None
    asked = [
        group.model_dump(mode="json", include={"fidelity", "head", "new_head", "scratch"})
        for group in groups(recipe).values()
    ]
    found.keys["potential"] = ("potential", key_of(recipe.adapter, scratch, *asked))
    package = ("package", recipe.adapter.name)  # apart from loading: a process imports once
    if attempts.once(where, package, lambda: adapter_class(recipe.adapter.name)) is None:
        return
    begin = attempts.once(where, found.keys["potential"], lambda: start(recipe))
    if recipe.reference.source_data is not None:
        attempts.once(where, _source_key(recipe), lambda: source_data(recipe))
    if begin is None:
        return
    found.model = begin
    chosen = ("head", found.keys["potential"], recipe.data.fidelity)
    met = attempts.once(where, chosen, lambda: foreseen(begin, recipe))
    if met is None:
        return
    model, found.heads = met
    found.model, head = model, met[1][TARGET]
    trial = Trial(
        model.with_reference(model.reference(head), head, trainable=recipe.reference.trainable),
        strategy_of(recipe),
        loss_of(recipe, model.adapter.capabilities.properties),
        optimiser_of(recipe),
        frozenset(),
        head,
        others=tuple(found.heads.values()),
    )
    key = ("plan", found.keys["potential"], key_of(recipe.strategy, recipe.reference.trainable, recipe.data.fidelity))
    found.plan = attempts.once(where, key, trial.plan)
    if found.parts is not None:
        both = (found.keys["potential"], found.keys["parts"])
        meet(found.levels, recipe, begin, model, found.heads, attempts=attempts, where=where, key=both)


def _together(found: Prepared, attempts: Attempts, where: str) -> None:
    """Elements, labels and reference: what needs both data and potential."""
    model, parts, head, recipe = found.model, found.parts, found.head, found.job.recipe
    if model is None or parts is None or head is None:
        return
    shared = (found.keys["potential"], found.keys["parts"])
    beside = [labelled(c, model.adapter.capabilities.properties) for c in found.levels.companions]
    weights = loss_of(recipe, model.adapter.capabilities.properties).weights
    learnt = attempts.once(
        where,
        ("labels", shared, key_of(recipe.loss, *recipe.beside)),
        lambda: learnable(weights, model.adapter, parts.train, parts.valid, beside),
    )
    if learnt is not None:
        found.need, absent = learnt
        chooses = choosing(found.need, parts.train)
        found.notes = notes_on(absent, sorted(p for p in chooses if not parts.valid.mask[p].any()))
    if attempts.once(where, ("elements", shared), lambda: _know(model, head, parts.all())) is None:
        return
    if recipe.reference.source_data is not None and not attempts.seconds(_source_key(recipe)):
        return
    found.keys["reference"] = ("reference", shared, key_of(recipe.reference))
    found.referenced = attempts.once(where, found.keys["reference"], lambda: _refer(recipe, model, head, parts))
    if found.referenced is not None:
        potential = found.referenced.potential
        for other, done in found.levels.referenced.items():
            potential = potential.with_reference(
                done.potential.reference(other), other, trainable=recipe.reference.trainable
            )
        found.referenced = replace(found.referenced, potential=potential)
        others = (f for done in found.levels.referenced.values() for f in done.findings)
        found.cautions = (*found.referenced.findings, *others)


def _source_key(recipe: Recipe) -> tuple[object, ...]:
    """What the source labels depend on: also on whether frames that cannot be used are left out."""
    return ("source", key_of(recipe.reference, recipe.data.quarantine is None))


def _know(model: ReferencedPotential, head: str, parts: Mapping[str, Structures]) -> bool:
    """Whether every element of every part is known; raises for the first structure with one that is not."""
    for data in parts.values():
        check_elements(model, data, head)
    return True


def _refer(recipe: Recipe, model: ReferencedPotential, head: str, parts: Parts) -> Rereferenced:
    """The policy applied to labels alone: what it can and cannot determine, and whether it applies at all."""
    blank = np.zeros(len(parts.fitted_on))
    done = compare_policies(model, parts.fitted_on, **reference_of(recipe), head=head, network=blank, stand_in=True)
    _know(done.potential, head, parts.all())
    return done
