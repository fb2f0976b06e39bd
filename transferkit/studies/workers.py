"""Workers: processes of this machine that import once, live on, and are replaced when they die.

Nothing heavy is imported here: each worker is told its GPU and its threads before torch is.
"""

import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from types import FrameType
from typing import NoReturn

from transferkit.cores import threads_for
from transferkit.errors import StudyError
from transferkit.studies.order import LOST, Order, Outcome, carry_out

THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
DRIVER_GONE = 2.0
"""Seconds between two looks at whether the driver still lives."""
STILLBORN = 3
"""Workers in a row that may die before they are ready."""
PATIENCE = 300.0
"""Seconds that a worker has to write its checkpoint when it is asked to stop."""


class Worker:
    """One process and the pipe to it."""

    def __init__(self, gpu: str | None, threads: int, work: Callable[[Order], Outcome]) -> None:
        """Start it; it says when it is ready."""
        self.gpu, self.threads, self.work = gpu, threads, work
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process: BaseProcess = context.Process(
            target=_live, args=(theirs, threads, os.getpid(), work), name="transferkit-worker"
        )
        self.ready = False
        self.order: Order | None = None
        self.began = time.perf_counter()
        with _environment(gpu, threads):  # a spawned process takes over what stands here when it is started
            self.process.start()
        theirs.close()

    def give(self, order: Order) -> None:
        """Hand over an order."""
        self.order = order
        self.pipe.send(order)


class Local:
    """A crew of processes of this machine."""

    def __init__(self, workers: int, *, gpus: Sequence[str] = (), work: Callable[[Order], Outcome] = carry_out) -> None:
        """Start them.

        Args:
            workers: how many
            gpus: names for ``CUDA_VISIBLE_DEVICES``; dealt out in turn, one for each worker
            work: the point function
        """
        threads = threads_for(workers)
        self.queue: deque[Order] = deque()
        self.stillborn = 0
        self.workers = [Worker(gpus[k % len(gpus)] if gpus else None, threads, work) for k in range(workers)]

    def submit(self, order: Order) -> None:
        """Take an order."""
        self.queue.append(order)
        self._deal()

    def ready(self) -> int:
        """Workers that have imported everything."""
        return sum(worker.ready for worker in self.workers)

    def poll(self, timeout: float) -> list[tuple[Order, Outcome]]:
        """What has ended; a worker that died is replaced, and its point is "lost"."""
        ended: list[tuple[Order, Outcome]] = []
        pipes = {worker.pipe: worker for worker in self.workers}
        for pipe in wait([*pipes], timeout):
            worker = pipes[pipe]  # type: ignore[index]
            try:
                told = worker.pipe.recv()
            except (EOFError, ConnectionError):
                ended += self._replace(worker)
                continue
            if isinstance(told, Outcome) and worker.order is not None:
                ended.append((worker.order, told))
                worker.order = None
            else:
                worker.ready = True
        self._deal()
        return ended

    def stop(self) -> None:
        """SIGTERM to all that are busy; a point under way writes its checkpoint. Who does not end in five minutes is killed."""
        for worker in self.workers:
            if worker.ready and worker.order is None:
                _tell(worker.pipe, None)
            else:
                worker.process.terminate()
        deadline = time.monotonic() + PATIENCE
        for worker in self.workers:
            worker.process.join(max(0.0, deadline - time.monotonic()))
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
            worker.pipe.close()

    def _deal(self) -> None:
        for worker in self.workers:
            if self.queue and worker.ready and worker.order is None:
                worker.give(self.queue.popleft())

    def _replace(self, worker: Worker) -> list[tuple[Order, Outcome]]:
        """Another process instead of one that died; one that dies before it is ready would do so for ever.

        Raises:
            StudyError: several died while they imported what points need.
        """
        worker.process.join()
        worker.pipe.close()
        code = worker.process.exitcode or 0
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        self.stillborn = 0 if worker.ready else self.stillborn + 1
        if self.stillborn > STILLBORN:
            raise StudyError(
                f"{self.stillborn} workers one after the other ended while they imported what points need, the last with "
                f"{how}. Most often the memory is too small for so many: give fewer workers (--workers), and see that "
                "`transferkit check` of the recipe works."
            )
        self.workers[self.workers.index(worker)] = Worker(worker.gpu, worker.threads, worker.work)
        return [] if worker.order is None else [(worker.order, Outcome(LOST, how))]


def gpus_here() -> list[str]:
    """GPUs that this process may use, by the names that ``CUDA_VISIBLE_DEVICES`` takes; torch is not imported.

    >>> isinstance(gpus_here(), list)
    True
    """
    given = os.environ.get("CUDA_VISIBLE_DEVICES")
    if given is not None:
        return [name.strip() for name in given.split(",") if name.strip() and name.strip() != "-1"]
    from shutil import which
    from subprocess import run

    if (program := which("nvidia-smi")) is None:
        return []
    listed = run([program, "--list-gpus"], capture_output=True, text=True, check=False)  # noqa: S603  # the one on PATH
    return [str(k) for k, line in enumerate(listed.stdout.splitlines()) if line.startswith("GPU ")]


@contextmanager
def _environment(gpu: str | None, threads: int) -> Iterator[None]:
    wanted = dict.fromkeys(THREADS, str(threads)) | ({} if gpu is None else {"CUDA_VISIBLE_DEVICES": gpu})
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _tell(pipe: Connection, what: object) -> None:
    try:
        pipe.send(what)
    except (BrokenPipeError, ConnectionError):
        return  # it has ended already


def _live(pipe: Connection, threads: int, driver: int, work: Callable[[Order], Outcome]) -> None:
    """Life of a worker: import, then point after point until there are no more, or the driver is gone."""
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    threading.Thread(target=_watch, args=(driver,), daemon=True).start()
    try:
        prepare(threads)
        pipe.send("ready")
        while (order := pipe.recv()) is not None:
            outcome = work(order)
            pipe.send(outcome)
            if outcome.state == "interrupted":
                return
    except (KeyboardInterrupt, EOFError, BrokenPipeError, ConnectionError):
        return
    finally:  # the driver may ask once more while the process ends
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)


def prepare(threads: int) -> None:
    """Import once what every point needs."""
    import torch

    import transferkit.pipeline  # noqa: F401

    torch.set_num_threads(threads)


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    del number, frame
    raise KeyboardInterrupt


def _watch(driver: int) -> None:
    """A worker without a driver stops as if it were asked to: its point writes a checkpoint and can be taken up again."""
    while os.getppid() == driver:
        time.sleep(DRIVER_GONE)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(PATIENCE)
    os._exit(1)
