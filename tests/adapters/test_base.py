"""The parts of the contract that are final."""

from dataclasses import replace

import pytest
import torch

from transferkit.adapters.toy import Toy
from transferkit.errors import CheckpointError, UnknownHead, UnsupportedHead, UnsupportedProperty
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


@pytest.mark.parametrize(
    ("name", "copy_of", "message"),
    [("default", "default", "toy already has a head called 'default'"), ("new", "defualt", "Did you mean 'default'")],
)
def test_a_refused_head_leaves_the_adapter_as_it_was(name, copy_of, message):
    adapter = Toy.scratch("tiny").adapter
    with pytest.raises(UnknownHead, match=message):
        adapter.add_head(name, copy_of)
    with pytest.raises(UnsupportedHead, match="Did you mean 'last-linear'"):
        adapter.add_head("new", "default", "last_linear")
    assert (adapter.heads, len(adapter.readouts), len(adapter.moments)) == (("default",), 1, 1)
    assert adapter.sharing() == {}


@pytest.mark.parametrize("name", ["", " a", "a:b", "a,b"])
def test_names_that_cannot_be_those_of_blocks_are_refused(name):
    adapter = Toy.scratch("tiny").adapter
    for use in (lambda: adapter.add_head(name, "default"), lambda: adapter.rename_head("default", name)):
        with pytest.raises(UnknownHead, match="cannot be called"):
            use()


def test_a_shape_that_an_adapter_does_not_have_names_those_that_it_has():
    class Plain(Toy):
        head_shapes = frozenset({"readout"})

    with pytest.raises(UnsupportedHead, match="toy cannot have the shape 'embedding'; they can have: readout"):
        Plain.load("demo").add_head("new", "default", shape="embedding")


def test_a_renamed_head_keeps_everything():
    adapter = Toy.scratch("tiny").adapter
    before = {name: tensor.clone() for name, tensor in adapter.state_dict().items()}
    adapter.rename_head("default", "PBE")
    adapter.rename_head("PBE", "PBE")
    assert adapter.heads == ("PBE",)
    assert [name for name in adapter.blocks() if "." in name][-2:] == ["magmom.PBE", "readout.PBE"]
    after = adapter.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[k], after[k]) for k in before)


def test_plain_heads_leave_no_trace_in_a_state():
    adapter = Toy.scratch("tiny").adapter
    adapter.add_head("new", "default")
    config, tensors = adapter.state()
    assert set(config) == {"config", "heads"}
    assert not any("fidelit" in name for name in tensors)
    adapter.add_head("third", "new", "embedding")
    config, tensors = adapter.state()
    assert config["lineage"] == [[1, "readout", 0], [2, "embedding", 1]]
    assert [name for name in tensors if "fidelit" in name] == ["fidelities.2.vector"]


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
