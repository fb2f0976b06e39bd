"""Each atom through the readout of its head."""

import torch
from torch import nn

from transferkit.adapters.heads import per_head


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
