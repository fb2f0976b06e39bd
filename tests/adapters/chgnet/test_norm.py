"""The layer norm by hand is torch's, and so are its derivatives."""

import pytest
import torch
from torch import nn

from transferkit.adapters.chgnet import norm
from transferkit.adapters.chgnet.norm import normed


def numbers(*shape, seed=0):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(autouse=True)
def _always(monkeypatch):
    """By hand for few rows too."""
    monkeypatch.setattr(norm, "ROWS", 0)


@pytest.fixture
def case():
    """Rows of different spread, one of them nearly constant, where eps counts."""
    x = numbers(5, 6) * torch.tensor([1.0, 3.0, 0.1, 1e-3, 1.0], dtype=torch.float64)[:, None]
    layer = nn.LayerNorm(6).double()
    layer.weight.data, layer.bias.data = 1 + numbers(6, seed=1), numbers(6, seed=2)
    return layer, x.requires_grad_()


def second(f, layer, x):
    """Value, gradient, and gradients of what the gradient was made from."""
    out = f(x)
    (slope,) = torch.autograd.grad(out.sin().sum(), x, create_graph=True)
    return [out, slope, *torch.autograd.grad(slope.square().sum() + out.sum(), [x, layer.weight, layer.bias])]


def test_value_and_two_derivatives(case):
    layer, x = case
    for mine, torchs in zip(second(lambda v: normed(layer, v), layer, x), second(layer, layer, x), strict=True):
        torch.testing.assert_close(mine, torchs, rtol=1e-10, atol=1e-10)


def test_derivatives_by_differences(case):
    layer, x = case

    def f(x, weight, bias):
        layer.weight, layer.bias = None, None  # so that plain tensors may stand there
        layer._parameters = {"weight": weight, "bias": bias}
        return normed(layer, x)

    inputs = (x, layer.weight.detach().requires_grad_(), layer.bias.detach().requires_grad_())
    assert torch.autograd.gradcheck(f, inputs)
    assert torch.autograd.gradgradcheck(f, inputs)


def test_slices_and_no_rows(case):
    layer, _ = case
    wide = numbers(4, 12)
    torch.testing.assert_close(normed(layer, wide[:, 3:9]), layer(wide[:, 3:9]))
    nothing = torch.zeros(0, 6, dtype=torch.float64, requires_grad=True)
    assert [tuple(t.shape) for t in second(lambda v: normed(layer, v), layer, nothing)] == [(0, 6)] * 3 + [(6,)] * 2


def test_only_what_is_asked_for(case, monkeypatch):
    layer, x = case
    asked = []
    real = norm._backward
    monkeypatch.setattr(norm, "_backward", lambda *args: asked.append(args[-1]) or real(*args))
    torch.autograd.grad(normed(layer, x).sum(), x)
    assert asked == [[True, False, False]]
    asked.clear()
    layer.requires_grad_(requires_grad=False)
    normed(layer, x).sum().backward()
    assert asked == [[True, False, False]]


def test_a_third_derivative():
    """Against plain operations: torch's own is wrong in 2.13."""
    layer, x = nn.LayerNorm(6).double(), numbers(5, 6).requires_grad_()
    layer.weight.data = 1 + numbers(6, seed=1)

    def plain(x):
        centred = x - x.mean(1, keepdim=True)
        return centred / (centred.square().mean(1, keepdim=True) + layer.eps).sqrt() * layer.weight + layer.bias

    def bends(f):
        (slope,) = torch.autograd.grad(f(x).sin().sum(), x, create_graph=True)
        (bend,) = torch.autograd.grad(slope.sin().sum(), x, create_graph=True)
        return torch.autograd.grad(bend.sin().sum(), [x, layer.weight])

    for mine, expected in zip(bends(lambda v: normed(layer, v)), bends(plain), strict=True):
        torch.testing.assert_close(mine, expected, rtol=1e-8, atol=1e-8)


def test_few_rows_and_other_norms_are_torchs(case, monkeypatch):
    layer, x = case
    assert type(normed(layer, x).grad_fn).__name__ == "NormBackward"
    assert type(normed(nn.BatchNorm1d(6).double(), x).grad_fn).__name__ == "NativeBatchNormBackward0"
    monkeypatch.setattr(norm, "ROWS", 6)
    assert type(normed(layer, x).grad_fn).__name__ == "NativeLayerNormBackward0"
