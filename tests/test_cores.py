"""Who may use how many cores."""

import os
from multiprocessing import get_context

import pytest
import torch

from transferkit.cores import cores, own_cores, threads_for


def test_a_batch_system_may_give_fewer_than_there_are(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 3, 5, 6}, raising=False)
    assert cores() == own_cores() == 4


def test_a_worker_takes_what_torch_was_given(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {*range(8)}, raising=False)
    monkeypatch.setattr("multiprocessing.parent_process", get_context)
    assert own_cores() == torch.get_num_threads()


@pytest.mark.parametrize(
    ("told", "workers", "threads"),
    [(None, 2, 4), ("1", 2, 1), ("16", 2, 4), ("2,1", 1, 2), ("many", 2, 4), ("0", 8, 1)],
)
def test_workers_share_the_cores_and_heed_the_user(monkeypatch, told, workers, threads):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {*range(8)}, raising=False)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if told is not None:
        monkeypatch.setenv("OMP_NUM_THREADS", told)
    assert threads_for(workers) == threads
