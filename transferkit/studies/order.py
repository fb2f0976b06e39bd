"""Order and outcome: what is handed to whoever carries out a point, and what comes back. The same on any machine."""

import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from transferkit.errors import Interrupted, TransferkitError
from transferkit.recipe import Recipe
from transferkit.run_folder import write_json
from transferkit.studies.hold import hold

DONE, FAILED, INTERRUPTED, ELSEWHERE = "done", "failed", "interrupted", "elsewhere"
LOST, EVICTED = "lost", "evicted"


@dataclass(frozen=True)
class Order:
    """One point to carry out.

    Attributes:
        key: of the point
        label: for messages
        curve: of the point
        recipe: resolved
        study: folder of the study, as an absolute path that all machines see
        smoke: two steps only
        resume: go on with what is there
    """

    key: str
    label: str
    curve: str
    recipe: Recipe
    study: Path
    smoke: bool = False
    resume: bool = True

    @property
    def folder(self) -> Path:
        """Of the run."""
        return self.study / "points" / self.key

    @property
    def stem(self) -> Path:
        """Of the files about the point that are not the run's: who holds it, why it failed, how long it took."""
        return self.study / "states" / self.key


@dataclass(frozen=True)
class Outcome:
    """How it ended.

    Attributes:
        state: "done", "failed", "interrupted", "elsewhere" (another living process has it), "lost" (its process died) or
            "evicted" (its batch job ended)
        why: in words, where it was not done
        seconds: that this took
    """

    state: str
    why: str = ""
    seconds: float = 0.0


@runtime_checkable
class Crew(Protocol):
    """Whoever carries out points: processes of this machine, or of a cluster."""

    def submit(self, order: Order) -> None:
        """Take an order; points are begun in this order."""

    def poll(self, timeout: float) -> list[tuple[Order, Outcome]]:
        """What has ended; waits for it at most so many seconds."""

    def stop(self) -> None:
        """Ask points under way to write a checkpoint, wait for them, and end all processes."""


def carry_out(order: Order, run: Callable[[Order], object] | None = None) -> Outcome:
    """The point function: one point, in this process. It raises nothing but what ends the process.

    Args:
        order: what to do
        run: what does it; :func:`transferkit.pipeline.run_one` if not given

    Returns:
        what came of it; a failure is also written to ``states/KEY.failed.json``, and the seconds to ``states/KEY.json``.
    """
    clock = time.perf_counter()
    with hold(order.stem) as mine:
        if not mine:
            return Outcome(ELSEWHERE)
        try:
            (run or _run_one)(order)
        except (KeyboardInterrupt, Interrupted) as error:
            return _outcome(order, INTERRUPTED, str(error), clock)
        except Exception as error:  # noqa: BLE001  # a mistake in one point must not stop the others
            _remember(order, error)
            return _outcome(order, FAILED, in_words(error), clock)
        order.stem.with_suffix(".failed.json").unlink(missing_ok=True)
        return _outcome(order, DONE, "", clock)


def _run_one(order: Order) -> object:
    from transferkit.pipeline import run_one

    return run_one(
        order.recipe,
        order.folder,
        variant=order.curve,
        smoke=order.smoke,
        resume=order.resume,
        quiet=True,
        graphs=order.study / "graphs",
        page=False,  # `transferkit report` of its folder makes one; hundreds would take longer than small points do
    )


def in_words(error: BaseException) -> str:
    """An error in one message, as the command line would show it.

    >>> in_words(TransferkitError("no such file"))
    'TransferkitError: no such file'
    """
    text = f"{type(error).__name__}: {error}"
    return text if isinstance(error, TransferkitError | OSError) else f"{text} (a mistake in transferkit, not yours)"


def _remember(order: Order, error: BaseException) -> None:
    """Why it failed, with the traceback for those who mend it."""
    told = "".join(traceback.format_exception(error))
    write_json(
        order.stem.with_suffix(".failed.json"), {"why": in_words(error), "traceback": told, "label": order.label}
    )


def _outcome(order: Order, state: str, why: str, clock: float) -> Outcome:
    seconds = time.perf_counter() - clock
    spent = spent_s(order.stem) + seconds
    write_json(order.stem.with_suffix(".json"), {"state": state, "seconds": spent})
    return Outcome(state, why, seconds)


def spent_s(stem: Path) -> float:
    """Seconds that were spent on a point so far, over all its processes that ended by themselves."""
    import json

    try:
        return float(json.loads(stem.with_suffix(".json").read_text())["seconds"])
    except (OSError, ValueError, LookupError, TypeError):
        return 0.0
