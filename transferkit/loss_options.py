"""Options of a recipe that say what is minimised."""

from typing import Annotated, Literal

from pydantic import Field, NonNegativeFloat, PositiveFloat, field_validator, model_validator

from transferkit.options import Options


class Consistency(Options):
    """Losses that compare predictions at displaced positions with each other, and need no labels there."""

    pitc: NonNegativeFloat
    """Weight of the Taylor consistency, between a labelled structure and a displaced one. No value fits all data: choose by validation."""
    pisc: NonNegativeFloat
    """Weight of the spatial consistency, between two displaced structures; 0 saves its forward pass."""
    kappa: float = 0.0
    """0: first order. 0.5: second order, with the forces at both ends."""
    length: Annotated[float, Field(gt=0, le=0.5)] = 0.05
    """Å: largest displacement along x, y and z (``uniform``), or of an atom (``random``)."""
    direction: Literal["uniform", "random", "adversarial"] = "uniform"
    """``uniform``: in a cube, without a net translation. ``random``: any direction, any distance up to ``length``.
    ``adversarial``: against the error of the forces, which must be labelled."""
    warmup: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of all steps over which both weights rise from zero."""
    fraction: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Share of the structures of each batch that take part; time and memory follow."""

    @field_validator("kappa")
    @classmethod
    def _order(cls, kappa: float) -> float:
        if kappa not in {0.0, 0.5}:
            raise ValueError(f"is 0 (first order) or 0.5 (second order); got {kappa:g}")
        return kappa

    @model_validator(mode="after")
    def _agree(self) -> "Consistency":
        if not self.pitc + self.pisc:
            raise ValueError("pitc and pisc are both zero; write consistency: null to have neither")
        return self


class Loss(Options):
    """Masked loss per label. The weights follow paper A: energy eV/atom, forces eV/Å, stress GPa, magmoms μB."""

    kind: Literal["huber", "mse", "mae", "rmse+mae"] = "huber"
    """Shape of the loss. ``rmse+mae``: per label the root of the mean square plus the mean size over the batch (paper C)."""
    delta: PositiveFloat = 0.1
    """Where ``huber`` turns from square to linear, in the units above."""
    energy: NonNegativeFloat = 3.0
    """Weight of the energy per atom."""
    forces: NonNegativeFloat = 1.0
    """Weight of the forces."""
    stress: NonNegativeFloat = 0.1
    """Weight of the stress."""
    energy_of: Literal["atom", "structure"] = "atom"
    """What the energy's error is of: per ``atom`` (eV/atom), or of the whole ``structure`` (eV), as in paper C."""
    magmoms: NonNegativeFloat | None = None
    """Weight of the magnetic moments, per μB; 1 where the potential predicts them, if not given."""
    consistency: Consistency | None = None
    """Consistency losses PITC and PISC (paper D); ``null``: none. ``delta`` and ``kind`` shape them too, in eV/atom."""

    @model_validator(mode="after")
    def _some(self) -> "Loss":
        if not self.energy + self.forces + self.stress + (self.magmoms is None or self.magmoms):
            raise ValueError("all weights are zero, so there is nothing to learn from")
        return self
