"""Anchors: a pull towards the weights that training starts from, the same for all or by how much each one matters.

``l2-sp`` pulls every weight alike (Li, Grandvalet & Davoine, ICML 2018, arXiv:1802.01483); ``ewc``, elastic weights, pulls
those hardest that the old task depends on (Kirkpatrick et al., PNAS 114, 3521 (2017), arXiv:1612.00796).
"""

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from hashlib import sha256
from math import isfinite

import numpy as np
import torch
from torch import Tensor

from transferkit.adapters.batch import Graph
from transferkit.adapters.potential import ReferencedPotential
from transferkit.data.batch import rng
from transferkit.errors import DataError, RecipeError, nearest
from transferkit.finetuning.blocks import HEADS
from transferkit.finetuning.plan import Plan
from transferkit.finetuning.replay import choose
from transferkit.finetuning.strategy import REFERENCE
from transferkit.typing import Json, Property

ON = ("all", "backbone", "heads")
DRAWS = "random directions of forces"
ENOUGH = 500
"""Structures that the importance of weights is found on: a mean, which more make dearer but hardly better."""


@dataclass(frozen=True, eq=False)
class Anchor:
    r"""How strongly weights are held: adds :math:`s \sum_i F_i (\theta_i - \theta_i^0)^2` to the loss.

    The importance :math:`F` is scaled to a mean of 1 over the weights that are held, so that the same strength means the
    same for ``l2-sp`` (all :math:`F_i = 1`) and ``ewc``: only where the pull goes differs, not how much there is in all.

    Attributes:
        strength: s, in units of the loss per squared weight; 0 holds nothing
        on: "all" weights that train, those of the "backbone", or those of "heads" (the task's own: readouts and moments)
        importance: F before scaling, by the name of the parameter, as :func:`fisher` gives it; all alike if not given

    Raises:
        RecipeError: the strength is negative or not finite, or ``on`` is unknown.

    >>> Anchor(1e-3, on="backbone").to_json()
    {'kind': 'l2-sp', 'strength': 0.001, 'on': 'backbone'}
    """

    strength: float
    on: str = "all"
    importance: Mapping[str, Tensor] | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        if not (isfinite(self.strength) and self.strength >= 0):
            raise RecipeError(f"anchor.strength must be zero or positive; got {self.strength}.")
        if self.on not in ON:
            raise RecipeError(f"anchor.on: nothing is called {self.on!r}. {nearest(self.on, ON)}")

    def to_json(self) -> Json:
        """Settings for records and fingerprints; the importance as its hash."""
        kind = "l2-sp" if self.importance is None else "ewc"
        out: Json = {"kind": kind, "strength": self.strength, "on": self.on}
        if self.importance is not None:
            digest = sha256()
            for name, values in sorted(self.importance.items()):
                digest.update(name.encode() + values.detach().cpu().double().contiguous().numpy().tobytes())
            out["importance"] = digest.hexdigest()[:16]
        return out


class Pull:
    """An anchor on one potential: remembers where it starts, and pulls its open parameters back.

    Make it of the copy that is trained, before a checkpoint is restored: then a resumed run is pulled to the same place,
    and nothing of the pull needs to be stored. E0 is never held. Blocks that a gradual strategy opens later are held from
    then on. What it adds is the same on every rank, so it comes after the ranks have shared their gradients.

    Args:
        anchor: the settings
        potential: in the state that is to be kept
        plan: of the strategy, which says what may train

    Raises:
        RecipeError: the strategy trains nothing of what ``anchor.on`` names; the importance lacks a parameter, has one of
            another shape, or is zero for all that is held.

    >>> from transferkit.adapters.toy import Toy
    >>> from transferkit.finetuning.strategy import Strategy, apply
    >>> potential = Toy.load("demo")
    >>> pull = Pull(Anchor(1e-2), potential, apply(potential, Strategy("heads")))
    >>> pull.penalty()
    0.0
    """

    def __init__(self, anchor: Anchor, potential: ReferencedPotential, plan: Plan) -> None:
        """Copy the weights and scale the importance."""
        self.strength = anchor.strength
        held = [p for group in plan.groups if _held(group.name, anchor.on) for p in group.params]
        if not held:
            raise RecipeError(
                f"anchor.on is {anchor.on!r}, but the strategy {plan.kind!r} trains only "
                f"{', '.join(group.name for group in plan.groups)}: nothing would be held. "
                f"Leave the anchor out, or choose another `on`."
            )
        self._held = held
        self._start = [p.detach().clone() for p in held]
        self._weights: list[Tensor | None] = [None] * len(held)
        if anchor.importance is not None:
            self._weights = [*_scaled(anchor.importance, potential, held)]

    @torch.no_grad()
    def add_gradients(self) -> None:
        """Add 2 s F (θ - θ0) to the gradients of the parameters that are open now; those of closed ones stay as they are."""
        for parameter, start, weight in self._rows():
            if not parameter.requires_grad:
                continue
            pull = (parameter - start) * (2.0 * self.strength)
            if weight is not None:
                pull *= weight
            if parameter.grad is not None:
                parameter.grad.add_(pull)
            elif (
                pull.any()
            ):  # what no data reach and what has not moved stays without a gradient: weight decay would move it
                parameter.grad = pull

    @torch.no_grad()
    def penalty(self) -> float:
        """The term of the loss, s Σ F (θ - θ0)²; for the log, in float64."""
        total = 0.0
        for parameter, start, weight in self._rows():
            square = (parameter.double() - start.double()) ** 2
            total += float((square if weight is None else square * weight.double()).sum())
        return self.strength * total

    def _rows(self) -> list[tuple[torch.nn.Parameter, Tensor, Tensor | None]]:
        return list(zip(self._held, self._start, self._weights, strict=True))


