"""Two ranks do what one does, also with an uneven last batch and with fewer structures than ranks."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from transferkit.training.distributed import Ranks, ranks

SCRIPT = Path(__file__).with_name("small_run.py")


def start(folder, structures, *, rank, size, port):
    env = os.environ | {"OMP_NUM_THREADS": "1", "RANK": str(rank), "WORLD_SIZE": str(size), "LOCAL_RANK": str(rank)}
    env |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    command = [sys.executable, str(SCRIPT), str(folder), str(structures)]
    return subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True)


def finish(*processes):
    for process in processes:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def near(row):
    if isinstance(row, dict):
        return {k: near(v) for k, v in row.items()}
    return row if row is None else pytest.approx(row, rel=1e-6)


@pytest.mark.parametrize("name", ["toy", "mixed", "chgnet"])
def test_two_ranks_are_one(tmp_path, small_run, monkeypatch, name):
    monkeypatch.setenv("SMALL_RUN", name)
    # 13 structures in batches of 3: the last batch has one structure, so the second rank has none
    port = free_port()
    two = [start(tmp_path / "two", 3, rank=r, size=2, port=port) for r in (0, 1)]
    small_run.main([str(tmp_path / "one"), "3"])
    finish(*two)
    a, b = (json.loads((tmp_path / k / "result.json").read_text()) for k in ("one", "two"))
    assert a["steps"] == b["steps"] == small_run.STEPS
    for tensor, values in a["weights"].items():
        assert np.allclose(values, b["weights"][tensor], rtol=0, atol=1e-6), tensor
    for x, y in zip(a["rows"], b["rows"], strict=True):
        for part in ("train", "valid"):  # a stand-in that counted would show in the training means
            assert near(x[part]) == y[part]
    assert a["rows"][-1]["valid"]["loss"] < a["rows"][0]["valid"]["loss"]  # it did train
    lines = (tmp_path / "two" / "metrics.jsonl").read_text().splitlines()
    assert len(lines) == len(a["rows"])  # only the first rank writes


def test_a_global_batch_is_dealt_out_completely():
    index = np.arange(7)
    parts = [Ranks(r, 3, torch.device("cpu")).share(index) for r in range(3)]
    assert sorted(s for part, _ in parts for s in part.tolist()) == list(range(7))
    assert not any(hidden for _, hidden in parts)


def test_alone_nothing_is_wrapped_and_sums_are_themselves(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    with ranks("cpu") as here:
        module, values = torch.nn.Linear(1, 1), torch.ones(2)
        assert here.first
        assert here.scale == 1.0
        assert here.wrap(module) is module
        assert here.sum(values) is values
        here.wait()
