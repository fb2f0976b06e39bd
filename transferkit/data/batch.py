"""Batches by an edge budget, and the counter-based random numbers that make them resumable."""

from hashlib import sha256

import numpy as np

from transferkit.errors import DataError


def rng(seed: int, epoch: int, step: int, purpose: str) -> np.random.Generator:
    """Random numbers that depend on nothing but these four: a resumed run draws what an uninterrupted one does.

    A Philox counter (Salmon et al., SC11, doi 10.1145/2063384.2063405) keyed by the sha256 of the arguments.

    Args:
        seed: of the run
        epoch: counted from 0
        step: within the epoch
        purpose: what is drawn, e.g. "order"; two purposes are independent

    >>> rng(0, 1, 0, "order").random() == rng(0, 1, 0, "order").random()
    True
    """
    key = sha256(f"{seed}|{epoch}|{step}|{purpose}".encode()).digest()[:16]
    return np.random.Generator(np.random.Philox(key=np.frombuffer(key, dtype="<u8").astype(np.uint64)))


def plan(
    edges: np.ndarray,
    *,
    budget: int,
    seed: int,
    epoch: int,
    shuffle: bool = True,
    max_structures: int | None = None,
) -> list[np.ndarray]:
    """Which structures form which batch: as many as fit below the budget, in order.

    Args:
        edges: graph edges of each structure, int, shape (structures,)
        budget: most edges in a batch; a structure above it forms a batch of its own
        seed: of the run
        epoch: every epoch has its own order
        shuffle: draw the order; otherwise as given
        max_structures: most structures in a batch

    Returns:
        Index arrays, int64; every structure in exactly one.

    Raises:
        DataError: the budget or the limit is below 1.

    >>> [batch.tolist() for batch in plan(np.array([4, 4, 9, 2]), budget=8, seed=0, epoch=0, shuffle=False)]
    [[0, 1], [2], [3]]
    """
    order = order_of(len(edges), seed=seed, epoch=epoch) if shuffle else np.arange(len(edges))
    return [order[batch] for batch in fill(edges[order], budget=budget, most=max_structures)]


def order_of(n: int, *, seed: int, epoch: int, purpose: str = "order") -> np.ndarray:
    """The numbers below ``n`` in the order of an epoch, int64, (n,)."""
    # raw bits, as only the bit stream, and not permutation(), is promised to stay the same between numpy versions
    return np.argsort(rng(seed, epoch, 0, purpose).bit_generator.random_raw(n), kind="stable")


def fill(edges: np.ndarray, *, budget: int, most: int | None = None) -> list[np.ndarray]:
    """Divide a sequence into batches, as many as fit below the budget, in order.

    Args:
        edges: graph edges of each member of the sequence, int, (members,)
        budget: most edges in a batch; a member above it forms a batch of its own
        most: most members in a batch

    Returns:
        Places in the sequence, int64, batch by batch.

    Raises:
        DataError: the budget or the limit is below 1.

    >>> [batch.tolist() for batch in fill(np.array([4, 4, 9, 2]), budget=8)]
    [[0, 1], [2], [3]]
    """
    for name, value in (("budget", budget), ("max_structures", most)):
        if value is not None and value < 1:
            raise DataError(f"{name} is {value}; a batch must be allowed at least 1")
    batches: list[list[int]] = []
    load = 0
    for place, size in enumerate(edges.tolist()):
        full = not batches or load + size > budget or len(batches[-1]) == most
        if full:
            batches.append([])
            load = 0
        batches[-1].append(place)
        load += int(size)
    return [np.array(b, dtype=np.int64) for b in batches]
