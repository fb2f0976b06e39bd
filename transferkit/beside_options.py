"""Options of a recipe that bring in further levels of theory: sets beside the data, pre-training, and anchors."""

from typing import Annotated, Literal

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from transferkit.adapter_options import NewHead
from transferkit.data_options import LearntSource, Source
from transferkit.options import Options


class Choose(Options):
    """Some structures of a set, chosen once, before training."""

    structures: PositiveInt
    """How many; all where there are fewer."""
    how: Literal["random", "farthest"] = "random"
    """``farthest``: each the one that is least like those before, in the features of the potential at the start."""


class Beside(LearntSource):
    """A further set of labelled structures that is trained on at the same time, through a head of its own.

    Epochs, steps, validation and the choice of the best weights stay those of the data. Structures of groups that ``data``
    validates or tests on are left out, and those of its tests become a held-out set of this level of theory.
    """

    head: str | None = None
    """Which head they go through; ``null`` takes the one of their level of theory."""
    new_head: NewHead | None = None
    """Add a head for them; ``null`` adds none."""
    ratio: Annotated[float, Field(gt=0, le=1000)] = 1.0
    """Structures of this set per structure of the data, in every epoch."""
    weight: PositiveFloat = 1.0
    """Of their loss, beside 1 for the data."""
    reference: Literal["residual", "refit", "keep"] = "residual"
    """How E0 of their head is fitted to them, see ``reference.policy``; with ``choose``, to up to 2,000 of all. Where they share the
    head of the data, its E0 is that of the data."""
    pseudo: bool = False
    """Learn what the potential predicts at the start instead of labels, which the set then need not have. Energies need a head whose E0
    nothing else fits."""
    choose: Choose | None = None
    """Take some of the structures; ``null``: all of them."""

    @model_validator(mode="after")
    def _agree(self) -> "Beside":
        new = self.new_head
        if new is not None and new.name != (self.head or self.fidelity):
            raise ValueError(
                f"new_head is called {new.name!r}, and these data would go through {self.head or self.fidelity!r}: name it after "
                f"their level of theory, or say head: {new.name}"
            )
        if new is not None and self.pseudo:
            raise ValueError(
                "a new head has learnt nothing that it could predict: leave pseudo out, or name a head of the checkpoint"
            )
        return self


class Pretrain(LearntSource):
    """Train on another level of theory first, then on the data: one recipe, two stages.

    The best weights are chosen by structures of groups that the data validate on, and groups of the tests of the data are left out.
    """

    epochs: PositiveInt | None = None
    """Passes over the set. Give this or ``steps``."""
    steps: PositiveInt | None = None
    """Optimiser steps. Give this or ``epochs``."""
    learning_rate: PositiveFloat | None = None
    """At the start; ``null`` takes that of ``optimiser``."""
    head: str | None = None
    """Which head they go through; ``null`` takes the one of their level of theory, or the only one."""
    reference: Literal["residual", "refit", "keep"] = "residual"
    """How E0 of that head is fitted to them, see ``reference.policy``."""
    scratch: str | None = None
    """Begin with random weights of this size (the adapter's name for it) instead of the checkpoint, with any strategy afterwards."""

    @model_validator(mode="after")
    def _one(self) -> "Pretrain":
        if (self.epochs is None) == (self.steps is None):
            raise ValueError("give exactly one of epochs and steps; null takes one away")
        return self


class Forgetting(Source):
    """Labelled structures at a level of theory that the potential knows at the start. Nothing is trained on them.

    Those in groups that the data test on show how much of it a run loses; with none, a tenth of the groups, drawn by the seed.
    Sets beside the data and ``pretrain`` do this for their own levels.
    """

    head: str | None = None
    """Which head they go through; ``null`` takes the one of their level of theory, or the only one."""
    reference: Literal["residual", "keep"] = "residual"
    """``residual``: E0 fitted to the structures that are not held out, at the start. ``keep``: that of the head at the start."""


class Anchor(Options):
    """A pull of the weights towards where they started, against forgetting."""

    kind: Literal["l2-sp", "ewc"] = "l2-sp"
    """``l2-sp``: equal for all weights. ``ewc``: by how much the starting level of theory depends on each (Fisher information)."""
    strength: Annotated[float, Field(gt=0)] = 1e-3
    """Of the penalty, strength times the sum of squared distances."""
    on: Literal["all", "backbone", "heads"] = "all"
    """Which weights are pulled; E0 never is."""
