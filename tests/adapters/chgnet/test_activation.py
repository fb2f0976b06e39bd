"""The silu by hand is torch's, and so are its derivatives."""

import torch
import torch.nn.functional as F  # noqa: N812

from transferkit.adapters.chgnet import activation
from transferkit.adapters.chgnet.activation import Silu, silu


def test_value_and_three_derivatives():
    x = torch.linspace(-30, 30, 41, dtype=torch.float64).reshape(41, 1).requires_grad_()

    def three(f):
        out = f(x)
        (one,) = torch.autograd.grad(out.sin().sum(), x, create_graph=True)
        (two,) = torch.autograd.grad(one.sin().sum(), x, create_graph=True)
        (last,) = torch.autograd.grad(one.sin().sum(), x, retain_graph=True)
        return [out, one, two, last, *torch.autograd.grad(two.sin().sum(), x)]

    for mine, torchs in zip(three(Silu.apply), three(F.silu), strict=True):
        torch.testing.assert_close(mine, torchs, rtol=1e-10, atol=1e-10)


def test_derivatives_by_differences():
    x = torch.randn(4, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(0)).requires_grad_()
    assert torch.autograd.gradgradcheck(Silu.apply, (x,))
    assert torch.autograd.gradgradcheck(lambda v: Silu.apply(v[:, 1:3]), (x,))


def test_many_rows_go_by_hand_and_few_by_torch():
    few, many = (torch.zeros(n, 2, requires_grad=True) for n in (activation.ROWS - 1, activation.ROWS))
    assert type(silu(few).grad_fn).__name__ == "SiluBackward0"
    assert type(silu(many).grad_fn).__name__ == "SiluBackward"
    with torch.no_grad():
        assert torch.equal(silu(many), F.silu(many))
