"""fit: put a run together, train, hand back the best weights. The loop itself: :mod:`transferkit.training.loop`."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path
from typing import Any, Literal

import torch

from transferkit.adapters.base import Graph
from transferkit.adapters.graphs import build_graphs
from transferkit.adapters.heads import head_for
from transferkit.adapters.potential import ReferencedPotential
from transferkit.data.structures import Structures
from transferkit.finetuning.anchor import Anchor, Pull
from transferkit.finetuning.plan import Plan
from transferkit.finetuning.strategy import Strategy, apply
from transferkit.training.distributed import ranks
from transferkit.training.ema import Ema
from transferkit.training.excursion import Excursions
from transferkit.training.feed import Feed, feed_of
from transferkit.training.interrupt import interruption
from transferkit.training.labels import choosing, learnable
from transferkit.training.loop import Stopped, loop
from transferkit.training.loss import Loss, Objective
from transferkit.training.mixture import Beside
from transferkit.training.notes import notes_on, sets_note, shared_note
from transferkit.training.optimiser import Optimiser, Schedule, make
from transferkit.training.progress import Display
from transferkit.training.session import Session, Store, check_numbers, config_of, fingerprint
from transferkit.training.state import State
from transferkit.training.track import JsonlTracker, Tracker
from transferkit.typing import Json, Property

NOT_BETTER = "no evaluation was better than before training: the weights returned are those of step 0"


@dataclass(frozen=True, eq=False)
class FitResult:
    """What a run gave.

    Attributes:
        potential: a copy with the weights of the lowest validation loss (those from before training, if none was lower), or of the last step
        history: one row per evaluation, as in ``metrics.jsonl``; with sets beside the target ``train`` holds ``heads``, with
            loss and errors of each set, and ``loss`` is their weighted sum
        best_step: optimiser step of the weights returned; 0 is before training
        best_epoch: its epoch
        steps: optimiser steps done
        epochs: epochs begun
        stopped: why training ended
        wall_s: seconds, over all sessions of the run
        plan: groups of parameters and exact counts
        absent: labels with a weight that all training data lack
        notes: what a reader of the result should know
    """

    potential: ReferencedPotential
    history: list[Json]
    best_step: int
    best_epoch: int
    steps: int
    epochs: int
    stopped: Stopped
    wall_s: float
    plan: Plan
    absent: tuple[Property, ...]
    notes: tuple[str, ...]

    @property
    def model(self) -> ReferencedPotential:
        """The trained potential, as the notebook verbs call it."""
        return self.potential


def fit(
    potential: ReferencedPotential,
    train: Structures,
    valid: Structures,
    *,
    graphs: Sequence[Graph] | None = None,
    valid_graphs: Sequence[Graph] | None = None,
    strategy: Strategy | None = None,
    loss: Loss | None = None,
    optimiser: Optimiser | None = None,
    epochs: int | None = None,
    steps: int | None = None,
    edges: int = 20_000,
    structures: int | None = None,
    evaluate_every: int = 1,
    evaluate_unit: Literal["epochs", "steps"] = "epochs",
    ema: float | None = None,
    clip: float | None = None,
    patience: int | None = None,
    keep: Literal["best", "last"] = "best",
    seed: int = 0,
    head: str | None = None,
    beside: Sequence[Beside] = (),
    anchor: Anchor | None = None,
    folder: str | Path | None = None,
    identity: str | None = None,
    resume: bool = False,
    save_every: int | None = None,
    tracker: Tracker | None = None,
    config: Json | None = None,
    quiet: bool = False,
    device: torch.device | str | None = None,
) -> FitResult:
    """Fine-tune a copy of a potential, and return the best weights by validation loss.

    The potential handed in is left as it was. What it predicts before training is evaluated first and competes:
    the result is never worse on the validation part than the start.

    Args:
        potential: usually re-referenced to the level of theory of the labels
        train: structures to learn from
        valid: structures to choose by
        graphs: of ``train``, with a skin of ``loss.skin`` Å; built here if not given
        valid_graphs: of ``valid``, built here if not given
        strategy: what may change; everything if not given
        loss: shape and weights; Huber with the published weights if not given
        optimiser: Adam with a cosine per step if not given
        epochs: passes over ``train``; give this or ``steps``
        steps: optimiser steps; epochs roll on, and the last one is cut
        edges: most directed edges in a batch, over all ranks
        structures: most structures in a batch, over all ranks
        evaluate_every: epochs (or steps) between two evaluations on ``valid``
        evaluate_unit: what ``evaluate_every`` counts
        ema: decay of an average of the weights, which is then what is evaluated and returned
        clip: largest norm of the gradient
        keep: the weights of the lowest loss on ``valid``, or those of the last step
        patience: end after this many evaluations without a lower validation loss
        seed: of the order of structures
        head: that these data train; by their level of theory if not given, see
            :func:`~transferkit.adapters.heads.head_for`
        beside: sets that are trained on at the same time, each through its head. Epochs, the order of the structures in
            ``train``, validation and choice are those of ``train`` and ``valid``; see :mod:`transferkit.training.mixture`
        anchor: pull towards the weights at the start; see :mod:`transferkit.finetuning.anchor`
        folder: of the run, for ``checkpoint/`` and ``metrics.jsonl``; nothing is written if not given
        identity: of the run; a hash of weights, data and settings if not given
        resume: continue from a checkpoint in ``folder`` if there is one; otherwise one of the same run is dropped
        save_every: steps between two checkpoints besides those at every evaluation
        tracker: told about metrics; ``metrics.jsonl`` in ``folder`` if not given
        config: what the tracker is told besides
        quiet: show no progress
        device: where to train; where the potential is, if not given. Apple's MPS lacks float64 and cannot be used.

    Raises:
        RecipeError: options contradict each other.
        UnknownHead: no head is called so, or nothing says which of several is meant.
        UnsupportedProperty: a label has a weight that the adapter does not predict.
        DataError: a part is empty or has none of the weighted labels.
        GraphError: ``graphs`` have less skin than the consistency losses need.
        RunFolderError: ``folder`` holds another run.
        TrainingDiverged: the loss or its gradient became NaN or infinite; the last good checkpoint is kept.

    >>> import transferkit as tk
    >>> from transferkit.adapters.toy import Toy
    >>> data = tk.bundled("gpaw-pbe-r2scan")
    >>> result = fit(Toy.load("demo"), data[:24], data[24:32], steps=3, structures=8, quiet=True)
    >>> result.steps, result.stopped, len(result.history)
    (3, 'finished', 2)
    """
    check_numbers(
        epochs=epochs, steps=steps, ema=ema, clip=clip, patience=patience, edges=edges, structures=structures,
        evaluate_every=evaluate_every, save_every=save_every,
    )  # fmt: skip
    strategy, loss, optimiser = strategy or Strategy(), loss or Loss(), optimiser or Optimiser()
    head = head_for(potential, train.fidelity, head)
    settings: dict[str, Any] = {
        "strategy": strategy, "loss": loss, "optimiser": optimiser, "epochs": epochs, "steps": steps, "edges": edges,
        "structures": structures, "evaluate_every": [evaluate_every, evaluate_unit], "ema": ema, "clip": clip,
        "patience": patience, "seed": seed, "head": head,
    }  # fmt: skip
    if beside:
        settings["beside"] = [{"head": b.head, "ratio": b.ratio, "weight": b.weight} for b in beside]
    if keep != "best":
        settings["keep"] = keep
    if anchor is not None:
        settings["anchor"] = anchor.to_json()
    with ranks(device or potential.e0.device) as here:
        # 1. A copy is trained, so that whoever called keeps what they had; the strategy opens and closes its blocks.
        model = deepcopy(potential).to(here.device)
        heads = [*dict.fromkeys([head, *(b.head for b in beside)])]
        plan = apply(model, strategy, heads=heads)
        pull = None if anchor is None else Pull(anchor, model, plan)  # before anything is restored

        # 2. What can be learnt: labels that have a weight, that the adapter predicts and that the data hold.
        need, absent = learnable(loss.weights, model.adapter, train, valid, [b.data for b in beside])
        valid_need = choosing(need, train)
        notes = notes_on(absent, sorted(p for p in valid_need if not valid.mask[p].any()))
        notes = (*notes, *shared_note(plan, model.adapter.heads, heads))

        # 3. Graphs once, not in the loop. The batches of an epoch do not depend on the number of ranks.
        graphs = build_graphs(model, train, skin=loss.skin, head=head) if graphs is None else graphs
        valid_graphs = build_graphs(model, valid, head=head) if valid_graphs is None else valid_graphs
        feed = feed_of(model, train, graphs, head, beside, edges=edges, structures=structures, seed=seed)
        notes = (*notes, *sets_note(feed.mixture, need))

        # 4. The schedule needs to know the last step, so that it has the same shape at every data size.
        total = steps if steps is not None else feed.steps(epochs or 0)
        state = State(
            model,
            make(optimiser, plan.groups),
            Schedule(optimiser, total),
            None if ema is None else Ema(plan.parameters, ema),
        )

        # 5. Continue an earlier session of this run, to the same digits, or start.
        name = identity or fingerprint(model, [train, valid, *(b.data for b in beside)], settings)
        store = Store(None if folder is None else Path(folder) / "checkpoint", name, here.first)
        resumed = store.resume(state, resume=resume)
        here.wait()
        told = tracker or (None if folder is None else JsonlTracker(folder))
        session = Session(
            here=here,
            objective=Objective(model, loss, need, None if feed.mixture is None else feed.mixture.weights),
            plan=plan,
            feed=feed,
            valid=Feed(valid, valid_graphs, model.adapter, model.head_index(head), edges, structures, seed),
            state=state,
            store=store,
            tracker=told if here.first else None,
            display=Display(total, done=state.progress.step, quiet=quiet or not here.first),
            total=total,
            every=evaluate_every,
            unit=evaluate_unit,
            save_every=save_every,
            clip=clip or inf,
            patience=patience,
            valid_need=valid_need,
            pull=pull,
            keep=keep,
            excursions=None if loss.consistency is None else Excursions(feed, loss.consistency, total),
        )
        if session.tracker is not None:
            session.tracker.start(config_of(plan, settings, config), state.progress.history)
        for text in (plan.summary(), *notes, *([f"resumed at step {state.progress.step}"] if resumed else [])):
            session.display.note(text)

        # 6. Train.
        with session.display, interruption() as request:
            stopped = loop(session, request)

        # 7. Hand back the best weights, and say so if they are those from before training.
        progress = state.progress
        if progress.step and not progress.best_step:
            notes = (*notes, NOT_BETTER)
            session.display.note(NOT_BETTER)
        model.load_state_dict(state.best)
        model.zero_grad(set_to_none=True)
        if progress.best_step:  # each head now stands for what its labels are; the first set of a head says so
            for name, data in ({b.head: b.data for b in reversed(beside)} | {head: train}).items():
                learnt = replace(model.reference(name), fidelity=data.fidelity, label_convention=data.label_convention)
                model = model.with_reference(learnt, name, trainable=model.trainable_reference)
    return FitResult(
        potential=model,
        history=progress.history,
        best_step=progress.best_step,
        best_epoch=progress.best_epoch,
        steps=progress.step,
        epochs=progress.epoch if progress.step else 0,
        stopped=stopped,
        wall_s=progress.wall_s,
        plan=plan,
        absent=absent,
        notes=notes,
    )
