"""A study whose driver and workers are killed at random moments, and what must come out the same."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

RECIPE = """
name: killed
data: {source: "bundled:gpaw-pbe-r2scan", fidelity: r2SCAN, split: {fold: 0}, subset: {compositions: 8, frames: 1}}
adapter: {name: toy}
training: {steps: 120, evaluate_every: 20, evaluate_unit: steps, batch: {structures: 4}}
tracking: {wandb: null}
contrast: scratch
vary: {data.subset.compositions: [8, 16, 32], seed: [0, 1]}
"""
OF_THE_MOMENT = {"wall_s", "versions", "epoch_s"}
"""Entries of a result that say when and how long, not what."""


def command(recipe, folder, *more):
    return [sys.executable, "-m", "transferkit", "study", str(recipe), "--output", str(folder), *more]


def children(pid):
    """Processes that a process has started, and theirs."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid and fields[0] != "Z":
            found += [int(stat.parent.name), *children(int(stat.parent.name))]
    return found


def is_worker(pid):
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
    return b"spawn_main" in words or b"process_worker_pool" in words


def disturbed(recipe, folder, *, kills, seed, more=(), log=None, longest=5.0):
    """Carry a study out and kill -9 the driver or one of its workers at random moments; returns what was killed."""
    draw, killed, driver = random.Random(seed), [], None  # noqa: S311
    deadline = time.monotonic() + 1800
    while len(killed) < kills:
        assert time.monotonic() < deadline, f"only {killed}"
        if driver is None or driver.poll() is not None:
            if driver is not None and driver.returncode == 0:
                break  # finished before all kills were spent
            driver = subprocess.Popen(command(recipe, folder, *more), stderr=log, stdout=log, start_new_session=True)
        time.sleep(draw.uniform(0.2, longest))
        workers = [pid for pid in children(driver.pid) if is_worker(pid)]
        victim = draw.choice([driver.pid, *workers])
        try:
            os.kill(victim, signal.SIGKILL)
        except ProcessLookupError:
            continue
        killed.append("driver" if victim == driver.pid else "worker")
        if victim == driver.pid:
            driver.wait()
    if driver.poll() is None:
        driver.wait(900)
    last = subprocess.run(command(recipe, folder, *more), stderr=log, stdout=log, check=False, timeout=900)
    assert last.returncode == 0
    return killed


def content(folder):
    """What a study found, without what depends on the clock."""
    told = {}
    for path in sorted(folder.glob("points/*/result.json")):
        told[path.parent.name] = without_clock(json.loads(path.read_text()))
        told[f"{path.parent.name} metrics"] = [
            without_clock(json.loads(line)) for line in (path.parent / "metrics.jsonl").read_text().splitlines()
        ]
        for tensors in sorted((path.parent / "model").glob("*.safetensors")):
            told[f"{path.parent.name} {tensors.name}"] = tensors.read_bytes()
    return told | {"points": (folder / "points.csv").read_text()}


def without_clock(value):
    if isinstance(value, dict):
        return {k: without_clock(v) for k, v in value.items() if k not in OF_THE_MOMENT}
    return [without_clock(v) for v in value] if isinstance(value, list) else value
