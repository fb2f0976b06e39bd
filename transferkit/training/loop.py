"""The training loop, top to bottom. It knows no adapter and no strategy: both are data in the session."""

from math import isfinite
from time import perf_counter
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from transferkit.errors import TrainingDiverged
from transferkit.training.feed import remaining
from transferkit.training.interrupt import Interruption
from transferkit.training.prefetch import ahead, pays
from transferkit.training.session import Loaded, Session
from transferkit.training.tally import Tally
from transferkit.typing import Json

Stopped = Literal["finished", "patience", "interrupted"]


def loop(session: Session, request: Interruption) -> Stopped:
    """Step after step, until the last one, the end of patience, or a request to stop.

    Raises:
        TrainingDiverged: the loss or its gradient became NaN or infinite; that step was not taken.
    """
    state, progress = session.state, session.state.progress
    clock = perf_counter() - progress.wall_s
    try:
        # 1. Step 0: what the potential knows before training. It competes for the best weights like any other.
        if not progress.history:
            evaluate(session, clock)
            session.store.save(state)

        saved, cost = perf_counter(), 0.0
        module: nn.Module | None = None
        with ahead(session.loads(), threaded=pays(session.here.device)) as loads:
            for index, epoch_ends in remaining(session.feed, progress, session.total):
                # 2. Open the blocks whose turn has come. DDP looks at its parameters only when it is made.
                opened = session.plan.open(epoch=progress.epoch, step=progress.step)
                if module is None or opened:
                    module = session.here.wrap(session.objective)

                # 3. One optimiser step; whether anybody asked to stop travels along, so that all ranks stop together.
                stop = step(session, module, index, next(loads), asked=request.asked)
                progress.wall_s = perf_counter() - clock

                # 4. Evaluate, keep the best, and put everything on disk.
                evaluated = session.evaluation_due(epoch_ends=epoch_ends)
                if evaluated:
                    evaluate(session, clock)
                now = perf_counter()
                if evaluated or stop or session.save_due(epoch_ends=epoch_ends, since=now - saved, cost=cost):
                    session.store.save(state)
                    saved = perf_counter()
                    cost = saved - now
                if stop and progress.step < session.total:
                    return "interrupted"
    except KeyboardInterrupt:
        # A second Ctrl-C: the weights may be half moved, so the last checkpoint stays as it is.
        return "interrupted"
    return "patience" if progress.out_of_patience else "finished"


def step(session: Session, module: nn.Module, index: np.ndarray, loaded: Loaded, *, asked: bool) -> bool:
    """One optimiser step on one global batch.

    Args:
        session: what to train
        module: the session's objective, inside DDP where there are several ranks
        index: structures of the global batch, for messages
        loaded: this rank's part of it
        asked: whether this rank was asked to stop

    Returns:
        Whether any rank was asked to stop.
    """
    here, state, objective = session.here, session.state, session.objective
    rate = state.schedule.set(state.optimiser, state.progress.step)

    # 1. The sums of the loss of this rank's part of the batch.
    sums, log = module(*loaded)

    # 2. Sums and counts of all ranks in one message. Dividing by the counts of the whole batch, and not by those of
    #    each rank, gives every force component the same weight however the structures were dealt out.
    message = here.sum(torch.cat([log.flatten(), log.new_tensor([float(asked)])])).cpu().numpy()
    seen = Tally(message[:-1].reshape(log.shape))
    value = seen.total(objective.weights, objective.sets)
    refuse_unless_finite(value, "loss", session, rate, index)

    # 3. Gradients of the sum over ranks; a label that nobody has adds a zero that still reaches every parameter.
    state.optimiser.zero_grad(set_to_none=True)
    loss: Tensor = objective.total(sums, seen) * here.scale
    loss.backward()  # type: ignore[no-untyped-call]
    if session.pull is not None:
        session.pull.add_gradients()
    norm = nn.utils.clip_grad_norm_(session.plan.parameters, session.clip)
    refuse_unless_finite(float(norm), "norm of the gradient", session, rate, index)

    # 4. Move.
    state.optimiser.step()
    if state.ema is not None:
        state.ema.update()
    state.tally.add(seen.sums)
    state.progress.step += 1
    session.display.step(value)
    return bool(message[-1] > 0)


def evaluate(session: Session, clock: float) -> None:
    """Loss and errors on the validation part; logs a row, keeps the best weights, moves schedule and patience.

    Args:
        session: what to evaluate
        clock: ``perf_counter()`` at which the run would have begun in one session
    """
    here, state, progress = session.here, session.state, session.state.progress
    weights = session.objective.weights
    rate = state.schedule.factor(max(progress.step - 1, 0)) * state.schedule.settings.learning_rate

    # 1. Whole batches are dealt to the ranks; sums are added before anything is divided.
    tally = Tally()
    batches = session.valid.epoch(0, shuffle=False)
    with state.evaluated_weights():
        with torch.no_grad():
            for index in batches[here.rank :: here.size]:
                batch, labels = session.valid.load(index, hidden=False, device=here.device)
                tally.add(session.objective(batch, labels, need=session.valid_need)[1].cpu().numpy())
        tally.sums = here.sum(torch.from_numpy(tally.sums).to(here.device)).cpu().numpy()
        loss = tally.loss(weights)
        refuse_unless_finite(loss, "validation loss", session, rate, np.concatenate(batches))

        # 2. The best so far, or these, as a copy; the average of the weights, where there is one, is in place now.
        state.keep_best(loss, last=session.keep == "last")
    state.schedule.evaluated(loss)
    progress.out_of_patience = session.patience is not None and progress.waited >= session.patience

    # 3. One row: training errors are means over the steps since the last row, as the weights moved.
    progress.wall_s = perf_counter() - clock
    row: Json = {
        "epoch": progress.epoch if progress.step else 0,
        "step": progress.step,
        "wall_s": progress.wall_s,
        "learning_rate": rate,
        "train": state.tally.row(weights, session.objective.sets),
        "valid": tally.row(weights),
    }
    if session.pull is not None:
        row["train"]["anchor"] = session.pull.penalty()
    state.tally = Tally()
    progress.history.append(row)
    session.display.row(row)
    if session.tracker is not None:
        session.tracker.log(row)


def refuse_unless_finite(value: float, what: str, session: Session, rate: float, index: np.ndarray) -> None:
    """Stop before a NaN reaches the weights.

    Raises:
        TrainingDiverged: names step, learning rate, structures and the checkpoint that is kept.
    """
    if isfinite(value):
        return
    feed = session.valid if what.startswith("validation") else session.feed
    names = [str(feed.data.id[s]) for s in index[:8]] + (["..."] if len(index) > 8 else [])
    kept = "" if session.store.folder is None else f" The last good checkpoint is kept in {session.store.folder}."
    raise TrainingDiverged(
        f"the {what} became {value} at step {session.state.progress.step + 1} (learning rate {rate:.3g}; structures "
        f"{', '.join(names)}). Lower the learning rate, set clip, or look at these structures.{kept}"
    )
