"""The masked loss: for each label a sum and a count, so that batches and ranks can be added before dividing.

Units of the residuals: energy eV/atom, forces eV/Å, magmoms μB, and stress in **GPa**. In eV/Å³ a stress is 160 times
smaller, so the published weights 3 : 1 : 0.1 : 1 and the Huber width of 0.1 for all four labels (Deng et al.,
Nat. Mach. Intell. 5, 1031 (2023), Methods) would mean something else.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite

import torch
from torch import Tensor, nn

from transferkit.adapters.base import Batch, Prediction
from transferkit.adapters.potential import ReferencedPotential
from transferkit.errors import RecipeError, nearest
from transferkit.training.consistency import Consistency, Moves, predict_with_residuals
from transferkit.training.labels import Labels
from transferkit.training.tally import SHAPE, TERMS
from transferkit.typing import PROPERTIES, Property
from transferkit.units import GPA

KINDS = ("huber", "mse", "mae")
Sums = dict[Property, tuple[Tensor, Tensor]]
PUBLISHED: Mapping[Property, float] = {"energy": 3.0, "forces": 1.0, "stress": 0.1, "magmoms": 1.0}
"""Weights per eV/atom, eV/Å, GPa and μB with which CHGNet was trained and moved to r2SCAN."""


@dataclass(frozen=True)
class Loss:
    """Weighted sum over labels of a mean over what is there; a label that is missing never enters.

    Huber: r²/2 for |r| < delta, else delta (|r| - delta/2), as in Huber, Ann. Math. Stat. 35, 73 (1964).

    Attributes:
        kind: "huber", "mse" or "mae"
        delta: where Huber turns linear, in the unit of each residual
        weights: per label; a label without a weight is not learnt
        consistency: losses that need no labels; their residuals, eV/atom, have the same shape of penalty

    Raises:
        RecipeError: unknown kind or label, a negative weight, or a delta that is not positive.

    >>> Loss().weights["stress"]
    0.1
    """

    kind: str = "huber"
    delta: float = 0.1
    weights: Mapping[Property, float] = field(default_factory=lambda: dict(PUBLISHED))
    consistency: Consistency | None = None

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        if self.kind not in KINDS:
            raise RecipeError(f"loss: no kind is called {self.kind!r}. {nearest(self.kind, KINDS)}")
        if not self.delta > 0:
            raise RecipeError(f"loss.delta must be positive; got {self.delta}.")
        for name, weight in self.weights.items():
            if name not in PROPERTIES:
                raise RecipeError(f"loss: no label is called {name!r}. {nearest(name, PROPERTIES)}")
            if not (isfinite(weight) and weight >= 0):
                raise RecipeError(f"loss.{name}: a weight is zero or positive; got {weight}.")

    @property
    def skin(self) -> float:
        """Å that the training graphs must reach beyond the cutoff."""
        return 0.0 if self.consistency is None else self.consistency.skin

    def __call__(self, prediction: Prediction, labels: Labels, n_atoms: Tensor) -> Sums:
        """Sum of the penalty and number of components, per predicted label that has a weight.

        Args:
            prediction: eV, eV/Å, eV/Å³, μB
            labels: in the same units
            n_atoms: atoms per structure, (structures,)

        Returns:
            per label (sum, float64 scalar; count, int64 scalar). Without any label the sum is a zero that still
            hangs on the prediction, so that gradients exist and vanish.
        """
        wanted = frozenset(p for p in PROPERTIES if self.weights.get(p, 0.0) > 0)
        return {p: (self.penalty(r).sum(), n) for p, (r, n) in residuals(prediction, labels, n_atoms, wanted).items()}

    def penalty(self, residual: Tensor) -> Tensor:
        """Penalty of each component, in the residual's unit (mae) or its square (mse, huber); zero at zero."""
        if self.kind == "mse":
            return residual.square()
        if self.kind == "mae":
            return residual.abs()
        size = residual.abs()
        return torch.where(size < self.delta, 0.5 * residual.square(), self.delta * (size - 0.5 * self.delta))


