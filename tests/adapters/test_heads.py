"""Each atom through the readout of its head."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from transferkit.adapters.heads import blocks_of_heads, head_for, per_head
from transferkit.adapters.toy import Toy
from transferkit.errors import UnknownHead


def test_each_atom_uses_its_own_head_and_gives_gradient_to_it_alone():
    torch.manual_seed(0)
    modules = nn.ModuleList([nn.Linear(3, 1), nn.Linear(3, 1), nn.Linear(3, 1)])
    x, head = torch.randn(6, 3), torch.tensor([0, 1, 0, 1, 1, 0])
    out = per_head(modules, x, head)
    expected = torch.stack([modules[h](row).squeeze() for h, row in zip(head, x, strict=True)])
    torch.testing.assert_close(out, expected)
    out[head == 0].sum().backward()
    assert modules[0].weight.grad.abs().sum() > 0
    assert not modules[1].weight.grad.any()
    assert modules[2].weight.grad is None


def test_one_head_is_not_masked():
    module = nn.Linear(3, 1)
    x = torch.randn(4, 3)
    assert torch.equal(per_head([module], x, torch.zeros(4, dtype=torch.int64)), module(x).squeeze(-1))


def test_heads_with_one_readout_go_through_it_together():
    class Counts(nn.Linear):
        calls = 0

        def forward(self, x):
            self.calls += 1
            return super().forward(x)

    module, x = Counts(3, 1), torch.randn(4, 3)
    out = per_head(nn.ModuleList([module, module]), x, torch.tensor([0, 1, 1, 0]))
    assert module.calls == 1
    assert torch.equal(out, nn.Linear.forward(module, x).squeeze(-1))


def names(blocks):
    return [name for name in blocks if not name.startswith(("embedding", "interaction"))]


def test_blocks_of_heads_that_share_in_a_row():
    adapter = Toy.scratch("tiny").adapter
    adapter.add_head("b", "default", "last-linear")
    adapter.add_head("c", "b", "embedding")  # all of b, and a vector
    adapter.add_head("d", "c", "readout")  # of its own, with a copy of the vector
    adapter.add_head("e", "d", "last-linear")
    assert list(blocks_of_heads(adapter)) == names(adapter.blocks())
    assert names(adapter.blocks()) == [
        "shared.default", "shared.b", "shared.d",
        "fidelity.c", "fidelity.d", "fidelity.e",
        "magmom.default", "magmom.d", "magmom.e",
        "readout.default", "readout.d", "readout.e",
    ]  # fmt: skip
    assert not names(Toy.scratch("tiny").adapter.blocks())[:-2]
    listed = [id(p) for block in adapter.blocks().values() for p in block]
    assert len(listed) == len(set(listed)) == len(list(adapter.parameters()))
    again = Toy.from_state(*adapter.state())
    assert {n: len(b) for n, b in again.blocks().items()} == {n: len(b) for n, b in adapter.blocks().items()}
    assert again.lineage == adapter.lineage


class TestWhichHead:
    @pytest.fixture
    def potential(self):
        potential = Toy.load("demo")
        potential.add_head("r2SCAN", "default")
        return potential

    def with_level(self, potential, head, fidelity):
        return potential.with_reference(replace(potential.reference(head), fidelity=fidelity), head)

    def test_the_one_that_is_named(self, potential):
        assert head_for(potential, "r2SCAN", "default") == "default"
        with pytest.raises(UnknownHead, match="Did you mean 'default'"):
            head_for(potential, "r2SCAN", "defualt")

    def test_the_one_called_like_the_data(self, potential):
        assert head_for(potential, "r2SCAN") == "r2SCAN"
        assert head_for(self.with_level(potential, "default", "r2SCAN"), "r2SCAN") == "r2SCAN"

    def test_two_of_the_level_of_the_data_are_told_apart_by_name_only(self, potential):
        both = self.with_level(self.with_level(potential, "default", "PBE"), "r2SCAN", "PBE")
        with pytest.raises(
            UnknownHead, match=r"data are PBE, and 2 heads of this toy are: default \(PBE\), r2SCAN \(PBE\)"
        ):
            head_for(both, "PBE")

    def test_the_one_that_learnt_the_level_of_the_data(self, potential):
        assert head_for(self.with_level(potential, "default", "PBE"), "PBE") == "default"

    def test_the_only_one(self):
        assert head_for(Toy.load("demo"), "r2SCAN") == "default"

    def test_none_among_several(self, potential):
        with pytest.raises(UnknownHead, match=r"the data are PBE.*default \(level of theory unknown\), r2SCAN"):
            head_for(potential, "PBE")
        potential.add_head("again", "default")
        for head in ("default", "again"):
            potential = self.with_level(potential, head, "PBE")
        with pytest.raises(UnknownHead, match=r"default \(PBE\), r2SCAN .*, again \(PBE\)"):
            head_for(potential, "PBE")
