"""Everything that changes during a run, and nothing else: what a checkpoint holds."""

import math
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from transferkit.adapters.potential import ReferencedPotential
from transferkit.training.checkpoint import pick
from transferkit.training.ema import Ema
from transferkit.training.optimiser import Schedule
from transferkit.training.tally import Tally
from transferkit.typing import Json


@dataclass
class Progress:
    """Where a run stands; JSON. Randomness is counter-based in (seed, epoch, step), so there is none to store.

    Attributes:
        step: optimiser steps done
        epoch: the epoch under way, from 1
        position: batches of that epoch done
        best_loss: lowest validation loss so far
        best_step: of the weights that are kept: where it was lowest, or the last one; 0 is before training
        best_epoch: of the same
        waited: evaluations since the lowest loss
        out_of_patience: training ended early
        wall_s: seconds of training so far, over all sessions
        history: one row per evaluation
    """

    step: int = 0
    epoch: int = 1
    position: int = 0
    best_loss: float = math.inf
    best_step: int = 0
    best_epoch: int = 0
    waited: int = 0
    out_of_patience: bool = False
    wall_s: float = 0.0
    history: list[Json] = field(default_factory=list)


class State:
    """Weights, optimiser, average, schedule, tally, progress and the best weights so far.

    Args:
        model: what is trained
        optimiser: its moments
        schedule: its memory, where it has one
        ema: average of the weights, or None
    """

    def __init__(
        self, model: ReferencedPotential, optimiser: torch.optim.Optimizer, schedule: Schedule, ema: Ema | None
    ) -> None:
        """Start a run."""
        self.model, self.optimiser, self.schedule, self.ema = model, optimiser, schedule, ema
        self.progress = Progress()
        self.tally = Tally()
        self.best: dict[str, Tensor] = {}

    def evaluated_weights(self) -> AbstractContextManager[None]:
        """Inside, the model holds the weights that are evaluated and kept: the average, where there is one."""
        return self.ema.in_place() if self.ema is not None else nullcontext()

    def keep_best(self, loss: float, *, last: bool = False) -> None:
        """Copy the weights if this validation loss is the lowest so far; else count the wait.

        A copy, never an alias: the model trains on.

        Args:
            loss: on the validation part
            last: copy them in any case
        """
        progress, better = self.progress, loss < self.progress.best_loss
        progress.best_loss = min(loss, progress.best_loss)
        progress.waited = 0 if better else progress.waited + 1
        if better or last:
            progress.best_step, progress.best_epoch = progress.step, progress.epoch if progress.step else 0
            self.best = {k: v.detach().clone() for k, v in self.model.state_dict().items()}

    def save(self) -> tuple[Json, dict[str, Tensor]]:
        """JSON and tensors from which :meth:`restore` continues to the same digits."""
        info: Json = {
            "progress": asdict(self.progress),
            "schedule": self.schedule.state(),
            "tally": self.tally.sums.tolist(),
        }
        moments: dict[int, dict[str, Any]] = self.optimiser.state_dict()["state"]
        parts: dict[str, Mapping[str, Tensor]] = {
            "model": self.model.state_dict(),
            "best": self.best,
            "ema": {} if self.ema is None else self.ema.state(),
            "optimiser": {f"{k}.{name}": torch.as_tensor(v) for k, m in moments.items() for name, v in m.items()},
        }
        return info, {f"{part}.{k}": v for part, tensors in parts.items() for k, v in tensors.items()}

    def restore(self, info: Json, tensors: Mapping[str, Tensor]) -> None:
        """Continue from :meth:`save`."""
        self.progress = Progress(**info["progress"])
        self.schedule.restore(info["schedule"])
        self.tally.sums = np.array(info["tally"])
        self.model.load_state_dict(pick(tensors, "model"))
        device = self.model.e0.device
        self.best = {k: v.to(device) for k, v in pick(tensors, "best").items()}
        if self.ema is not None:
            self.ema.restore(pick(tensors, "ema"))
        moments: dict[int, dict[str, Tensor]] = {}
        for key, value in pick(tensors, "optimiser").items():
            number, _, name = key.partition(".")
            moments.setdefault(int(number), {})[name] = value
        self.optimiser.load_state_dict({"state": moments, "param_groups": self.optimiser.state_dict()["param_groups"]})
