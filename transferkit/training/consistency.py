"""Consistency losses: the energy of a displaced structure must agree with energies and forces predicted nearby.

PITC and PISC of Takamoto, Zaverkin and Niepert, ICML 2025 (arXiv 2408.05215), written from the formulas. They need no
labels at the displaced positions. ``docs/concepts/consistency-losses.md`` derives them.
"""

from dataclasses import dataclass, replace
from math import isfinite

import torch
from torch import Tensor, nn

from transferkit.adapters.base import Batch, Prediction
from transferkit.adapters.parcel import send
from transferkit.errors import RecipeError
from transferkit.training.displacement import LONGEST, against, reach
from transferkit.training.labels import Labels
from transferkit.typing import Property

ENERGY: frozenset[Property] = frozenset({"energy"})
FORCES: frozenset[Property] = frozenset({"forces"})


@dataclass(frozen=True)
class Consistency:
    """Which consistency losses, and how strongly.

    Attributes:
        pitc: weight of the Taylor consistency, from the labelled structure to a displaced one. Neither weight has a default, as
            none fits all data: the paper's 1.2 and 0.01 belong to its units, and made models worse here
        pisc: weight of the spatial consistency, from one displaced structure to another; 0 saves a third of the work
        kappa: 0 for first order, 1/2 for second order without a Hessian
        length: largest displacement per component, before the mean is taken off ("uniform"), or per atom ("random"), Å
        direction: "uniform", "random" or "adversarial", see :mod:`transferkit.training.displacement`
        warmup: share of all steps over which the weights rise from zero
        fraction: share of the structures of each batch that take part, at least one

    Raises:
        RecipeError: an option is out of range.

    >>> round(Consistency(pitc=1.0, pisc=0.1, length=0.05).skin, 3)
    0.173
    """

    pitc: float
    pisc: float
    kappa: float = 0.0
    length: float = 0.05
    direction: str = "uniform"
    warmup: float = 0.0
    fraction: float = 1.0

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        reach(self.direction, self.length)
        for name in ("pitc", "pisc"):
            if not (isfinite(getattr(self, name)) and getattr(self, name) >= 0):
                raise RecipeError(f"loss.consistency.{name}: a weight is zero or positive; got {getattr(self, name)}.")
        if not self.pitc + self.pisc:
            raise RecipeError("loss.consistency: pitc and pisc are both zero; write consistency: null to have neither.")
        if self.kappa not in {0.0, 0.5}:
            raise RecipeError(
                f"loss.consistency.kappa is 0 (first order) or 0.5 (second order); got {self.kappa}. Between them the "
                f"order is still the first."
            )
        if not 0 < self.length <= LONGEST:
            raise RecipeError(
                f"loss.consistency.length is above 0 and at most {LONGEST:g} Å; got {self.length:g}. Some 0.05 Å are usual."
            )
        if not 0 <= self.warmup < 1:
            raise RecipeError(
                f"loss.consistency.warmup is a share of all steps, 0 or more and below 1; got {self.warmup}."
            )
        if not 0 < self.fraction <= 1:
            raise RecipeError(f"loss.consistency.fraction is above 0 and at most 1; got {self.fraction}.")

    @property
    def skin(self) -> float:
        """Å that edges must reach beyond the cutoff, so that the topology holds for every displacement."""
        return reach(self.direction, self.length)

    @property
    def end_joins(self) -> bool:
        """Whether the end of both steps can share the forward pass of the labelled structures.

        Not with kappa 0, where it needs an energy alone and forces would triple its cost; and not where its position
        follows from the forces of that pass.
        """
        return self.kappa > 0 and self.direction != "adversarial"

    @property
    def copies(self) -> int:
        """How often a structure that takes part can be repeated in the forward pass of the labelled ones."""
        return int(self.pisc > 0) + int(self.end_joins)

    def ramp(self, step: int, total: int) -> float:
        """Factor on both weights at a step, counted from 0, of a run of ``total``.

        >>> [Consistency(1.0, 0.1, warmup=0.5).ramp(step, 8) for step in (0, 1, 3, 7)]
        [0.25, 0.5, 1.0, 1.0]
        """
        return min(1.0, (step + 1) / max(self.warmup * total, 1.0))


@dataclass(frozen=True, eq=False)
class Moves:
    """Displacements of the structures of a batch that take part.

    Attributes:
        chosen: which structures of the batch, int64, (chosen,)
        atoms: their atoms in the batch, int64, (moved atoms,)
        owner: which of the chosen each of these belongs to, int64, (moved atoms,)
        first: to the end of both Taylor steps, Å, (moved atoms, 3); zeros where it is adversarial
        second: to the start of the spatial one, Å, (moved atoms, 3)
        behind: whether ``copies`` of the chosen structures follow the labelled ones in their batch
        apart: the chosen structures as a batch of their own; None where everything is behind
        ramp: factor on the weights
    """

    chosen: Tensor
    atoms: Tensor
    owner: Tensor
    first: Tensor
    second: Tensor
    behind: bool
    apart: Batch | None
    ramp: float = 1.0

    def to(self, device: torch.device | str) -> "Moves":
        """The same displacements on another device."""
        return send(self, device)


