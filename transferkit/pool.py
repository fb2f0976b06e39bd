"""A pool of processes for the runs of a comparison; they import once, live on, and stop together."""

import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing.synchronize import Event
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from transferkit.cores import cores, threads_for
from transferkit.counter import COLUMNS
from transferkit.errors import Interrupted
from transferkit.pipeline import run_one
from transferkit.recipe import Recipe


@dataclass(frozen=True)
class Job:
    """One run of a comparison.

    Attributes:
        variant: its name
        seed: of the run
        recipe: resolved, with this seed
        folder: to write to
        graphs: folder of graphs that runs share; None for none
    """

    variant: str
    seed: int
    recipe: Recipe
    folder: Path
    graphs: Path | None = None

    @property
    def name(self) -> str:
        """For messages."""
        return f"{self.variant}, seed {self.seed}"


def work(jobs: Sequence[Job], *, smoke: bool, resume: bool) -> dict[str, str]:
    """Carry out jobs, one core each; on a GPU one after the other.

    Args:
        jobs: in the order in which they are begun
        smoke: as in :func:`transferkit.pipeline.run`
        resume: as there

    Returns:
        name of each job that failed, and why

    Raises:
        KeyboardInterrupt: Ctrl-C; runs that were under way have written a checkpoint, and no other was begun.
    """
    workers, threads = shares(len(jobs))
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    failed: dict[str, str] = {}
    with (
        Progress(*COLUMNS, console=Console(stderr=True)) as progress,
        ProcessPoolExecutor(workers, context, initializer=_enter, initargs=(threads, stop)) as pool,
    ):
        bar = progress.add_task("runs", total=len(jobs))
        futures = {pool.submit(_carry_out, job, smoke=smoke, resume=resume): job for job in jobs}
        try:
            for future in as_completed(futures):
                job = futures[future]
                error = future.exception()
                if isinstance(error, Interrupted):
                    raise KeyboardInterrupt  # noqa: TRY301  # Ctrl-C reaches every process of the terminal; a worker may be first
                if error is not None:
                    failed[job.name] = f"{type(error).__name__}: {error}"
                progress.update(bar, advance=1, description=f"runs (last: {job.name})")
                if not progress.console.is_terminal:  # a log shows no bar
                    done = sum(f.done() for f in futures)
                    progress.console.print(f"{done} of {len(jobs)} runs done, last {job.name}")
        except KeyboardInterrupt:
            stop.set()
            for child in multiprocessing.active_children():  # Ctrl-C has reached them; SIGTERM to this process has not
                child.terminate()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return failed


def shares(n: int) -> tuple[int, int]:
    """How many of ``n`` runs go on at the same time, and threads for each. Runs share a GPU badly: there, one.

    >>> workers, threads = shares(1)
    >>> workers
    1
    """
    import torch

    # Small graphs gain little from a second thread, so cores are given to runs.
    workers = 1 if torch.cuda.is_available() else max(1, min(n, cores()))
    return workers, threads_for(workers)


_STOP: list[Event] = []


def _enter(threads: int, stop: Event) -> None:
    """Once per process."""
    import torch

    torch.set_num_threads(threads)
    _STOP.append(stop)


def _carry_out(job: Job, *, smoke: bool, resume: bool) -> None:
    """One job, unless a stop was asked for: the pool hands out the next job before it can be cancelled."""
    (stop,) = _STOP
    if stop.is_set():
        raise Interrupted(f"{job.name} was not begun")
    try:
        run_one(job.recipe, job.folder, variant=job.variant, smoke=smoke, resume=resume, quiet=True, graphs=job.graphs)
    except (KeyboardInterrupt, Interrupted) as error:
        stop.set()
        raise Interrupted(f"{job.name} was interrupted") from error
