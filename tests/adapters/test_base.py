"""The parts of the contract that are final."""

from dataclasses import replace

import pytest
import torch

from transferkit.adapters.toy import Toy
from transferkit.errors import CheckpointError, UnknownHead, UnsupportedProperty
from transferkit.testing import small_structures


class EnergyOnly(Toy):
    capabilities = replace(Toy.capabilities, properties=frozenset({"energy", "forces"}))


def test_a_need_outside_the_capabilities_is_refused_by_name():
    potential = EnergyOnly.load("demo")
    batch = potential.collate([potential.graph(small_structures()["crystal"])])
    with pytest.raises(UnsupportedProperty, match=r"magmoms, stress; it predicts energy, forces"):
        potential(batch, need=frozenset({"energy", "stress", "magmoms"}))
    assert potential(batch, need=frozenset({"forces"})).forces is not None


def test_head_index():
    adapter = Toy.load("demo").adapter
    assert adapter.head_index("default") == 0
    with pytest.raises(UnknownHead, match=r"Did you mean 'default'"):
        adapter.head_index("defualt")


def test_check_dtype():
    with pytest.raises(CheckpointError, match="float32, float64"):
        Toy.check_dtype(torch.bfloat16)


def test_a_batch_moves_whole():
    adapter = Toy.load("demo").adapter
    graph = adapter.graph(small_structures()["crystal"])
    batch = adapter.collate([graph], [0])
    moved = batch.to("meta")
    assert {moved.positions.device.type, moved.head.device.type, moved.edge_owner.device.type} == {"meta"}
    assert batch.n_atoms.tolist() == [8]
    assert (graph.n_atoms, graph.n_edges) == (8, batch.edges.shape[1])
