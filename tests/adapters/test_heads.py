"""Each atom through the readout of its head."""

import pytest
import torch
from torch import nn

from transferkit.adapters.heads import copy_head, per_head
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
