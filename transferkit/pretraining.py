"""Pre-training: the first stage of a run, on another level of theory, in a folder of its own."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from transferkit.adapters.batch import Graph
from transferkit.adapters.graphs import build_graphs, check_elements, take
from transferkit.adapters.heads import head_for
from transferkit.adapters.potential import ReferencedPotential
from transferkit.counter import counter
from transferkit.data.chosen_labels import only_labels
from transferkit.data.leaks import Places
from transferkit.data.quarantine import Sifted
from transferkit.data.split import Parts
from transferkit.data.structures import Structures
from transferkit.division import few, known_to, placed, seed_of
from transferkit.errors import DataError, Interrupted, RecipeError
from transferkit.evaluation.forgetting import HeldOut
from transferkit.finetuning.strategy import Strategy
from transferkit.recipe import Recipe, identity
from transferkit.reference.elemental import ElementalReference
from transferkit.rereferencing import Rereferenced, compare_policies
from transferkit.resolve import consistency_of, length_of, limits_of, loss_of, optimiser_of, read_source
from transferkit.run_folder import FIRST_RANK, write_json
from transferkit.training.excursion import check_steps
from transferkit.training.fit import FitResult, fit
from transferkit.typing import PROPERTIES, Json

FOLDER = "pretrain"
"""Folder of the stage, inside that of the run."""


@dataclass(frozen=True, eq=False)
class Stage:
    """What pre-training learns from.

    Attributes:
        data: all structures of the level, with all labels
        train: structures to learn from, of groups that the target neither validates nor tests on
        valid: structures that choose the best weights, of groups that the target validates on
        held: structures of groups that the target tests on, with all labels; on them forgetting is measured
        found: how they were divided
    """

    data: Structures
    train: Structures
    valid: Structures
    held: Structures
    found: Places

    def describe(self) -> str:
        """One line for people."""
        labels = ", ".join(f"{p} {n}" for p in PROPERTIES if (n := int(self.train.mask[p].sum())))
        return (
            f"pretrain: {self.data.fidelity}, {len(self.train)} structures ({labels}), {len(self.valid)} to choose by, "
            f"{len(self.held)} held out"
        )

    def to_json(self) -> Json:
        """A JSON object."""
        return {
            "fidelity": self.data.fidelity,
            "label_convention": self.data.label_convention,
            "hash": self.data.hash,
            "structures": {"train": len(self.train), "valid": len(self.valid), "held_out": len(self.held)},
            "labels": {p: n for p in PROPERTIES if (n := int(self.train.mask[p].sum()))},
        }


@dataclass(frozen=True, eq=False)
class Pretrained:
    """What pre-training gave.

    Attributes:
        potential: with the weights of the lowest validation loss of the stage
        stage: what it learnt from
        fitted: of the loop
        referenced: how E0 of its head moved; None where it was kept
        head: that was trained, as it was called then
        index: of that head, which may be renamed afterwards
        graphs: of ``stage.held``
        reference: E0 of that head, at the end
        policy: by which it was set
        caution: what to know about the structures that chose the best weights, if anything
    """

    potential: ReferencedPotential
    stage: Stage
    fitted: FitResult
    referenced: Rereferenced | None
    head: str
    index: int
    graphs: Sequence[Graph]
    reference: ElementalReference
    policy: str
    caution: str | None = None

    def held_out(self, model: ReferencedPotential) -> dict[str, HeldOut]:
        """What forgetting of this level is measured on, with the E0 that it had, by a name for people.

        Args:
            model: the pre-trained potential with the heads that were added since
        """
        fitted_on = None if self.referenced is None else self.stage.train
        head = model.adapter.heads[self.index]
        one = HeldOut(self.stage.held, head, self.graphs, self.reference, fitted_on)
        return {f"{self.stage.data.fidelity} labels held out of pretrain": one}

    def to_json(self) -> Json:
        """For ``result.json``."""
        return self.stage.to_json() | {
            "head": self.head,
            "policy": self.policy,
            "steps": self.fitted.steps,
            "epochs": self.fitted.epochs,
            "best_step": self.fitted.best_step,
            "best_epoch": self.fitted.best_epoch,
            "wall_s": self.fitted.wall_s,
            "stopped": self.fitted.stopped,
            "caution": self.caution,
        }


def read_stage(recipe: Recipe) -> Sifted:
    """Structures that a recipe pre-trains on, without the frames that its quarantine takes out.

    Raises:
        RecipeError: it pre-trains on nothing.
    """
    if recipe.pretrain is None:
        raise RecipeError(f"recipe {recipe.name!r} has no pretrain.")
    return read_source(recipe.pretrain, limits_of(recipe))


def divide_stage(recipe: Recipe, data: Structures, target: Structures, parts: Parts, *, smoke: bool = False) -> Stage:
    """Divide the structures of the stage by the parts of the target.

    Args:
        recipe: resolved
        data: structures of the stage
        target: all structures of the target
        parts: of the target
        smoke: at most as many structures as a smoke run trains on

    Raises:
        DataError: a pair of one id differs in geometry, a label is named that the set lacks, or nothing is left to train on or
            to choose by.
        SplitError: the set lacks the column by which the target is divided.
        RecipeError: the structures cannot step aside as ``loss.consistency`` asks for.
    """
    options, split = recipe.pretrain, recipe.data.split
    if options is None:
        raise RecipeError(f"recipe {recipe.name!r} has no pretrain.")
    found = placed(recipe, data, target, parts).with_valid(data, by=split.by, seed=seed_of(recipe))
    if not (len(found.free) and len(found.valid)):
        what = "train on" if not len(found.free) else "choose the best weights by"
        raise DataError(
            f"pretrain ({options.source}, {data.fidelity}): nothing is left to {what}. Of {len(data)} structures, {len(found.tests)} belong to "
            f"groups that the data test on and {len(found.valid)} to groups that they validate on ({split.by}). Give other structures."
        )
    learnt = only_labels(data, options.labels, option="pretrain.labels")
    train, held = learnt[found.free], data[found.tests]
    train = few(train, recipe.seed) if smoke else train
    if (losses := consistency_of(recipe)) is not None:  # the stage has the loss of the recipe
        check_steps(losses, train, of="pretrain")
    return Stage(data, train, learnt[found.valid], held, found)


def pretrain(
    recipe: Recipe,
    model: ReferencedPotential,
    stage: Stage,
    *,
    folder: Path,
    store: Path | None,
    steps: int | None = None,
    resume: bool,
    quiet: bool,
) -> Pretrained:
    """Train on the other level; a run that was interrupted here goes on here.

    Args:
        recipe: resolved
        model: as the recipe begins
        stage: what is learnt from
        folder: of the run; the stage writes to ``pretrain/`` in it
        store: of graphs
        steps: of a smoke run
        resume: continue what is there
        quiet: show no progress

    Raises:
        Interrupted: the user stopped it; what was done is kept.
    """
    options = recipe.pretrain
    if options is None:
        raise RecipeError(f"recipe {recipe.name!r} has no pretrain.")
    head = head_for(model, options.fidelity, options.head)
    loss = loss_of(recipe, model.adapter.capabilities.properties)
    with counter(f"building graphs of {stage.data.fidelity}", quiet=quiet or not FIRST_RANK) as tell:
        graphs = {
            name: build_graphs(model, data, skin=skin, head=head, progress=tell, store=store)
            for name, data, skin in (
                ("train", stage.train, loss.skin),
                ("valid", stage.valid, 0.0),
                ("held", stage.held, 0.0),
            )
        }
    referenced = referenced_for(recipe, model, stage, graphs["train"])
    begin = model if referenced is None else referenced.potential
    for data in (stage.train, stage.valid, stage.held):
        check_elements(begin, data, head)
    known, caution = known_to(stage.train, stage.valid)  # what E0 cannot know must not choose here either
    optimiser = optimiser_of(recipe)
    if options.learning_rate is not None:
        optimiser = replace(optimiser, learning_rate=options.learning_rate)
    fitted = fit(
        begin,
        stage.train,
        stage.valid[known],
        graphs=graphs["train"],
        valid_graphs=take(graphs["valid"], known),
        strategy=Strategy("full"),
        loss=loss,
        optimiser=optimiser,
        **length_of_stage(recipe, steps),
        seed=recipe.seed,
        head=head,
        folder=folder / FOLDER,
        # Its parts follow from the data, too: another test part must not go on with weights that saw it.
        identity="-".join(one[:16] for one in (identity(recipe), stage.train.hash, stage.valid.hash, FOLDER)),
        config=recipe.model_dump(mode="json"),
        resume=resume,
        quiet=quiet,
    )
    if fitted.stopped == "interrupted":
        raise Interrupted(
            f"interrupted at step {fitted.steps} of pre-training; {folder / FOLDER / 'checkpoint'} holds everything so far. "
            f"The same command goes on from there."
        )
    trained = fitted.potential
    index, e0 = trained.head_index(head), trained.reference(head)
    done = Pretrained(trained, stage, fitted, referenced, head, index, graphs["held"], e0, options.reference, caution)
    if FIRST_RANK:
        write_json(folder / FOLDER / "reference.json", e0.to_json())
        write_json(folder / FOLDER / "stage.json", done.to_json())
    return done


def referenced_for(
    recipe: Recipe, model: ReferencedPotential, stage: Stage, graphs: Sequence[Graph] | None, **more: Any
) -> Rereferenced | None:
    """E0 of the head of the stage, fitted to it by the policy of the recipe; None where it is kept.

    Args:
        recipe: resolved
        model: as the recipe begins
        stage: what is learnt from
        graphs: of its training structures; built where they are not given
        more: for :func:`~transferkit.rereferencing.compare_policies`
    """
    options = recipe.pretrain
    if options is None or options.reference == "keep":
        return None
    return compare_policies(
        model,
        stage.train,
        policy=options.reference,
        trainable=recipe.reference.trainable,
        method=recipe.reference.method,
        ridge=recipe.reference.ridge,
        graphs=graphs,
        head=head_for(model, options.fidelity, options.head),
        **more,
    )


def length_of_stage(recipe: Recipe, steps: int | None = None) -> Json:
    """How long pre-training is, in batches like those of training: arguments of :func:`transferkit.training.fit.fit`.

    Args:
        recipe: with ``pretrain``
        steps: of a smoke run
    """
    options = recipe.pretrain
    own = {} if options is None else {"epochs": options.epochs, "steps": options.steps}
    return length_of(recipe) | own | ({} if steps is None else {"steps": steps, "epochs": None})
