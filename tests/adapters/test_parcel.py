"""What is packed for one copy comes out as it went in."""

from dataclasses import fields

import numpy as np
import torch

from transferkit.adapters.parcel import ALIGNED, pack, send, unpack
from transferkit.adapters.toy import Toy
from transferkit.testing import labelled, small_structures
from transferkit.training.labels import collate_labels

TENSORS = [
    torch.arange(7),
    torch.rand(3, 3, 3, dtype=torch.float64),
    torch.tensor([True, False, True]),
    torch.zeros(0, 3),
    torch.rand(5, dtype=torch.float32),
    torch.tensor(2.5, dtype=torch.float64),
    torch.arange(6).reshape(2, 3).T,
]


def test_tensors_come_out_of_one_buffer_to_the_bit():
    buffer, places = pack(TENSORS)
    assert all(start % ALIGNED == 0 for start in places)
    for own, tensor in zip(unpack(buffer, TENSORS, places), TENSORS, strict=True):
        assert own.dtype == tensor.dtype
        assert torch.equal(own, tensor)


def test_a_batch_and_its_labels_go_together(monkeypatch):
    """As to a GPU, with the copy left out."""
    potential = Toy.load("demo")
    structures = [*small_structures().values()]
    batch = potential.collate([potential.graph(s) for s in structures])
    labels = collate_labels(labelled(structures), np.arange(len(structures)))
    copies = []

    def to(self, device, *, non_blocking):
        copies.append(self.numel())
        return self

    from transferkit.adapters import parcel

    monkeypatch.setattr(parcel, "pack", lambda tensors, **_: pack(tensors))
    monkeypatch.setattr(torch.Tensor, "to", to)
    there = send((batch, labels), "cuda")
    monkeypatch.undo()
    assert len(copies) == 1
    for one, two in zip((batch, labels), there, strict=True):
        for name in (f.name for f in fields(one)):
            a, b = getattr(one, name), getattr(two, name)
            if isinstance(a, dict):
                assert all(torch.equal(a[k], b[k]) for k in a), name
            else:
                assert torch.equal(a, b) if isinstance(a, torch.Tensor) else a == b, name
