"""From what was measured to what a whole run takes: steps, seconds, bytes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Literal

import numpy as np

from transferkit.data.batch import plan
from transferkit.data.structures import Structures
from transferkit.preview.measure import Costs
from transferkit.preview.span import Span
from transferkit.training.feed import mixed
from transferkit.training.mixture import Draw

PAGE = Span(3.0, 5.5, 9.0)
"""Seconds for the result, the figures and the page of a run on a quiet machine; they hardly depend on the data."""
PAGE_BYTES = 3_000_000
"""Page and figures."""
DISK = 200e6
"""Bytes per second that a disk takes; a laptop's writes faster, a shared file system slower."""
NOTICEABLE = 1.1
"""A process that is slowed down by less than this has the machine to itself."""
EXACT = 2_000_000
"""Structures times epochs up to which every batch is laid out; beyond, the first epoch stands for all."""


@dataclass(frozen=True)
class Length:
    """How long training is.

    Attributes:
        steps: optimiser steps
        epochs: passes over the training part, the last one perhaps cut
        edges: directed edges of all steps together
        evaluations: on the validation part, the one before training included
        exact: whether every batch was laid out
    """

    steps: int
    epochs: int
    edges: float
    evaluations: int
    exact: bool


def length(
    edges: np.ndarray,
    *,
    epochs: int | None,
    steps: int | None,
    budget: int,
    structures: int | None,
    seed: int,
    every: int,
    unit: Literal["epochs", "steps"],
    draws: Sequence[Draw] = (),
    targets: int | None = None,
) -> Length:
    """Lay out the batches of a run and count.

    Args:
        edges: directed edges of each training structure, (structures,); with ``draws``, those of the sets beside behind them
        epochs: passes; this or ``steps``
        steps: optimiser steps
        budget: most edges in a batch
        structures: most structures in a batch
        seed: of the order
        every: between two evaluations
        unit: what ``every`` counts
        draws: of the sets beside the target
        targets: structures of the target, where there are such sets

    >>> found = length(np.full(10, 5), epochs=3, steps=None, budget=20, structures=None, seed=0, every=1, unit="epochs")
    >>> found.steps, found.edges, found.evaluations
    (9, 150.0, 4)
    """
    n = len(edges) if targets is None else targets

    def laid_out(epoch: int) -> list[np.ndarray]:
        if not draws:
            return plan(edges, epoch=epoch, budget=budget, max_structures=structures, seed=seed)
        return mixed(edges, draws, targets=n, epoch=epoch, budget=budget, max_structures=structures, seed=seed)

    first = laid_out(1)
    wanted = epochs if epochs is not None else ceil((steps or 0) / len(first))
    exact = wanted * n <= EXACT
    done, seen, epoch, evaluations = 0, 0.0, 0, 1
    last = steps if steps is not None else None
    while epoch < (wanted if last is None else 10**9) and (last is None or done < last):
        epoch += 1
        batches = laid_out(epoch) if exact else first
        cut = batches if last is None else batches[: last - done]
        seen += float(sum(edges[batch].sum() for batch in cut)) if exact or epoch == 1 else seen / (epoch - 1)
        if unit == "steps":
            evaluations += (done + len(cut)) // every - done // every
        elif len(cut) == len(batches) and epoch % every == 0:
            evaluations += 1
        done += len(cut)
    ends_unseen = (
        done % every != 0 if unit == "steps" else epoch % every != 0 or (last is not None and len(cut) < len(batches))
    )
    return Length(done, epoch, seen, evaluations + ends_unseen, exact)


def stages(
    length: Length,
    costs: Costs,
    graphs: Span,
    *,
    edges: Mapping[str, float],
    once: Span,
    fit: Span,
    beside: float = 0.0,
    held: float = 0.0,
    before: Length | None = None,
) -> dict[str, Span]:
    """Seconds of each stage of a run.

    Args:
        length: of training
        costs: seconds per edge
        graphs: seconds per edge of building graphs
        edges: directed edges of each part, by name: train, valid and the tests
        once: reading data and loading the potential
        fit: scoring and fitting the reference, without the forward pass
        beside: directed edges of what is trained on beside the data, and before
        held: directed edges of what is held out of other levels of theory
        before: of pre-training
    """
    others = sum(n for name, n in edges.items() if name != "train")
    evaluations = length.evaluations + (0 if before is None else before.evaluations)
    saves = Span.exactly(costs.checkpoint / DISK) * evaluations
    found = {
        "loading": once,
        "graphs": graphs * (sum(edges.values()) + beside + held),
        "reference": costs.energy * (edges["train"] + beside) + fit,
        "training": costs.step * length.edges,
        "evaluations": costs.evaluate * (edges["valid"] * evaluations) + saves,
        "predictions": costs.predict * (2 * others + 4 * held),
        "page": PAGE * costs.slow,
    }
    return found if before is None else {"pre-training": costs.step * before.edges, **found}


def bytes_written(tests: Mapping[str, Structures], costs: Costs, model: int, evaluations: int) -> int:
    """Bytes in the folder of a finished run: checkpoint, potential, labels and two predictions of each test, page.

    Args:
        tests: by name
        costs: with the size of a checkpoint
        model: bytes of the potential
        evaluations: rows of ``metrics.jsonl``
    """
    structures = sum(len(part) for part in tests.values())
    atoms = sum(len(part.numbers) for part in tests.values())
    predictions = 3 * (5_000 * len(tests) + 140 * structures + 45 * atoms)
    return int(costs.checkpoint + model + predictions + 400 * evaluations + 1_500 * structures + PAGE_BYTES)


def crowded(slow: float, workers: int, cores: int) -> float:
    """How many times longer than alone and undisturbed each of several workers takes.

    Args:
        slow: what one process was seen to be slowed down by others
        workers: processes of the comparison
        cores: that they may use together

    >>> crowded(1.0, 2, cores=2), crowded(1.5, 2, cores=2), crowded(3.0, 1, cores=2)
    (1.0, 2.0, 3.0)
    """
    # Others that are as greedy as we are: (others + 1) / cores = slow, and then (others + workers) / cores.
    return slow if slow < NOTICEABLE else max(slow, (slow * cores + workers - 1) / cores)


def shared_out(runs: list[Span], workers: int) -> tuple[Span, Span]:
    """Work of all runs together, and wall time where ``workers`` of them go on at the same time.

    Runs are begun in order, each by the first worker that is free.

    >>> total, wall = shared_out([Span.exactly(2.0)] * 3, 2)
    >>> total.likely, wall.likely
    (6.0, 4.0)
    """
    ends = []
    for bound in ("low", "likely", "high"):
        busy = [0.0] * workers
        for run in runs:
            busy[busy.index(min(busy))] += getattr(run, bound)
        ends.append(max(busy))
    return Span.sum(runs), Span(*ends)
