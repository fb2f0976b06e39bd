"""The masked loss: for each label a sum and a count, so that batches and ranks can be added before dividing.

Units of the residuals: energy eV/atom (eV where it is of the structure), forces eV/Å, magmoms μB, and stress in **GPa**. In eV/Å³ a stress is 160 times
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
from transferkit.training.tally import SHAPE, TERMS, Tally
from transferkit.typing import PROPERTIES, Property
from transferkit.units import GPA

KINDS = ("huber", "mse", "mae", "rmse+mae")
ENERGY_OF = ("atom", "structure")
Sums = dict[Property, tuple[Tensor, Tensor]]
PUBLISHED: Mapping[Property, float] = {"energy": 3.0, "forces": 1.0, "stress": 0.1, "magmoms": 1.0}
"""Weights per eV/atom, eV/Å, GPa and μB with which CHGNet was trained and moved to r2SCAN."""


@dataclass(frozen=True)
class Loss:
    """Weighted sum over labels of a mean over what is there; a label that is missing never enters.

    Huber: r²/2 for |r| < delta, else delta (|r| - delta/2), as in Huber, Ann. Math. Stat. 35, 73 (1964).

    "rmse+mae" is, for each label, the root of the mean square plus the mean size over all components in the global batch,
    the loss that hippynn's example of multi-fidelity training minimises (Messerly et al., with unit weights and the energies
    of whole molecules: ``energy_of="structure"``). Its gradient is that of the root over the whole batch, however the
    batch is dealt to ranks: the root's slope 1 / (2 RMSE) is a number that all ranks share, and only the sum of squares is
    differentiated. Where all residuals are zero that slope is set to zero, and no gradient is ever infinite.

    Attributes:
        kind: "huber", "mse", "mae" or "rmse+mae"
        delta: where Huber turns linear, in the unit of each residual
        weights: per label; a label without a weight is not learnt
        consistency: losses that need no labels; their residuals, eV/atom, have the same shape of penalty
        energy_of: whether the energy's residual is of the "atom" (eV/atom) or of the whole "structure" (eV)

    Raises:
        RecipeError: unknown kind, ``energy_of`` or label, a negative weight, or a delta that is not positive.

    >>> Loss().weights["stress"]
    0.1
    """

    kind: str = "huber"
    delta: float = 0.1
    weights: Mapping[Property, float] = field(default_factory=lambda: dict(PUBLISHED))
    consistency: Consistency | None = None
    energy_of: str = "atom"

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        if self.kind not in KINDS:
            raise RecipeError(f"loss: no kind is called {self.kind!r}. {nearest(self.kind, KINDS)}")
        if self.energy_of not in ENERGY_OF:
            raise RecipeError(
                f"loss.energy_of: nothing is called {self.energy_of!r}. {nearest(self.energy_of, ENERGY_OF)}"
            )
        if not self.delta > 0:
            raise RecipeError(f"loss.delta must be positive; got {self.delta}.")
        for name, weight in self.weights.items():
            if name not in PROPERTIES:
                raise RecipeError(f"loss: no label is called {name!r}. {nearest(name, PROPERTIES)}")
            if not (isfinite(weight) and weight >= 0):
                raise RecipeError(f"loss.{name}: a weight is zero or positive; got {weight}.")

    @property
    def rooted(self) -> bool:
        """Whether the root of a mean square is added to the mean penalty."""
        return self.kind == "rmse+mae"

    @property
    def skin(self) -> float:
        """Å that the training graphs must reach beyond the cutoff."""
        return 0.0 if self.consistency is None else self.consistency.skin

    def __call__(self, prediction: Prediction, labels: Labels, n_atoms: Tensor) -> Sums:
        """Sum of the penalty and number of components, per predicted label that has a weight; no root is in it.

        Args:
            prediction: eV, eV/Å, eV/Å³, μB
            labels: in the same units
            n_atoms: atoms per structure, (structures,)

        Returns:
            per label (sum, float64 scalar; count, int64 scalar). Without any label the sum is a zero that still
            hangs on the prediction, so that gradients exist and vanish.
        """
        wanted = frozenset(p for p in PROPERTIES if self.weights.get(p, 0.0) > 0)
        found = residuals(prediction, labels, n_atoms, wanted, self.energy_of)
        return {p: (self.penalty(residual).sum(), mask.sum()) for p, (residual, mask) in found.items()}

    def penalty(self, residual: Tensor) -> Tensor:
        """Penalty of each component, in the residual's unit (mae, rmse+mae) or its square (mse, huber); zero at zero."""
        if self.kind == "mse":
            return residual.square()
        if self.kind in {"mae", "rmse+mae"}:
            return residual.abs()
        size = residual.abs()
        return torch.where(size < self.delta, 0.5 * residual.square(), self.delta * (size - 0.5 * self.delta))