def fisher(
    potential: ReferencedPotential,
    graphs: Sequence[Graph],
    head: str | None = None,
    *,
    forces: bool = True,
    structures: int | None = ENOUGH,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Tensor]:
    r"""Diagonal of the Fisher information of a head on structures: how much its predictions hang on each weight.

    For a model whose errors are Gaussian with the same width everywhere it needs no labels: the mean over structures of
    :math:`(\partial (E/n) / \partial \theta_i)^2`, E/n in eV/atom, plus the mean square of
    :math:`\partial F / \partial \theta_i` over force components, eV/Å. The second is estimated without bias by one random
    direction per structure: :math:`(\partial (v \cdot F)/ \partial \theta_i)^2 / 3n` with v drawn from a unit Gaussian.

    Args:
        potential: it is not changed
        graphs: of structures of the level of theory that is to be remembered
        head: of that level; may be left out where there is one
        forces: add the part of the forces; twice the time
        structures: how many are taken at most, at random; None for all
        seed: of the directions, and of which are taken
        progress: called with (done, all)

    Returns:
        By name of the parameter, in its shape and dtype; zero for what the head does not use (other heads), E0 left out.

    Raises:
        DataError: there are no graphs.
        UnknownHead: see :meth:`~transferkit.adapters.potential.ReferencedPotential.head_index`.

    >>> import transferkit as tk
    >>> potential = tk.load("toy")
    >>> graphs = [potential.graph(s) for s in tk.bundled("gpaw-pbe-r2scan")[:3]]
    >>> found = fisher(potential, graphs)
    >>> bool((found["adapter.embedding.weight"] >= 0).all()), "e0" in found
    (True, False)
    """
    if not len(graphs):
        raise DataError("elastic weights need structures of the old level of theory, and there are none: add some.")
    name = potential.adapter.heads[potential.head_index(head)]
    model = deepcopy(potential)
    named = {f"adapter.{key}": p.requires_grad_() for key, p in model.adapter.named_parameters()}
    parameters = list(named.values())
    total = [torch.zeros_like(p, dtype=torch.float64) for p in parameters]
    need: frozenset[Property] = frozenset({"energy", "forces"} if forces else {"energy"})
    taken = choose(len(graphs), structures, seed=seed)
    for done, k in enumerate(taken.tolist(), start=1):
        graph = graphs[k]
        out = model(model.collate([graph], name), need=need, create_graph=True)
        outputs = [out.energy.sum() / graph.n_atoms]
        if out.forces is not None:
            direction = rng(seed, 0, k, DRAWS).standard_normal((graph.n_atoms, 3)) / np.sqrt(3 * graph.n_atoms)
            outputs.append((out.forces * torch.from_numpy(direction).to(out.forces)).sum())
        for output in outputs:
            if not output.requires_grad:  # no force depends on the weights: a single atom
                continue
            found = torch.autograd.grad(output, parameters, retain_graph=True, allow_unused=True)
            for squares, gradient in zip(total, found, strict=True):
                if gradient is not None:
                    squares.add_(gradient.double() ** 2)
        if progress is not None:
            progress(done, len(taken))
    return {key: (row / len(taken)).to(p.dtype) for (key, p), row in zip(named.items(), total, strict=True)}


def _held(block: str, on: str) -> bool:
    """Whether an anchor holds this block."""
    if block == REFERENCE:
        return False
    return on == "all" or (block.partition(".")[0] in HEADS) == (on == "heads")


def _scaled(importance: Mapping[str, Tensor], potential: ReferencedPotential, held: Sequence[Tensor]) -> list[Tensor]:
    """The importance of each parameter that is held, with a mean of 1 over all of them."""
    names = {id(p): name for name, p in potential.named_parameters()}
    found = []
    for parameter in held:
        name = names[id(parameter)]
        values = importance.get(name)
        if values is None or values.shape != parameter.shape:
            what = "nothing" if values is None else f"shape {tuple(values.shape)}"
            raise RecipeError(
                f"the importance of the anchor has {what} for {name}, which has shape {tuple(parameter.shape)}. "
                f"Compute it for this potential, after its heads were added."
            )
        found.append(values.to(parameter))
    mean = float(sum(float(v.double().sum()) for v in found)) / sum(v.numel() for v in found)
    if not (isfinite(mean) and mean > 0):
        raise RecipeError(
            f"the importance of the anchor has a mean of {mean} over what is held, so it holds nothing. Compute it from "
            f"structures that reach these blocks, or use the kind 'l2-sp'."
        )
    return [v / mean for v in found]
