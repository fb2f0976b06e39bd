"""Session: what one call of ``fit`` works with, put together and checked before the first step."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from transferkit.adapters.base import Batch
from transferkit.adapters.potential import ReferencedPotential
from transferkit.data.structures import Structures
from transferkit.errors import RecipeError
from transferkit.finetuning.anchor import Anchor, Pull
from transferkit.finetuning.plan import Plan
from transferkit.training import checkpoint
from transferkit.training.consistency import Moves
from transferkit.training.distributed import Ranks
from transferkit.training.excursion import Excursions
from transferkit.training.feed import Feed, remaining
from transferkit.training.labels import Labels
from transferkit.training.loss import Loss, Objective
from transferkit.training.progress import Display
from transferkit.training.state import Progress, State
from transferkit.training.track import Tracker
from transferkit.typing import Json, Property

SAVE_SHORT_S = 10.0
"""Seconds since the last checkpoint from which on the end of an epoch writes one."""
SAVE_LONG_S = 600.0
"""Seconds since the last checkpoint from which on any step writes one: epochs of large sets take hours."""

Loaded = tuple[Batch, Labels, Moves | None]
"""What the objective takes: structures, their labels, and their steps aside, all on the device."""


@dataclass(frozen=True, eq=False)
class Store:
    """Checkpoints of one run; without a folder, none.

    Attributes:
        folder: ``checkpoint`` folder, or None
        identity: name or hash of the run that owns it
        writes: whether this rank writes
    """

    folder: Path | None
    identity: str
    writes: bool

    def resume(self, state: State, *, resume: bool) -> bool:
        """Continue from the newest checkpoint if asked to and if there is one; true when it did.

        Raises:
            RunFolderError: the folder belongs to another run.
        """
        if self.folder is None:
            return False
        if self.writes:
            checkpoint.claim(self.folder, self.identity, resume=resume)
        found = checkpoint.load(self.folder) if resume else None
        if found is not None:
            state.restore(*found)
        return found is not None

    def save(self, state: State) -> None:
        """Write what the state is now."""
        if self.folder is not None and self.writes:
            info, tensors = state.save()
            checkpoint.save(self.folder, state.progress.step, {"identity": self.identity, **info}, tensors)


@dataclass(frozen=True, eq=False)
class Session:
    """Everything the loop reads; what it changes is :attr:`state` alone.

    Attributes:
        here: this process among all
        objective: batch in, sums of the loss out
        plan: groups of parameters, and when they open
        feed: training structures
        valid: validation structures
        state: what changes
        store: checkpoints
        tracker: metrics, on the first rank
        display: the bar
        total: optimiser steps of the run
        every: evaluations fall on multiples of this
        unit: "epochs" or "steps"
        save_every: steps between two checkpoints besides those at evaluations
        clip: largest norm of the gradient; infinite for none
        patience: evaluations without a better loss before training ends
        excursions: steps aside for the consistency losses, where there are any
        valid_need: labels that choose the best weights; all that are learnt if not given
        pull: towards the weights at the start, where there is an anchor
        keep: which weights are handed back
    """

    here: Ranks
    objective: Objective
    plan: Plan
    feed: Feed
    valid: Feed
    state: State
    store: Store
    tracker: Tracker | None
    display: Display
    total: int
    every: int
    unit: Literal["epochs", "steps"]
    save_every: int | None
    clip: float
    patience: int | None
    excursions: Excursions | None = None
    valid_need: frozenset[Property] | None = None
    pull: Pull | None = None
    keep: Literal["best", "last"] = "best"

    def loads(self) -> Iterator[Loaded]:
        """What :meth:`load` gives for every global batch that is to come, from where the run stands now.

        It depends on nothing that a step changes, so it may run ahead of the steps.
        """
        return self._loads(replace(self.state.progress))  # copied here, and not when a thread asks for the first

    def _loads(self, place: Progress) -> Iterator[Loaded]:
        for index, _ in remaining(self.feed, place, self.total):
            yield self.load(index, place)
            place.step += 1

    def load(self, index: np.ndarray, place: Progress) -> Loaded:
        """This rank's part of the global batch at a place in the run, and where its structures step aside."""
        mine, hidden = self.here.share(index)
        device = self.here.device
        if self.excursions is None:
            return *self.feed.load(mine, hidden=hidden, device=device), None
        return self.excursions.load(index, mine, hidden=hidden, progress=place, device=device)

    def evaluation_due(self, *, epoch_ends: bool) -> bool:
        """Whether the step just taken is followed by an evaluation; the last one always is."""
        progress = self.state.progress
        if progress.step >= self.total:
            return True
        if self.unit == "steps":
            return progress.step % self.every == 0
        return epoch_ends and progress.epoch % self.every == 0

    def save_due(self, *, epoch_ends: bool, since: float, cost: float = 0.0) -> bool:
        """Whether a checkpoint falls between two evaluations: at the end of an epoch, or in the middle of a long one.

        A process that is killed then loses an epoch at most, or, where epochs are shorter than writing is worth, seconds.

        Args:
            epoch_ends: whether the step just taken was the last of its epoch
            since: seconds since the last checkpoint
            cost: seconds that the last one took; writing takes a twentieth of the time at most
        """
        if self.save_every is not None and self.state.progress.step % self.save_every == 0:
            return True
        return since >= max(SAVE_SHORT_S if epoch_ends else SAVE_LONG_S, 20 * cost)


def check_numbers(
    *, epochs: int | None, steps: int | None, ema: float | None, clip: float | None, **counts: int | None
) -> None:
    """Refuse a run that cannot be meant.

    Raises:
        RecipeError: neither or both of ``epochs`` and ``steps``, or a number out of range.

    >>> check_numbers(epochs=None, steps=10, ema=None, clip=1.0, evaluate_every=1)
    """
    if (epochs is None) == (steps is None):
        raise RecipeError(f"training: give exactly one of epochs and steps; got epochs={epochs}, steps={steps}.")
    if ema is not None and not 0 < ema < 1:
        raise RecipeError(f"training.ema is a decay between 0 and 1; got {ema}.")
    for name, value in {"epochs": epochs, "steps": steps, "clip": clip, **counts}.items():
        if value is not None and not value > 0:
            raise RecipeError(f"training.{name} must be positive; got {value}.")


def fingerprint(model: ReferencedPotential, sets: Sequence[Structures], settings: Mapping[str, Any]) -> str:
    """Identity of a run that was given no name: hash of its weights at the start, its data and its settings."""
    digest = sha256(json.dumps(settings, sort_keys=True, default=plain).encode())
    for data in sets:
        digest.update(data.hash.encode())
    for name, tensor in sorted(model.state_dict().items()):
        # flat first: a dimension of length 1 may have any stride, and view() refuses that even where it is contiguous
        flat = tensor.detach().cpu().contiguous().reshape(-1)
        digest.update(name.encode() + flat.view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()[:16]


def plain(settings: Any) -> Json:
    """Settings as JSON, for records and fingerprints. Newer options are left out at their defaults: they change no old run.

    >>> plain(Loss("mae"))["kind"], "energy_of" in plain(Loss("mae"))
    ('mae', False)
    """
    if isinstance(settings, Anchor):
        return settings.to_json()
    found = asdict(settings)
    if isinstance(settings, Loss) and settings.energy_of == Loss.energy_of:
        del found["energy_of"]
    return found


def config_of(plan: Plan, settings: Mapping[str, Any], more: Json | None) -> Json:
    """What trackers are told about a run."""
    told: Json = json.loads(json.dumps(settings, default=plain))
    return {**told, "strategy": plan.to_json(), **(more or {})}
