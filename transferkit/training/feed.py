"""Feed: which structures come next, and their graphs and labels as one batch."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch

from transferkit.adapters.base import Adapter, Batch, Graph
from transferkit.adapters.graphs import edges_of
from transferkit.adapters.parcel import send
from transferkit.adapters.potential import ReferencedPotential
from transferkit.data.batch import fill, order_of, plan
from transferkit.data.structures import Structures
from transferkit.errors import DataError
from transferkit.training.labels import Labels, collate_labels
from transferkit.training.mixture import Beside, Draw, Mixture
from transferkit.training.state import Progress


@dataclass(frozen=True, eq=False)
class Feed:
    """Graphs are built before; a batch is put together only when its turn comes.

    Attributes:
        data: labelled structures
        graphs: one per structure
        adapter: that joins graphs
        head: index of the head that these data train, or one per row, int64, (structures,)
        budget: most directed edges in a batch
        structures: most structures in a batch, over all ranks; None for no limit
        seed: of the order
        mixture: where ``data`` are a target set and sets beside it; None for one set

    Raises:
        DataError: there are more or fewer graphs than structures.
    """

    data: Structures
    graphs: Sequence[Graph]
    adapter: Adapter
    head: int | np.ndarray
    budget: int
    structures: int | None
    seed: int
    mixture: Mixture | None = None

    def __post_init__(self) -> None:
        """Graphs and structures must belong together."""
        if len(self.graphs) != len(self.data):
            raise DataError(f"{len(self.graphs)} graphs were given for {len(self.data)} structures.")

    @cached_property
    def edges(self) -> np.ndarray:
        """Directed edges of each graph, int64, (structures,)."""
        return edges_of(self.graphs)

    @cached_property
    def heads(self) -> np.ndarray:
        """Index of the head of each row, int64, (structures,)."""
        return np.broadcast_to(np.asarray(self.head), (len(self.data),))

    @property
    def targets(self) -> int:
        """Rows of the target set, which come first: all, where there is no other."""
        return len(self.data) if self.mixture is None else len(self.mixture.target)

    def epoch(self, number: int, *, shuffle: bool = True) -> list[np.ndarray]:
        """Global batches of an epoch as index arrays; the same for any number of ranks.

        An epoch is one pass over the target set. The order of its structures is what it would be alone; in a batch they
        come first, and what they bring of other sets follows. ``budget`` counts the edges of all, ``structures`` those of
        the target.
        """
        if self.mixture is not None:
            return mixed(
                self.edges,
                self.mixture.draws,
                targets=self.targets,
                budget=self.budget,
                max_structures=self.structures,
                seed=self.seed,
                epoch=number,
            )
        return plan(
            self.edges,
            budget=self.budget,
            max_structures=self.structures,
            seed=self.seed,
            epoch=number,
            shuffle=shuffle,
        )

    def steps(self, epochs: int) -> int:
        """Batches in the epochs 1 to ``epochs``: the schedule must know where it ends."""
        return sum(len(self.epoch(k)) for k in range(1, epochs + 1))

    def collate(self, index: np.ndarray) -> Batch:
        """Batch of the structures ``index``, on CPU."""
        return self.adapter.collate([self.graphs[int(s)] for s in index], self.heads[index].tolist())

    def load(
        self, index: np.ndarray, *, hidden: bool, device: torch.device, copies: np.ndarray | None = None
    ) -> tuple[Batch, Labels]:
        """Batch and labels of the structures ``index``.

        Args:
            index: structures
            hidden: say that all labels are absent
            device: to put them on
            copies: structures that follow in the batch, and have no labels
        """
        batch = self.collate(index if copies is None else np.concatenate([index, copies]))
        labels = collate_labels(self.data, index)
        if self.mixture is not None:
            labels = replace(labels, source=torch.from_numpy(self.mixture.source[index]))
        return send((batch, labels.hidden() if hidden else labels), device)


def mixed(
    edges: np.ndarray,
    draws: Sequence[Draw],
    *,
    targets: int,
    budget: int,
    max_structures: int | None,
    seed: int,
    epoch: int,
) -> list[np.ndarray]:
    """Batches of an epoch of a mixture: each structure of the target brings what its place in the run entitles it to.

    Args:
        edges: directed edges of each row, those of the target first, int64, (rows,)
        draws: of the sets beside it
        targets: rows of the target
        budget: most edges in a batch, over all sets
        max_structures: most structures of the target in a batch
        seed: of the order
        epoch: counted from 1

    >>> from fractions import Fraction
    >>> [batch] = mixed(
    ...     np.ones(3), [Draw("PBE", 2, 1, Fraction(1), 0)], targets=2, budget=9, max_structures=2, seed=0, epoch=1
    ... )
    >>> sorted(batch.tolist())
    [0, 1, 2, 2]
    """
    start = (epoch - 1) * targets
    order = order_of(targets, seed=seed, epoch=epoch)
    rows = [draw.rows(start, start + targets) for draw in draws]
    ends = [np.concatenate([[0], np.cumsum(draw.counts(start, start + targets))]) for draw in draws]
    brought = edges[order]
    for row, end in zip(rows, ends, strict=True):
        running = np.concatenate([[0], np.cumsum(edges[row])])
        brought = brought + np.diff(running[end])
    return [
        np.concatenate(
            [order[batch], *(row[end[batch[0]] : end[batch[-1] + 1]] for row, end in zip(rows, ends, strict=True))]
        )
        for batch in fill(brought, budget=budget, most=max_structures)
    ]


def feed_of(
    model: ReferencedPotential,
    train: Structures,
    graphs: Sequence[Graph],
    head: str,
    beside: Sequence[Beside],
    *,
    edges: int,
    structures: int | None,
    seed: int,
) -> Feed:
    """The feed of a target set and of the sets beside it, where there are some; arguments as those of ``fit``.

    Raises:
        UnknownHead: a set is to train a head that the potential lacks.
        DataError: there are more or fewer graphs than structures.
    """
    if not beside:
        return Feed(train, graphs, model.adapter, model.head_index(head), edges, structures, seed)
    mixture = Mixture(train, graphs, head, tuple(beside), seed)
    index = np.array([model.head_index(name) for name in (head, *(b.head for b in beside))])
    return Feed(mixture.data, mixture.graphs, model.adapter, index[mixture.source], edges, structures, seed, mixture)


def remaining(feed: Feed, progress: Progress, total: int) -> Iterator[tuple[np.ndarray, bool]]:
    """Global batches that are still to come, and whether each is the last of its epoch; epochs roll on until ``total``.

    Moves ``epoch`` and ``position`` of ``progress``; whoever takes a step counts ``step``.
    """
    while progress.step < total and not progress.out_of_patience:
        batches = feed.epoch(progress.epoch)
        for index in batches[progress.position :]:
            progress.position += 1
            yield index, progress.position == len(batches)
            if progress.step >= total or progress.out_of_patience:
                return
        progress.epoch, progress.position = progress.epoch + 1, 0
