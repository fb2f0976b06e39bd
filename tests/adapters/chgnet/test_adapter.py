"""Blocks, presets, heads and configurations of CHGNet; the rest is in the contract."""

import pytest
import torch

from transferkit.adapters.chgnet import ChgnetAdapter
from transferkit.testing import small_structures


def count(parameters):
    return sum(p.numel() for p in parameters)


def test_blocks_from_input_to_output():
    blocks = ChgnetAdapter.load("0.3.0").adapter.blocks()
    assert {name: count(p) for name, p in blocks.items()} == {
        "embedding": 6016 + 62 + 1984 + 15 + 1984,
        "bond_weights": 2 * 1984,
        "interaction.0": 37376 + 45568 + 33152,
        "interaction.1": 37376 + 45568 + 33152,
        "interaction.2": 37376 + 45568 + 33152,
        "interaction.3": 37376,
        "magmom.default": 65,
        "readout.default": 128 + 12545,
    }


def test_the_preset_is_what_the_upstream_notebook_leaves_trainable(oracle):
    # The notebook freezes these by name and forgets the two bond_weights.
    frozen = ("atom_embedding", "bond_embedding", "angle_embedding", "bond_basis_expansion", "angle_basis_expansion")
    frozen += ("bond_conv_layers", "angle_layers", "composition_model", *(f"atom_conv_layers.{k}." for k in range(3)))
    left = [p for n, p in oracle.model.named_parameters() if not n.startswith(frozen)]
    chosen = ChgnetAdapter.presets["chgnet-upstream-freeze"]
    blocks = ChgnetAdapter.load("0.3.0").adapter.blocks()
    ours = [p for name, block in blocks.items() if name in chosen or name.split(".")[0] in chosen for p in block]
    assert count(ours) == count(left) == 54082


@pytest.mark.parametrize(("config", "parameters"), [("full", 412431), ("tiny", None), ("small", None)])
def test_scratch(config, parameters):
    potential = ChgnetAdapter.scratch(config, seed=2)
    total = count(potential.adapter.parameters())
    assert total == parameters if parameters else total < 150_000
    batch = potential.collate([potential.graph(s) for s in small_structures().values()])
    out = potential(batch, need=frozenset({"energy", "forces", "stress", "magmoms"}))
    assert torch.isfinite(out.forces).all()
    assert len(potential.adapter.features(batch)) == len(potential.adapter.atom_conv_layers) + 1


def test_a_head_is_exported_with_its_own_readout_and_table(tmp_path):
    potential = ChgnetAdapter.load("0.3.0")
    potential.add_head("r2SCAN", "default", ChgnetAdapter.load("r2scan").reference())
    with torch.no_grad():
        for p in potential.blocks()["readout.r2SCAN"]:
            p.add_(0.05)
    structure = small_structures()["skewed"]
    need = frozenset({"energy"})
    energies = {
        h: potential(potential.collate([potential.graph(structure, head=h)], h), need=need).energy.item()
        for h in potential.adapter.heads
    }
    for head, expected in energies.items():
        opened = ChgnetAdapter.load(potential.export(tmp_path / f"{head}.pth.tar", head))
        got = opened(opened.collate([opened.graph(structure)]), need=need).energy.item()
        assert got == pytest.approx(expected, abs=1e-5)
    assert abs(energies["default"] - energies["r2SCAN"]) > 1


def test_shapes_of_heads_share_what_they_say_they_share():
    sizes = {}
    for shape in ("last-linear", "embedding"):
        potential = ChgnetAdapter.load("0.3.0")
        potential.add_head("r2SCAN", "default", shape=shape)
        blocks = potential.blocks()
        assert count(potential.adapter.parameters()) == 412431 + (2 * 65 if shape == "last-linear" else 64)
        sizes[shape] = {name: count(block) for name, block in blocks.items() if name != "embedding"}
        assert sizes[shape]["shared.default"] == 12608 + (0 if shape == "last-linear" else 130)
    # the last layer of the readout, and the moments, which are one layer
    assert [sizes["last-linear"][f"{f}.{h}"] for f in ("magmom", "readout") for h in ("default", "r2SCAN")] == [65] * 4
    assert sizes["embedding"]["fidelity.r2SCAN"] == 64
    assert not any(name.startswith(("magmom", "readout")) for name in sizes["embedding"])


def test_a_fidelity_vector_is_exported_to_the_bit(tmp_path):
    potential = ChgnetAdapter.load("0.3.0")
    potential.add_head("r2SCAN", "default", shape="embedding")
    (vector,) = potential.blocks()["fidelity.r2SCAN"]
    vector.data.normal_(std=0.1, generator=torch.Generator().manual_seed(0))
    structure, need = small_structures()["skewed"], frozenset({"energy", "forces", "magmoms"})
    here, other = (
        potential(potential.collate([potential.graph(structure, head=h)], h), need=need) for h in ("r2SCAN", "default")
    )
    opened = ChgnetAdapter.load(potential.export(tmp_path / "r2scan.pth.tar", "r2SCAN"))
    there = opened(opened.collate([opened.graph(structure)]), need=need)
    assert torch.equal(here.forces, there.forces)
    assert torch.equal(here.magmoms, there.magmoms)
    assert (here.forces - other.forces).abs().max() > 1e-3


def test_graphs_of_0_2_0_have_their_own_key():
    keys = [ChgnetAdapter.load(name).adapter.graph_key for name in ("0.3.0", "0.2.0", "r2scan")]
    assert keys[0] == keys[2] != keys[1]


@pytest.mark.parametrize("create_graph", [True, False])
def test_forces_without_a_loss_leave_parameters_out_of_autograd(create_graph, monkeypatch):
    monkeypatch.setattr("transferkit.adapters.chgnet.adapter.ROWS", 1)
    potential = ChgnetAdapter.scratch("tiny")
    seen = []
    layers = potential.adapter._layers
    monkeypatch.setattr(
        potential.adapter,
        "_layers",
        lambda *args: seen.append([p.requires_grad for p in potential.parameters()]) or layers(*args),
    )
    batch = potential.collate([potential.graph(small_structures()["crystal"])])
    potential(batch, need=frozenset({"energy", "forces"}), create_graph=create_graph)
    potential(batch, need=frozenset({"energy"}))
    assert any(seen[0]) == create_graph
    assert any(seen[1])
    assert all(p.requires_grad for p in potential.adapter.parameters())
