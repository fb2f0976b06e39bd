"""Options of a run: reference, strategy, optimiser, training and tracking; frozen groups, documented where they stand.

:class:`transferkit.recipe.Recipe` puts them together with those of the modules beside this one. Imports nothing heavier than pydantic.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, PositiveFloat, PositiveInt, model_validator


class Options(BaseModel):
    """Base of all groups of options: immutable, strict about types, closed to unknown names, and without infinite numbers."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True, allow_inf_nan=False
    )


class Reference(Options):
    """How the elemental energies E0 move to the target level of theory."""

    policy: Literal["residual", "refit", "difference", "keep", "isolated-atoms"] = "residual"
    """``residual``: fit what the network and its old E0 leave over. ``refit``: fit the labels alone (paper A, method 4).
    ``difference``: add the difference of two fits (paper A, equation 3). ``keep``: the old E0. ``isolated-atoms``: as given."""
    fit_on: Literal["subset", "training"] = "subset"
    """With ``data.subset``: fit E0 on the subset, as one who has no more data would, or on the whole training part."""
    trainable: bool = False
    """Let the optimiser move E0."""
    learning_rate: PositiveFloat | None = None
    """Of a trainable E0, eV/atom per step; ``null`` takes the optimiser's."""
    method: Literal["least-squares", "ridge", "huber"] = "least-squares"
    """How linear fits are made."""
    ridge: NonNegativeFloat = 1e-3
    """Strength of ``ridge``, dimensionless."""
    source_data: str | None = None
    """For ``difference``: the same structures at the source level of theory, e.g. ``bundled:gpaw-pbe-r2scan@PBE``."""
    source_keys: dict[str, str] | None = None
    """``data.keys`` of ``source_data``."""
    source_units: dict[str, str] | None = None
    """``data.units`` of ``source_data``."""
    source_convention: str = "raw"
    """``data.label_convention`` of ``source_data``."""
    isolated_atoms: dict[str, float] | None = None
    """For ``isolated-atoms``: eV by chemical symbol."""

    @model_validator(mode="after")
    def _agree(self) -> "Reference":
        for option, policy in (("source_data", "difference"), ("isolated_atoms", "isolated-atoms")):
            if self.policy == policy and getattr(self, option) is None:
                raise ValueError(f"policy {policy!r} needs {option}")
        of_source = {"source_keys": self.source_keys, "source_units": self.source_units}
        if self.source_data is None and (given := [name for name, value in of_source.items() if value]):
            raise ValueError(f"{' and '.join(given)} say how source_data is read, and there is no source_data")
        if self.learning_rate is not None and not self.trainable:
            raise ValueError("learning_rate is only read with trainable: true")
        return self


class AnyStrategy(Options):
    """What every strategy has."""

    rates: dict[str, PositiveFloat] = {}
    """Factors on the learning rate, by name or range of blocks; blocks not named have 1."""


class Full(AnyStrategy):
    """Every block changes."""

    kind: Literal["full"] = "full"


class Frozen(AnyStrategy):
    """Only the named blocks change."""

    kind: Literal["frozen"]
    train: Annotated[tuple[str, ...], Field(strict=False)] = ()
    """Names, prefixes or ranges of blocks that may change, e.g. ``[interaction.2:, readout]``."""
    preset: Literal["chgnet-upstream-freeze", "mace-freeze-1", "mace-freeze-5", "mace-freeze-6"] | None = None
    """A published choice instead of ``train``."""

    @model_validator(mode="after")
    def _one(self) -> "Frozen":
        if bool(self.train) == (self.preset is not None):
            raise ValueError("give exactly one of train and preset; null takes one away")
        return self


class Heads(AnyStrategy):
    """Only the readouts change."""

    kind: Literal["heads"]


class Gradual(AnyStrategy):
    """Blocks are released one after the other, from output to input."""

    kind: Literal["gradual"]
    every: PositiveInt
    """Between two releases, in ``unit``."""
    unit: Literal["epochs", "steps"] = "epochs"
    """What ``every`` counts."""


