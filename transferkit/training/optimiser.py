"""Optimiser and learning-rate schedule: one rate per block, moved once per optimiser step.

Stepping per optimiser step makes the shape of the schedule the same at every data size: a run of 30 steps anneals as
far as one of 30,000.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from transferkit.errors import RecipeError, nearest
from transferkit.finetuning.plan import Group
from transferkit.finetuning.strategy import REFERENCE
from transferkit.typing import Json

KINDS = ("adam", "adamw")
SCHEDULES = ("cosine", "constant", "plateau")


@dataclass(frozen=True)
class Optimiser:
    """How weights are moved.

    Attributes:
        kind: "adam" (Kingma & Ba, arXiv:1412.6980) or "adamw" (Loshchilov & Hutter, arXiv:1711.05101)
        learning_rate: of blocks whose factor is 1
        weight_decay: decoupled under "adamw", an L2 term under "adam"; never on E0
        schedule: "cosine" to the floor, "constant", or "plateau" (times ``plateau_factor`` whenever the validation
            loss has not improved for ``plateau_patience`` evaluations)
        floor: lowest learning rate as a share of the highest
        warmup: share of all steps over which the rate rises linearly
        reference_learning_rate: of a trainable E0, eV per atom and step; ``learning_rate`` if not given
        plateau_factor: see ``schedule``
        plateau_patience: see ``schedule``

    Raises:
        RecipeError: a kind is unknown or a number out of range.

    >>> Optimiser(schedule="cosine").floor
    0.01
    """

    kind: str = "adam"
    learning_rate: float = 1e-3
    weight_decay: float = 0.0
    schedule: str = "cosine"
    floor: float = 0.01
    warmup: float = 0.0
    reference_learning_rate: float | None = None
    plateau_factor: float = 0.5
    plateau_patience: int = 5

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        for what, name, known in (("kind", self.kind, KINDS), ("schedule", self.schedule, SCHEDULES)):
            if name not in known:
                raise RecipeError(f"optimiser: no {what} is called {name!r}. {nearest(name, known)}")
        rate = self.reference_learning_rate
        limits = {
            "learning_rate": (self.learning_rate > 0, self.learning_rate),
            "reference_learning_rate": (rate is None or rate > 0, rate),
            "weight_decay": (self.weight_decay >= 0, self.weight_decay),
            "floor": (0 <= self.floor <= 1, self.floor),
            "warmup": (0 <= self.warmup < 1, self.warmup),
            "plateau_factor": (0 < self.plateau_factor < 1, self.plateau_factor),
            "plateau_patience": (self.plateau_patience >= 1, self.plateau_patience),
        }
        for name, (fine, value) in limits.items():
            if not fine:
                raise RecipeError(f"optimiser.{name} is out of range: {value}. A warm-up and a floor are shares of 1.")


def make(settings: Optimiser, groups: Sequence[Group]) -> torch.optim.Optimizer:
    """A torch optimiser with one parameter group per block; E0 has its own rate and no decay."""
    own = settings.reference_learning_rate or settings.learning_rate
    parameters = [
        {
            "params": list(group.params),
            "name": group.name,
            "peak": group.lr_factor * (own if group.name == REFERENCE else settings.learning_rate),
            "weight_decay": 0.0 if group.name == REFERENCE else settings.weight_decay,
        }
        for group in groups
    ]
    cls = torch.optim.AdamW if settings.kind == "adamw" else torch.optim.Adam
    return cls(parameters, lr=settings.learning_rate)


class Schedule:
    """Factor on every learning rate, as a function of the step; only "plateau" remembers anything.

    Args:
        settings: see :class:`Optimiser`
        total: optimiser steps of the whole run

    >>> schedule = Schedule(Optimiser(schedule="cosine", floor=0.01), total=3)
    >>> [round(schedule.factor(step), 3) for step in range(3)]
    [1.0, 0.505, 0.01]
    """

    def __init__(self, settings: Optimiser, total: int) -> None:
        """Start at the first step."""
        self.settings = settings
        self.total = total
        self.scale, self.best, self.waited = 1.0, math.inf, 0

    def factor(self, step: int) -> float:
        """Share of the highest rate at a step, counted from 0; the last step is at the floor."""
        rise = round(self.settings.warmup * self.total)
        if step < rise:
            return (step + 1) / (rise + 1)
        if self.settings.schedule != "cosine":
            return self.scale
        progress = min((step - rise) / max(self.total - 1 - rise, 1), 1.0)
        return self.settings.floor + (1 - self.settings.floor) * 0.5 * (1 + math.cos(math.pi * progress))

    def set(self, optimiser: torch.optim.Optimizer, step: int) -> float:
        """Write the rates of a step into the optimiser, and return the rate of a block whose factor is 1."""
        factor = self.factor(step)
        for group in optimiser.param_groups:
            group["lr"] = group["peak"] * factor
        return self.settings.learning_rate * factor

    def evaluated(self, loss: float) -> None:
        """Tell a "plateau" schedule the validation loss."""
        if loss < self.best:
            self.best, self.waited = loss, 0
            return
        self.waited += 1
        if self.settings.schedule == "plateau" and self.waited >= self.settings.plateau_patience:
            self.scale = max(self.scale * self.settings.plateau_factor, self.settings.floor)
            self.waited = 0

    def state(self) -> Json:
        """JSON object from which :meth:`restore` continues."""
        return {"scale": self.scale, "best": self.best, "waited": self.waited}

    def restore(self, state: Json) -> None:
        """Continue from :meth:`state`."""
        self.scale, self.best, self.waited = state["scale"], state["best"], state["waited"]
