"""Prepare: everything that one run would work with, up to its first step."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from transferkit.adapters.graphs import check_elements
from transferkit.adapters.heads import head_for
from transferkit.adapters.potential import ReferencedPotential
from transferkit.adapters.registry import adapter_class
from transferkit.data.check import check
from transferkit.data.finding import Finding
from transferkit.data.quarantine import Sifted
from transferkit.data.split import Parts
from transferkit.data.structures import Structures
from transferkit.division import divide
from transferkit.errors import RunFolderError
from transferkit.finetuning.plan import Plan
from transferkit.pipeline import start
from transferkit.pool import Job
from transferkit.preview.attempts import Attempts, key_of
from transferkit.preview.measure import Trial
from transferkit.recipe import Recipe
from transferkit.rereferencing import Rereferenced, compare_policies
from transferkit.resolve import limits_of, loss_of, optimiser_of, read_data, reference_of, source_data, strategy_of
from transferkit.run_folder import examine, writable
from transferkit.training.labels import learnable
from transferkit.training.session import notes_on
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
        model: potential as it is loaded
        head: that is trained
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
    model: ReferencedPotential | None = None
    head: str | None = None
    plan: Plan | None = None
    referenced: Rereferenced | None = None
    need: frozenset[Property] = frozenset()
    cautions: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()

    def trial(self) -> Trial:
        """What a step is measured with.

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
        )

    @property
    def complete(self) -> bool:
        """Whether nothing was found that keeps it from starting."""
        return bool(self.referenced and self.plan and self.need and self.state)


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
    options = recipe.data.model_dump(mode="json", exclude={"split", "subset"})
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
    found.keys["potential"] = ("potential", key_of(recipe.adapter, scratch))
    package = ("package", recipe.adapter.name)  # apart from loading: a process imports once
    if attempts.once(where, package, lambda: adapter_class(recipe.adapter.name)) is None:
        return
    found.model = model = attempts.once(where, found.keys["potential"], lambda: start(recipe))
    if recipe.reference.source_data is not None:
        attempts.once(where, _source_key(recipe), lambda: source_data(recipe))
    if model is None:
        return
    chosen = ("head", found.keys["potential"], recipe.data.fidelity)
    found.head = head = attempts.once(where, chosen, lambda: head_for(model, recipe.data.fidelity, recipe.adapter.head))
    if head is None:
        return
    trial = Trial(
        model.with_reference(model.reference(head), head, trainable=recipe.reference.trainable),
        strategy_of(recipe),
        loss_of(recipe, model.adapter.capabilities.properties),
        optimiser_of(recipe),
        frozenset(),
        head,
    )
    key = ("plan", found.keys["potential"], key_of(recipe.strategy, recipe.reference.trainable, recipe.data.fidelity))
    found.plan = attempts.once(where, key, trial.plan)


def _together(found: Prepared, attempts: Attempts, where: str) -> None:
    """Elements, labels and reference: what needs both data and potential."""
    model, parts, head, recipe = found.model, found.parts, found.head, found.job.recipe
    if model is None or parts is None or head is None:
        return
    shared = (found.keys["potential"], found.keys["parts"])
    weights = loss_of(recipe, model.adapter.capabilities.properties).weights
    learnt = attempts.once(
        where,
        ("labels", shared, key_of(recipe.loss)),
        lambda: learnable(weights, model.adapter, parts.train, parts.valid),
    )
    if learnt is not None:
        found.need, absent = learnt
        found.notes = notes_on(absent, sorted(p for p in found.need if not parts.valid.mask[p].any()))
    if attempts.once(where, ("elements", shared), lambda: _know(model, head, parts.all())) is None:
        return
    if recipe.reference.source_data is not None and not attempts.seconds(_source_key(recipe)):
        return
    found.keys["reference"] = ("reference", shared, key_of(recipe.reference))
    found.referenced = attempts.once(where, found.keys["reference"], lambda: _refer(recipe, model, head, parts))
    if found.referenced is not None:
        found.cautions = tuple(found.referenced.findings)


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
