"""What things cost on this machine, measured on the real potential and real structures of the training part."""

import resource
import sys
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import partial
from math import inf
from time import perf_counter, process_time
from typing import TypeVar

import numpy as np
import torch
from torch import nn

from transferkit.adapters.base import Graph
from transferkit.adapters.potential import ReferencedPotential
from transferkit.data.structures import Structures
from transferkit.evaluation.predict import predict
from transferkit.finetuning.anchor import Anchor, Pull
from transferkit.finetuning.plan import Plan
from transferkit.finetuning.strategy import Strategy, apply
from transferkit.preview.span import Span
from transferkit.training.distributed import Ranks
from transferkit.training.ema import Ema
from transferkit.training.excursion import Excursions
from transferkit.training.feed import Feed, feed_of
from transferkit.training.labels import choosing
from transferkit.training.loop import evaluate, step
from transferkit.training.loss import Loss, Objective
from transferkit.training.mixture import Beside
from transferkit.training.optimiser import Optimiser, Schedule, make
from transferkit.training.progress import Display
from transferkit.training.session import Session, Store
from transferkit.training.state import State
from transferkit.typing import Property

WARM_UP, FEWEST, MOST = 2, 3, 12
"""Steps: the first are slower than the rest, as memory is asked for and kernels are chosen."""
ENOUGH_S = 3.0
"""Seconds of measured steps."""
T = TypeVar("T")


def timed(work: Callable[[], T]) -> tuple[T, float]:
    """A result, and the seconds that it took.

    >>> timed(lambda: 3)[0]
    3
    """
    begun = perf_counter()
    result = work()
    return result, perf_counter() - begun


@dataclass(frozen=True, eq=False)
class Costs:
    """Seconds per directed edge, and bytes.

    Attributes:
        step: an optimiser step
        evaluate: an evaluation on the validation part
        predict: a prediction of every property
        energy: a prediction of the energy alone
        checkpoint: bytes of one
        memory: largest memory of this process so far, or of the GPU, bytes
        steps: that were measured
        slow: seconds that went by, per second that this process computed; 1 on a machine that does nothing else
    """

    step: Span
    evaluate: Span
    predict: Span
    energy: Span
    checkpoint: int
    memory: int
    steps: int
    slow: float = 1.0


@dataclass(frozen=True, eq=False)
class Trial:
    """What is needed to take a step as the run would; nothing of it is kept.

    Attributes:
        potential: not changed
        strategy: what may change
        loss: what is minimised
        optimiser: how
        need: labels that enter the loss
        head: that is trained
        ema: decay of an average
        budget: edges in a batch
        structures: structures in a batch
        seed: of the order
        beside: sets that are trained on at the same time
        anchor: pull towards the weights at the start, where there is one; all weights alike
        others: further heads that are trained, where their sets are not at hand
    """

    potential: ReferencedPotential
    strategy: Strategy
    loss: Loss
    optimiser: Optimiser
    need: frozenset[Property]
    head: str
    ema: float | None = None
    budget: int = 20_000
    structures: int | None = None
    seed: int = 0
    beside: tuple[Beside, ...] = ()
    anchor: Anchor | None = None
    others: tuple[str, ...] = ()

    @property
    def heads(self) -> list[str]:
        """Heads that are trained, that of the target first."""
        return [*dict.fromkeys([self.head, *self.others, *(b.head for b in self.beside)])]

    def plan(self) -> Plan:
        """Blocks, and which of them may change.

        Raises:
            UnknownBlock: the strategy names a block that the potential does not have.
        """
        return apply(deepcopy(self.potential), self.strategy, heads=self.heads)