class FromScratch(AnyStrategy):
    """Random weights; the checkpoint is not read. The control experiment."""

    kind: Literal["from-scratch"]
    config: str = "full"
    """The adapter's name for a size of network."""


Strategy = Annotated[Full | Frozen | Heads | Gradual | FromScratch, Field(discriminator="kind")]


class Optimiser(Options):
    """How steps are taken."""

    kind: Literal["adam", "adamw"] = "adam"
    """Algorithm."""
    learning_rate: PositiveFloat = 1e-3
    """At the start, after warm-up."""
    schedule: Literal["cosine", "constant", "plateau"] = "cosine"
    """Moves once per optimiser step, so that small sets anneal too."""
    warmup: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of all steps over which the learning rate rises from zero."""
    weight_decay: NonNegativeFloat = 0.0
    """Decoupled under ``adamw``, an L2 term under ``adam``; never on E0."""
    floor: Annotated[float, Field(ge=0, le=1)] = 0.01
    """Lowest learning rate, as a fraction of ``learning_rate``."""


class BatchSize(Options):
    """Both limits hold; a structure above the edge limit is a batch of its own."""

    edges: PositiveInt = 20_000
    """At most this many directed edges: what memory and time follow."""
    structures: PositiveInt | None = None
    """At most this many structures."""


class Augmentation(Options):
    """Copies of the training structures with moved atoms, made once, before training. E0 is fitted without them."""

    kind: Literal["noise", "taylor"]
    """``noise``: Gaussian, with the labels of the structure itself. ``taylor``: with energies by its force labels, to first
    order (Cooper et al., npj Comput. Mater. 6, 54 (2020))."""
    length: Annotated[float, Field(gt=0, le=0.5)] = 0.02
    """Å along x, y and z: standard deviation (``noise``) or largest step (``taylor``)."""
    copies: PositiveInt = 1
    """Of each structure. An epoch becomes as much longer."""


class Training(Options):
    """How long, in what portions, and on what besides the data."""

    epochs: PositiveInt | None = None
    """Passes over the training part. Give this or ``steps``."""
    steps: PositiveInt | None = None
    """Optimiser steps. Give this or ``epochs``."""
    batch: BatchSize = BatchSize()
    """Size of a batch."""
    ema: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Decay per step of an exponential moving average of the weights; ``null``: none."""
    clip: PositiveFloat | None = None
    """Largest norm of the gradient; ``null``: no limit."""
    keep: Literal["best", "last"] = "best"
    """Weights that are handed back: ``best``: of the lowest validation loss, before training included; ``last``: of the last step."""
    patience: PositiveInt | None = None
    """Stop after this many evaluations without a better validation loss; ``null``: never."""
    evaluate_every: PositiveInt = 1
    """Between two evaluations on the validation part, in ``evaluate_unit``."""
    evaluate_unit: Literal["epochs", "steps"] = "epochs"
    """What ``evaluate_every`` counts; steps suit tiny or huge sets."""
    augmentation: Augmentation | None = None
    """Displaced copies beside the training structures; ``null``: none."""

    @model_validator(mode="after")
    def _one(self) -> "Training":
        if (self.epochs is None) == (self.steps is None):
            raise ValueError("give exactly one of epochs and steps; null takes one away")
        return self


class Wandb(Options):
    """Weights & Biases; never asks for a log-in."""

    mode: Literal["offline", "online", "auto"] = "auto"
    """``auto`` is online where an API key is set, else offline; ``online`` without a key is an error."""
    project: str = "transferkit"
    """Project that runs are filed under."""
    group: str | None = None
    """Runs that are shown together; a study gives its points its name."""
    run_id: str | None = None
    """Of the run; one that is resumed under the same id goes on. A study gives each point its own."""


class Tracking(Options):
    """Where metrics go besides ``metrics.jsonl``, which is always written."""

    wandb: Wandb | None = Wandb()
    """``null`` turns it off."""
