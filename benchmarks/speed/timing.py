"""Seconds of steps taken in turn, so that a busy machine slows all of them alike; ratios with their spread.

On a CPU with one thread the ratio is of process CPU time (all threads of the process): other processes disturb it least.
The ratio of wall time stands beside it; on a quiet machine the two agree. On a GPU the ratio is of wall time between two
synchronisations.
"""

import gc
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch

Step = Callable[[], object]


@dataclass(frozen=True)
class Seconds:
    """One measurement."""

    wall: float
    cpu: float


def wait(device: str) -> None:
    """Until the device has done what it was asked."""
    if device != "cpu":
        torch.cuda.synchronize()


def timed(step: Step, device: str = "cpu") -> Seconds:
    """Seconds of one call."""
    wait(device)
    wall, cpu = time.perf_counter(), time.process_time()
    step()
    wait(device)
    return Seconds(time.perf_counter() - wall, time.process_time() - cpu)


def in_turn(steps: Mapping[str, Step], repeats: int, *, device: str = "cpu", warm: int = 1) -> dict[str, list[Seconds]]:
    """Every step ``warm`` times without a clock, then all steps one after the other, ``repeats`` times."""
    for _ in range(warm):
        for step in steps.values():
            step()
    times: dict[str, list[Seconds]] = {name: [] for name in steps}
    for _ in range(repeats):
        for name, step in steps.items():
            gc.collect()  # what the last step left behind is not this one's cost
            times[name].append(timed(step, device))
    return times


def clock_of(device: str, threads: int) -> str:
    """Which seconds a ratio is of: "cpu" or "wall"."""
    return "cpu" if device == "cpu" and threads == 1 else "wall"


def spread(values: np.ndarray) -> dict[str, float]:
    """Median and quartiles."""
    low, middle, high = np.percentile(values, [25, 50, 75])
    return {"median": float(middle), "low": float(low), "high": float(high)}


def seconds(times: list[Seconds], clock: str) -> np.ndarray:
    """All repeats on one clock."""
    return np.array([getattr(t, clock) for t in times])


def compare(theirs: list[Seconds], ours: list[Seconds], clock: str) -> dict:
    """Medians of both and the ratio of upstream's time over ours, pair by pair, on the clock and on the other one.

    Returns:
        upstream_s, transferkit_s, ratio (median), quartiles, wall_ratio, wall_quartiles, clock, repeats
    """
    ratio = {c: spread(seconds(theirs, c) / seconds(ours, c)) for c in (clock, "wall")}
    return {
        "upstream_s": float(np.median(seconds(theirs, clock))),
        "transferkit_s": float(np.median(seconds(ours, clock))),
        "ratio": ratio[clock]["median"],
        "quartiles": [ratio[clock]["low"], ratio[clock]["high"]],
        "wall_ratio": ratio["wall"]["median"],
        "wall_quartiles": [ratio["wall"]["low"], ratio["wall"]["high"]],
        "clock": clock,
        "repeats": len(ours),
    }


def head_to_head(
    theirs: Step, ours: Step, repeats: int, *, device: str = "cpu", threads: int = 1, warm: int = 1
) -> dict:
    """Time both in turn and :func:`compare` them."""
    times = in_turn({"upstream": theirs, "transferkit": ours}, repeats, device=device, warm=warm)
    return compare(times["upstream"], times["transferkit"], clock_of(device, threads))
