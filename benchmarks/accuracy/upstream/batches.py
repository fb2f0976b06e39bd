"""The batches of every epoch, as our loop draws them, for upstream's loops."""

import numpy as np

from transferkit.data.batch import plan

BATCH = 16
EDGES = 10**9
"""No limit by edges: a batch has 16 structures in every arm."""


def orders(n: int, seed: int, epochs: int) -> list[list[list[int]]]:
    """The batches that our loop takes: epoch, batch, row."""
    return [
        [b.tolist() for b in plan(np.ones(n), budget=EDGES, max_structures=BATCH, seed=seed, epoch=epoch)]
        for epoch in range(1, epochs + 1)
    ]


class Batches:
    """The given batches, one epoch after the other, as a batch sampler."""

    def __init__(self, epochs):
        """Begin with the first epoch."""
        self.epochs, self.turn = epochs, 0

    def __iter__(self):
        """Batches of the next epoch."""
        self.turn += 1
        return iter(self.epochs[self.turn - 1])

    def __len__(self):
        """Batches in an epoch."""
        return len(self.epochs[0])