def measure_steps(
    trial: Trial, train: Structures, graphs: Sequence[Graph], valid: Structures, valid_graphs: Sequence[Graph]
) -> Costs:
    """Take a few optimiser steps on a copy, an evaluation and two predictions; the largest batch comes first.

    Args:
        trial: what to measure
        train: structures to step on
        graphs: of them
        valid: structures to evaluate, a few
        valid_graphs: of them

    Raises:
        TrainingDiverged: the loss of a step is not finite.
    """
    session = _session(trial, train, graphs, valid, valid_graphs)
    batches = session.feed.epoch(1)
    edges = np.array([session.feed.edges[batch].sum() for batch in batches], dtype=float)
    session.plan.open(epoch=10**9, step=10**9)  # every block that ever opens: the slowest steps
    module = session.here.wrap(session.objective)
    order = [int(np.argmax(edges)), *(k % len(batches) for k in range(WARM_UP + MOST - 1))]
    seconds: list[float] = []
    done: list[float] = []
    computed = 0.0
    for number, k in enumerate(order):
        before = process_time()
        _, took = timed(partial(_synchronised, partial(_step, session, module, batches[k])))
        if number >= WARM_UP:
            seconds.append(took)
            done.append(edges[k])
            computed += process_time() - before
        if len(seconds) >= FEWEST and sum(seconds) > ENOUGH_S:
            break
    sized = float(sum(g.n_edges for g in valid_graphs))
    evaluated = [timed(lambda: _synchronised(lambda: evaluate(session, 0.0)))[1] for _ in range(2)]
    _, tensors = session.state.save()
    return Costs(
        step=Span.of(seconds, done),
        evaluate=Span.of(evaluated, [sized] * len(evaluated)),
        predict=_prediction(trial, valid, valid_graphs, None),
        energy=_prediction(trial, valid, valid_graphs, frozenset({"energy"})),
        checkpoint=sum(t.numel() * t.element_size() for t in tensors.values()),
        memory=peak_memory(),
        steps=len(seconds),
        # A process that waits for a GPU does not compute, and says nothing about other processes.
        slow=1.0 if torch.cuda.is_available() else max(1.0, sum(seconds) / max(computed, 1e-9)),
    )


def _prediction(trial: Trial, data: Structures, graphs: Sequence[Graph], need: frozenset[Property] | None) -> Span:
    took = [
        timed(lambda: _synchronised(lambda: predict(trial.potential, data, need=need, graphs=graphs, head=trial.head)))[
            1
        ]
        for _ in range(2)
    ]
    return Span.of(took[1:], [float(sum(g.n_edges for g in graphs))])


def _session(
    trial: Trial, train: Structures, graphs: Sequence[Graph], valid: Structures, valid_graphs: Sequence[Graph]
) -> Session:
    """As :func:`transferkit.training.fit.fit` puts it together, without anything that writes or talks."""
    model = deepcopy(trial.potential)
    plan = apply(model, trial.strategy, heads=trial.heads)
    pull = None if trial.anchor is None else Pull(trial.anchor, model, plan)
    index = model.head_index(trial.head)
    size = {"edges": trial.budget, "structures": trial.structures, "seed": trial.seed}
    feed = feed_of(model, train, graphs, trial.head, trial.beside, **size)  # type: ignore[arg-type]
    checked = Feed(valid, valid_graphs, model.adapter, index, trial.budget, trial.structures, trial.seed)
    total = 10**6
    still = replace(trial.optimiser, learning_rate=1e-12)  # the weights stay, so that no step can diverge
    average = None if trial.ema is None else Ema(plan.parameters, trial.ema)
    state = State(model, make(still, plan.groups), Schedule(still, total), average)
    return Session(
        here=Ranks(0, 1, model.e0.device),
        objective=Objective(model, trial.loss, trial.need, None if feed.mixture is None else feed.mixture.weights),
        plan=plan,
        feed=feed,
        valid=checked,
        state=state,
        store=Store(None, "", writes=False),
        tracker=None,
        display=Display(total, quiet=True),
        total=total,
        every=1,
        unit="epochs",
        save_every=None,
        clip=inf,
        patience=None,
        valid_need=choosing(trial.need, train),
        pull=pull,
        excursions=None if trial.loss.consistency is None else Excursions(feed, trial.loss.consistency, total),
    )


def _step(session: Session, module: nn.Module, index: np.ndarray) -> None:
    """As the loop does, with the batch put together before."""
    step(session, module, index, session.load(index, session.state.progress), asked=False)


def _synchronised(work: Callable[[], T]) -> T:
    result = work()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return result


def peak_memory() -> int:
    """Bytes: the most that this process held so far, on the GPU where there is one.

    >>> peak_memory() > 1e6
    True
    """
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated()
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024