def residuals(
    prediction: Prediction, labels: Labels, n_atoms: Tensor, wanted: frozenset[Property]
) -> dict[Property, tuple[Tensor, Tensor]]:
    """Prediction minus label, zero where there is no label, and the number of components that are there.

    Returns:
        per label (residual in eV/atom, eV/Å, GPa or μB, float64, shape of the label; count, int64 scalar).
    """
    scale: dict[Property, Tensor | float] = {
        "energy": 1.0 / n_atoms.double(),
        "forces": 1.0,
        "stress": 1.0 / GPA,
        "magmoms": 1.0,
    }
    out: dict[Property, tuple[Tensor, Tensor]] = {}
    for name in PROPERTIES:
        predicted: Tensor | None = getattr(prediction, name)
        if predicted is None or name not in wanted:
            continue
        mask = labels.mask[name]
        # Whatever stands where there is no label, even a NaN, is replaced before anything is done with it.
        difference = torch.where(mask, predicted.double() - getattr(labels, name), 0.0)
        out[name] = (difference * scale[name], mask.sum())
    return out


class Objective(nn.Module):
    """Batch in, sums out: the module that DDP wraps, because what does not reach a sum gets no gradient.

    Args:
        potential: what is trained
        loss: its shape and weights
        need: labels that enter the loss
    """

    def __init__(self, potential: ReferencedPotential, loss: Loss, need: frozenset[Property]) -> None:
        """Hold what is needed; own no parameters besides the potential's."""
        super().__init__()
        self.potential = potential
        self.loss = loss
        self.need = need
        self.weights: dict[str, float] = {str(p): float(w) for p, w in loss.weights.items()}
        if loss.consistency is not None:
            self.weights |= {"pitc": loss.consistency.pitc, "pisc": loss.consistency.pisc}

    def forward(self, batch: Batch, labels: Labels, moves: Moves | None = None) -> tuple[dict[str, Tensor], Tensor]:
        """Sums of the loss per term, and what is logged.

        Args:
            batch: labelled structures, and with ``moves`` copies of some behind them
            labels: of the labelled ones
            moves: displacements for the consistency losses; None for none

        Returns:
            ({term: sum, float64 scalar}, detached tensor (3, 6): for each of the four labels and the two consistency
            losses the sum of the loss, the count, and the sum of absolute errors in eV/atom, eV/Å, eV/Å³, μB, eV/atom
            and eV/atom).
        """
        log = torch.zeros(SHAPE, dtype=torch.float64, device=batch.owner.device)
        sums: dict[str, Tensor] = {}
        beside: dict[str, Tensor] = {}
        if moves is None or self.loss.consistency is None:
            prediction = self.potential(batch, need=self.need, create_graph=torch.is_grad_enabled())
        else:
            prediction, beside = predict_with_residuals(
                self.potential, batch, labels, moves, settings=self.loss.consistency, need=self.need
            )
            for name, residual in beside.items():
                # The ramp belongs to the step, so it is in the sums: means over many steps then need no weights of theirs.
                sums[name] = moves.ramp * self.loss.penalty(residual).sum()
                count = residual.new_tensor(float(len(residual)))
                log[:, TERMS.index(name)] = torch.stack([sums[name].detach(), count, residual.detach().abs().sum()])
        for name, (residual, count) in residuals(prediction, labels, labels.n_atoms, self.need).items():
            sums[name] = self.loss.penalty(residual).sum()
            errors = residual.detach().abs().sum() * (GPA if name == "stress" else 1.0)
            log[:, TERMS.index(name)] = torch.stack([sums[name].detach(), count.double(), errors])
        return sums, log

    def total(self, sums: Mapping[str, Tensor], counts: Mapping[str, float]) -> Tensor:
        """The number to minimise: weighted sum over terms of sum / count; a term without a count adds zero.

        Args:
            sums: of this rank
            counts: over all ranks
        """
        terms = [self.weights[p] * value / max(counts[p], 1.0) for p, value in sums.items()]
        return torch.stack(terms).sum()
