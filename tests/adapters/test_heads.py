"""Each atom through the readout of its head."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from transferkit.adapters.heads import check_new_head, copy_head, head_for, per_head
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


def test_a_copied_head_starts_alike_and_shares_nothing():
    adapter = Toy.scratch("tiny").adapter
    copy_head(adapter, "new", "default", [adapter.readouts, adapter.moments])
    assert adapter.heads == ("default", "new")
    for old, new in (adapter.readouts, adapter.moments):
        for a, b in zip(old.parameters(), new.parameters(), strict=True):
            assert torch.equal(a, b)
            assert a.data_ptr() != b.data_ptr()


@pytest.mark.parametrize(
    ("name", "copy_of", "message"),
    [("default", "default", "toy already has a head called 'default'"), ("new", "defualt", "Did you mean 'default'")],
)
def test_a_refused_head_leaves_the_adapter_as_it_was(name, copy_of, message):
    adapter = Toy.scratch("tiny").adapter
    with pytest.raises(UnknownHead, match=message):
        copy_head(adapter, name, copy_of, [adapter.readouts, adapter.moments])
    assert (adapter.heads, len(adapter.readouts), len(adapter.moments)) == (("default",), 1, 1)


@pytest.mark.parametrize("name", ["", " a", "a:b", "a,b"])
def test_names_that_cannot_be_those_of_blocks_are_refused(name):
    with pytest.raises(UnknownHead, match="cannot be called"):
        check_new_head(Toy.scratch("tiny").adapter, name, "default")


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
