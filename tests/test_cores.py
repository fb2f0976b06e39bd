"""Who may use how many cores."""

import os
from multiprocessing import get_context

import torch

from transferkit.cores import cores, own_cores


def test_a_batch_system_may_give_fewer_than_there_are(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 3, 5, 6}, raising=False)
    assert cores() == own_cores() == 4


def test_a_worker_takes_what_torch_was_given(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {*range(8)}, raising=False)
    monkeypatch.setattr("multiprocessing.parent_process", get_context)
    assert own_cores() == torch.get_num_threads()
