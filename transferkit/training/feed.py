"""Feed: which structures come next, and their graphs and labels as one batch."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch

from transferkit.adapters.base import Adapter, Batch, Graph
from transferkit.adapters.graphs import edges_of
from transferkit.adapters.parcel import send
from transferkit.data.batch import plan
from transferkit.data.structures import Structures
from transferkit.errors import DataError
from transferkit.training.labels import Labels, collate_labels
from transferkit.training.state import Progress


@dataclass(frozen=True, eq=False)
class Feed:
    """Graphs are built before; a batch is put together only when its turn comes.

    Attributes:
        data: labelled structures
        graphs: one per structure
        adapter: that joins graphs
        head: index of the head that these data train
        budget: most directed edges in a batch
        structures: most structures in a batch, over all ranks; None for no limit
        seed: of the order

    Raises:
        DataError: there are more or fewer graphs than structures.
    """

    data: Structures
    graphs: Sequence[Graph]
    adapter: Adapter
    head: int
    budget: int
    structures: int | None
    seed: int

    def __post_init__(self) -> None:
        """Graphs and structures must belong together."""
        if len(self.graphs) != len(self.data):
            raise DataError(f"{len(self.graphs)} graphs were given for {len(self.data)} structures.")

    @cached_property
    def edges(self) -> np.ndarray:
        """Directed edges of each graph, int64, (structures,)."""
        return edges_of(self.graphs)

    def epoch(self, number: int, *, shuffle: bool = True) -> list[np.ndarray]:
        """Global batches of an epoch as index arrays; the same for any number of ranks."""
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
        return self.adapter.collate([self.graphs[int(s)] for s in index], [self.head] * len(index))

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
        return send((batch, labels.hidden() if hidden else labels), device)


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