@dataclass(frozen=True, eq=False)
class Place:
    """Energies (eV, (chosen,)) and forces (eV/Å, (moved atoms, 3); None where not needed) at displaced positions."""

    energy: Tensor
    forces: Tensor | None


def predict_with_residuals(
    potential: nn.Module,
    batch: Batch,
    labels: Labels,
    moves: Moves,
    *,
    settings: Consistency,
    need: frozenset[Property],
) -> tuple[Prediction, dict[str, Tensor]]:
    """Predict the labelled structures and, with as few forward passes as possible, the residuals of the two losses.

    With energies E and forces F of the potential, r the labelled positions, a = ``first`` and b = ``second``::

        pitc = E(r+a) - E(r)   + Σ_i a_i       · [(1-κ) F_i(r)   + κ F_i(r+a)]
        pisc = E(r+a) - E(r+b) + Σ_i (a_i-b_i) · [(1-κ) F_i(r+b) + κ F_i(r+a)]

    both divided by the number of atoms. The sums run over the atoms of one structure. Positions carry no gradient,
    energies and forces do on both sides.

    Args:
        potential: called as :class:`~transferkit.adapters.potential.ReferencedPotential` is
        batch: labelled structures; with ``moves.behind``, followed by ``settings.copies`` times the chosen ones
        labels: of the labelled structures
        moves: displacements
        settings: which of the two, and kappa
        need: properties wanted of the labelled structures

    Returns:
        (prediction for the labelled structures; residuals by "pitc" and, where it has a weight, "pisc": eV/atom,
        float64, (chosen,)).
    """
    n, structures = len(labels.forces), len(labels.energy)
    m, k = len(moves.atoms), len(moves.chosen)

    # 1. Labelled structures and, where they stand behind them, displaced ones whose forces are needed: one pass.
    behind = [moves.second] * (settings.pisc > 0) + [moves.first] * settings.end_joins if moves.behind else []
    shift = torch.cat([torch.zeros_like(batch.positions[:n]), *behind])
    out: Prediction = potential(batch, need=need | FORCES, positions=batch.positions + shift, create_graph=True)
    labelled = _first(out, structures, n)
    start = Place(labelled.energy.index_select(0, moves.chosen), _forces(labelled).index_select(0, moves.atoms))

    # 2. The end of both steps: the last copy of that pass, or a pass of its own.
    first = moves.first
    if settings.direction == "adversarial":
        first = against(_forces(start), labels.forces.index_select(0, moves.atoms), settings.length)
    if moves.behind and settings.end_joins:
        end = Place(out.energy[-k:], _forces(out)[-m:])
    else:
        end = _apart(potential, moves, first, ENERGY | FORCES if settings.kappa else ENERGY)

    # 3. What is left of each step after its work.
    atoms = labels.n_atoms.index_select(0, moves.chosen)
    residuals = {"pitc": left_over(start, end, first, moves.owner, settings.kappa) / atoms}
    if settings.pisc:
        if moves.behind:
            other = Place(out.energy[structures : structures + k], _forces(out)[n : n + m])
        else:
            other = _apart(potential, moves, moves.second, ENERGY | FORCES)
        residuals["pisc"] = left_over(other, end, first - moves.second, moves.owner, settings.kappa) / atoms
    return labelled, residuals


def left_over(start: Place, end: Place, step: Tensor, owner: Tensor, kappa: float) -> Tensor:
    """Change of energy less what the forces say it is, eV, (structures,).

    Args:
        start: before the step
        end: after it; its forces are needed with ``kappa`` above 0
        step: Å, (atoms, 3)
        owner: structure of each atom, int64, (atoms,)
        kappa: share of the forces at the end
    """
    force = (1.0 - kappa) * _forces(start)
    if kappa:
        force = force + kappa * _forces(end)
    work = torch.zeros_like(start.energy).index_add(0, owner, (step * force).sum(dim=1))
    return end.energy - start.energy + work


def _forces(of: Prediction | Place) -> Tensor:
    # Asked for in every place where it is read; a clear failure rather than a wrong number if not.
    if of.forces is None:
        raise TypeError("forces were not asked for")
    return of.forces


def _apart(potential: nn.Module, moves: Moves, shift: Tensor, need: frozenset[Property]) -> Place:
    """The chosen structures, displaced, in a pass of their own."""
    if moves.apart is None:
        raise TypeError("displaced structures are neither behind the labelled ones nor apart")
    out: Prediction = potential(moves.apart, need=need, positions=moves.apart.positions + shift, create_graph=True)
    return Place(out.energy, out.forces)


def _first(out: Prediction, structures: int, atoms: int) -> Prediction:
    """The labelled structures of a prediction, which come first."""
    return replace(
        out,
        energy=out.energy[:structures],
        forces=None if out.forces is None else out.forces[:atoms],
        stress=None if out.stress is None else out.stress[:structures],
        magmoms=None if out.magmoms is None else out.magmoms[:atoms],
    )