def residuals(
    prediction: Prediction, labels: Labels, n_atoms: Tensor, wanted: frozenset[Property], energy_of: str = "atom"
) -> dict[Property, tuple[Tensor, Tensor]]:
    """Prediction minus label, zero where there is no label, and which components are there.

    Returns:
        per label (residual in eV/atom (eV with ``energy_of="structure"``), eV/Å, GPa or μB, float64, shape of the label;
        mask, bool, same shape).
    """
    scale: dict[Property, Tensor | float] = {
        "energy": 1.0 / n_atoms.double() if energy_of == "atom" else 1.0,
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
        out[name] = (difference * scale[name], mask)
    return out


class Objective(nn.Module):
    """Batch in, sums out: the module that DDP wraps, because what does not reach a sum gets no gradient.

    Each data set has sums of its own, so that none is diluted by the size or the labels of another.

    Args:
        potential: what is trained
        loss: its shape and weights
        need: labels that enter the loss
        sets: weight of each data set by its name, the target first; the target alone if not given
    """

    def __init__(
        self,
        potential: ReferencedPotential,
        loss: Loss,
        need: frozenset[Property],
        sets: Mapping[str, float] | None = None,
    ) -> None:
        """Hold what is needed; own no parameters besides the potential's."""
        super().__init__()
        self.potential = potential
        self.loss = loss
        self.need = need
        self.sets: dict[str, float] = {"": 1.0} if sets is None else dict(sets)
        self.weights: dict[str, float] = {str(p): float(w) for p, w in loss.weights.items()}
        if loss.consistency is not None:
            self.weights |= {"pitc": loss.consistency.pitc, "pisc": loss.consistency.pisc}

    def forward(
        self, batch: Batch, labels: Labels, moves: Moves | None = None, *, need: frozenset[Property] | None = None
    ) -> tuple[dict[str, Tensor], Tensor]:
        """Sums of the loss per term and data set, and what is logged.

        Args:
            batch: labelled structures, and with ``moves`` copies of some behind them
            labels: of the labelled ones
            moves: displacements for the consistency losses; None for none
            need: labels that enter; those given at the start if not given

        Returns:
            ({term: sums, float64, (1, sets): of the penalty; with a loss that has a root (2, sets): of squares too},
            detached tensor (3, 6 sets): for each set, and in it for each of the four labels and the two consistency
            losses, the sum of the penalty, the count, and the sum of absolute errors in eV/atom, eV/Å, eV/Å³, μB, eV/atom
            and eV/atom; with a root a fourth row, of squares).
        """
        need = self.need if need is None else need
        sums: dict[str, Tensor] = {}
        entries: dict[str, tuple[Tensor, Tensor]] = {}  # count and absolute errors, (sets,)
        beside: dict[str, Tensor] = {}
        if moves is None or self.loss.consistency is None:
            prediction = self.potential(batch, need=need, create_graph=torch.is_grad_enabled())
        else:
            prediction, beside = predict_with_residuals(
                self.potential, batch, labels, moves, settings=self.loss.consistency, need=need
            )
            for name, residual in beside.items():
                # The ramp belongs to the step, so it is in the sums: means over many steps then need no weights of theirs.
                sums[name] = self._sums(residual, None, factor=moves.ramp)
                count = self._of_sets(torch.ones_like(residual), None)
                entries[name] = count, self._of_sets(residual.detach().abs(), None)
        found = residuals(prediction, labels, labels.n_atoms, need, self.loss.energy_of)
        for name, (residual, mask) in found.items():
            source = labels.source_of(name)
            sums[name] = self._sums(residual, source)
            errors = residual.detach().abs()
            if name == "energy" and self.loss.energy_of == "structure":
                errors = errors / labels.n_atoms
            in_our_units = self._of_sets(errors, source) * (GPA if name == "stress" else 1.0)
            entries[name] = self._of_sets(mask, source), in_our_units
        shape = (SHAPE[0] + self.loss.rooted, len(self.sets), len(TERMS))
        log = torch.zeros(shape, dtype=torch.float64, device=batch.owner.device)
        for name, (count, errors) in entries.items():
            penalty, *squares = sums[name].detach()
            log[:, :, TERMS.index(name)] = torch.stack([penalty, count, errors, *squares])
        return sums, log.flatten(1)

    def total(self, sums: Mapping[str, Tensor], seen: Tally) -> Tensor:
        """What to differentiate: its gradient, summed over ranks, is that of the loss. Without a root it is the loss.

        Sum over sets of their weight × weighted sum over terms of sum / count; a term without a count adds zero.

        Args:
            sums: of this rank
            seen: sums over all ranks
        """
        terms = []
        parts = {name: value.flatten().unbind() for name, value in sums.items()}
        for k, share in enumerate(self.sets.values()):
            counts, roots = seen.counts(k), seen.roots(k)
            for name, values in parts.items():
                weight, count = share * self.weights[name], max(counts[name], 1.0)
                terms.append(weight * values[k] / count)
                if roots[name] > 0:
                    terms.append(weight * values[len(self.sets) + k] / (2.0 * count * roots[name]))
        return torch.stack(terms).sum()

    def _sums(self, residual: Tensor, source: Tensor | None, factor: float = 1.0) -> Tensor:
        """Sums over each set of the penalty and, under a root, of squares, (1 or 2, sets)."""
        penalty = factor * self._of_sets(self.loss.penalty(residual), source)
        if not self.loss.rooted:
            return penalty[None]
        return torch.stack([penalty, factor**2 * self._of_sets(residual.square(), source)])

    def _of_sets(self, values: Tensor, source: Tensor | None) -> Tensor:
        """Sum over the rows of each set, (sets,); without ``source`` all rows are the target's."""
        sets, dtype = len(self.sets), torch.float64
        if sets == 1 or source is None:
            total = values.sum(dtype=dtype).reshape(1)
            return total if sets == 1 else nn.functional.pad(total, (0, sets - 1))
        rows = values.reshape(len(values), -1).sum(1, dtype=dtype)
        # a product rather than index_add, whose order on a GPU is by chance
        return (source == torch.arange(sets, device=source.device)[:, None]).to(dtype) @ rows
