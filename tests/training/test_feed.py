"""Batches roll on over epochs, can be taken up anywhere, and hold every structure once an epoch."""

import numpy as np
import pytest
import torch

from transferkit.adapters.graphs import build_graphs
from transferkit.errors import DataError
from transferkit.training.feed import Feed, remaining
from transferkit.training.state import Progress


@pytest.fixture
def feed(potential, train):
    return Feed(train, build_graphs(potential, train), potential.adapter, 0, 20_000, 7, 3)


def walk(feed, progress, total):
    out = []
    for index, last in remaining(feed, progress, total):
        out.append((progress.epoch, index.tolist(), last))
        progress.step += 1
    return out


def test_every_epoch_holds_every_structure_once_in_another_order(feed, train):
    first, second = ([s for index in feed.epoch(k) for s in index.tolist()] for k in (1, 2))
    assert sorted(first) == sorted(second) == list(range(len(train)))
    assert first != second


def test_epochs_roll_on_and_the_last_is_cut(feed):
    taken = walk(feed, Progress(), 10)  # 24 structures in batches of 7: four batches an epoch
    assert [epoch for epoch, _, _ in taken] == [1] * 4 + [2] * 4 + [3] * 2
    assert [last for _, _, last in taken] == ([False] * 3 + [True]) * 2 + [False] * 2


@pytest.mark.parametrize("cut", range(9))
def test_can_be_taken_up_anywhere(feed, cut):
    progress = Progress()
    head = walk(feed, progress, cut)
    again = Progress(step=progress.step, epoch=progress.epoch, position=progress.position)
    assert head + walk(feed, again, 9) == walk(feed, Progress(), 9)


def test_out_of_patience_is_the_end(feed):
    assert walk(feed, Progress(out_of_patience=True), 9) == []


def test_steps_of_so_many_epochs(feed):
    assert feed.steps(3) == 12


def test_batch_and_labels_belong_together(feed, train):
    index = np.array([4, 1])
    batch, labels = feed.load(index, hidden=False, device=torch.device("cpu"))
    assert batch.numbers.tolist() == train[index].numbers.tolist()
    assert labels.energy.tolist() == train[index].energy.tolist()
    assert batch.head.tolist() == [0, 0]
    hidden = feed.load(index, hidden=True, device=torch.device("cpu"))[1]
    assert not hidden.mask["energy"].any()


def test_graphs_of_other_data_are_refused(potential, train):
    with pytest.raises(DataError, match="3 graphs were given for 24 structures"):
        Feed(train, build_graphs(potential, train[:3]), potential.adapter, 0, 100, None, 0)
