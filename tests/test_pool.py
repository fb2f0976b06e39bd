"""Ctrl-C stops all processes of a comparison, and the same command goes on."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from transferkit.cores import cores
from transferkit.errors import Interrupted
from transferkit.pool import _STOP, Job, _carry_out, shares
from transferkit.recipe import Recipe

RECIPE = """
name: long
data: {source: "bundled:gpaw-pbe-r2scan", fidelity: r2SCAN, split: {fold: 0}}
adapter: {name: toy}
training: {steps: 100000, evaluate_every: 2, evaluate_unit: steps, batch: {structures: 4}}
seeds: [0, 1]
tracking: {wandb: null}
compare: {a: {}, b: {reference: {policy: keep}}}
"""


def test_no_job_is_begun_after_a_stop(tmp_path, monkeypatch):
    class Set:
        def is_set(self):
            return True

    monkeypatch.setattr("transferkit.pool._STOP", [Set()])
    recipe = Recipe(name="a", data={"source": "x", "fidelity": "PBE"}, adapter={"name": "toy"}, training={"steps": 1})
    with pytest.raises(Interrupted, match="a, seed 3 was not begun"):
        _carry_out(Job("a", 3, recipe, tmp_path / "a"), smoke=True, resume=True)
    assert not (tmp_path / "a").exists()
    assert _STOP == []


def test_runs_share_the_cores_that_the_process_may_use(monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 3, 5, 6}, raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert cores() == 4
    assert (shares(9), shares(2)) == ((4, 1), (2, 2))


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_a_stop_leaves_checkpoints_and_no_process(tmp_path, number):
    (tmp_path / "long.yaml").write_text(RECIPE)
    command = [sys.executable, "-m", "transferkit", "run", str(tmp_path / "long.yaml"), "--output", str(tmp_path / "x")]
    said = tmp_path / "said"
    with said.open("w") as stderr:
        child = subprocess.Popen(
            command,
            stderr=stderr,
            start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
        )
    logs = [tmp_path / "x" / v / "seed-0" / "metrics.jsonl" for v in ("a", "b")]
    give_up = time.monotonic() + 240
    while not all(log.exists() and len(log.read_text().splitlines()) > 2 for log in logs):
        assert time.monotonic() < give_up, "training did not begin"
        assert child.poll() is None, said.read_text()
        time.sleep(0.5)
    if number == signal.SIGINT:
        os.killpg(child.pid, number)  # a terminal tells every process
    else:
        child.send_signal(number)  # a batch system may tell the first one alone
    assert child.wait(90) == 130
    assert "same command" in said.read_text()
    assert all(list((log.parent / "checkpoint").iterdir()) for log in logs)
    assert not (tmp_path / "x" / "a" / "seed-1" / "result.json").exists()
    assert len(json.loads((tmp_path / "x" / "comparison.json").read_text())["missing"]) == 4
