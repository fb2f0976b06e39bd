"""Excursions: batches whose structures also take small steps aside, for the consistency losses.

Where sets are trained on beside the target, only structures of the target step aside: the head that is wanted is the one
that is to be smooth.
"""

from dataclasses import dataclass
from math import ceil

import numpy as np
import torch

from transferkit.adapters.base import Batch
from transferkit.adapters.graphs import skins_of
from transferkit.data.batch import rng
from transferkit.data.structures import Structures
from transferkit.errors import GraphError, RecipeError
from transferkit.training.consistency import FORCES, Consistency, Moves
from transferkit.training.displacement import draw
from transferkit.training.feed import Feed
from transferkit.training.labels import Labels
from transferkit.training.state import Progress

ROUNDING = 1e-12
JOINED = 12_000
"""Directed edges: CHGNet, one core, both losses with kappa 1/2: with 6,000 a joined pass cost 3.0 plain steps and three passes
3.2, with 12,000 both 3.4, before messages beyond the cutoffs were left out."""


def check_steps(settings: Consistency, data: Structures, *, of: str = "training") -> None:
    """Refuse data whose structures cannot step aside as the losses ask for.

    Args:
        settings: of the losses
        data: structures that take part
        of: what they are, for the message

    Raises:
        RecipeError: adversarial displacements, and a structure without force labels; or all structures have a single atom,
            whose displacement moves the whole structure, so that both losses would be zero.

    >>> import transferkit as tk
    >>> check_steps(Consistency(1.0, 0.1, direction="adversarial"), tk.bundled("gpaw-pbe-r2scan"))
    """
    labelled = data.mask["forces"]
    if settings.direction == "adversarial" and not labelled.all():
        raise RecipeError(
            f"loss.consistency.direction: adversarial displacements follow the error of the forces, and "
            f"{int((~labelled).sum())} of {len(labelled)} {of} structures have no force labels, e.g. "
            f"{str(data.id[int(np.argmin(labelled))])!r}. Take uniform or random."
        )
    if len(data) and (data.n_atoms < 2).all():
        raise RecipeError(
            f"loss.consistency: all {len(data)} {of} structures have a single atom, which cannot move against itself, so that both "
            f"losses are zero. Write consistency: null, or give larger cells."
        )


@dataclass(frozen=True, eq=False)
class Excursions:
    """Draws who takes part and where to, and puts the batch together.

    All numbers depend on nothing but seed, epoch, place in the epoch and structure. So a run that goes on draws what an
    uninterrupted one does, and several ranks draw what one does.

    Attributes:
        feed: of the training part, with graphs that have a skin
        settings: of the losses
        total: steps of the run
        most_joined: directed edges up to which displaced structures share the forward pass of the labelled ones on a
            CPU, where larger arrays fall out of the caches; elsewhere they always do

    Raises:
        GraphError: the graphs have less skin than the displacements need; names both.
        RecipeError: see :func:`check_steps`.
        UnsupportedProperty: the adapter predicts no forces.
    """

    feed: Feed
    settings: Consistency
    total: int
    most_joined: int = JOINED

    def __post_init__(self) -> None:
        """Refuse graphs that would lose edges, and displacements that cannot be made."""
        self.feed.adapter.check_need(FORCES)
        needed = self.settings.skin
        if (short := np.flatnonzero(skins_of(self.feed.graphs)[: self.feed.targets] < needed - ROUNDING)).size:
            graph, enough = self.feed.graphs[int(short[0])], ceil(1000 * needed) / 1000
            raise GraphError(
                f"structure {graph.id!r}: its graph has a skin of {graph.skin:g} Å, and displacements of {self.settings.length:g} Å "
                f"({self.settings.direction}) need {enough:g} Å, or atoms that come within the cutoff would not be seen. "
                f"Build the graphs with build_graphs(..., skin={enough:g}), or lower loss.consistency.length."
            )
        check_steps(self.settings, self.feed.data[: self.feed.targets])

    def load(
        self, index: np.ndarray, mine: np.ndarray, *, hidden: bool, progress: Progress, device: torch.device
    ) -> tuple[Batch, Labels, Moves | None]:
        """Batch, labels and displacements of one rank; None where none of its structures takes part.

        Args:
            index: structures of the global batch
            mine: those of this rank
            hidden: whether this rank only stands in, with labels that do not count
            progress: where the run stands
            device: to put them on
        """
        taking_part = self.chosen(index, progress)
        chosen = np.array([k for k, s in enumerate(mine.tolist()) if s in taking_part and not hidden], dtype=np.int64)
        if not len(chosen):
            return *self.feed.load(mine, hidden=hidden, device=device), None
        settings = self.settings
        copies = np.tile(mine[chosen], settings.copies)
        edges = int(self.feed.edges[mine].sum() + self.feed.edges[copies].sum())
        behind = len(copies) > 0 and (device.type != "cpu" or edges <= self.most_joined)
        batch, labels = self.feed.load(mine, hidden=False, device=device, copies=copies if behind else None)
        sizes = self.feed.data.n_atoms[mine]
        offset = np.cumsum(sizes) - sizes
        moves = Moves(
            chosen=torch.from_numpy(chosen),
            atoms=torch.from_numpy(np.concatenate([offset[k] + np.arange(sizes[k]) for k in chosen])),
            owner=torch.from_numpy(np.repeat(np.arange(len(chosen)), sizes[chosen])),
            first=self._drawn(mine[chosen], progress, "first"),
            second=self._drawn(mine[chosen], progress, "second"),
            behind=behind,
            apart=None if behind and settings.end_joins else self.feed.collate(mine[chosen]),
            ramp=settings.ramp(progress.step, self.total),
        )
        return batch, labels, moves.to(device)

    def chosen(self, index: np.ndarray, progress: Progress) -> set[int]:
        """Structures of a global batch that take part: a share of those of the target, rounded up."""
        index = index[index < self.feed.targets]
        order = rng(self.feed.seed, progress.epoch, progress.position, "consistency").bit_generator.random_raw(
            len(index)
        )
        most = ceil(self.settings.fraction * len(index) - ROUNDING)
        return {int(s) for s in index[np.argsort(order, kind="stable")[:most]]}

    def _drawn(self, structures: np.ndarray, progress: Progress, which: str) -> torch.Tensor:
        """Displacements of several structures, (atoms, 3); the adversarial one is made later, from forces."""
        adversarial = self.settings.direction == "adversarial"
        n_atoms = self.feed.data.n_atoms[structures].tolist()
        if adversarial and which == "first":
            return torch.zeros(sum(n_atoms), 3, dtype=torch.float64)
        direction = "uniform" if adversarial else self.settings.direction
        return torch.from_numpy(
            np.concatenate(
                [
                    draw(
                        direction,
                        self.settings.length,
                        n,
                        rng(self.feed.seed, progress.epoch, progress.position, f"{which} displacement of {int(s)}"),
                    )
                    for s, n in zip(structures, n_atoms, strict=True)
                ]
            )
        )
