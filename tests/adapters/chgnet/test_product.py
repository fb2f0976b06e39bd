"""The product through oneDNN is torch's linear map, and so are its derivatives."""

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn
from torch.nn.utils import parametrize

from transferkit.adapters.chgnet import product
from transferkit.adapters.chgnet.product import linear, over_rows, through


@pytest.fixture
def always(monkeypatch):
    """Every product takes the way of the large ones, in float64 too, with torch's own product in place of oneDNN."""
    monkeypatch.setattr(product, "_fits", lambda _: True)
    monkeypatch.setattr(product, "onednn", lambda: lambda x, w, b, *_: F.linear(x, w, b))


def numbers(*shape, dtype=torch.float32, seed=0):
    return torch.randn(*shape, dtype=dtype, generator=torch.Generator().manual_seed(seed))


def inputs(rows, dtype=torch.float32):
    x, weight, bias = numbers(rows, 6, dtype=dtype), numbers(4, 6, dtype=dtype, seed=1), numbers(4, dtype=dtype, seed=2)
    return [t.requires_grad_() for t in (x, weight, bias)]


def test_derivatives(always):
    x, weight, bias = inputs(5, torch.float64)
    assert torch.autograd.gradcheck(linear, (x, weight, bias))
    assert torch.autograd.gradgradcheck(linear, (x, weight, bias))
    assert torch.autograd.gradgradcheck(linear, (x, weight))


def steps(f, rows):
    """Value, gradient of the rows, and gradients of what it was made from: as forces in a loss."""
    x, weight, bias = inputs(rows)
    out = f(x, weight, bias)
    (slope,) = torch.autograd.grad(out.square().sum() / rows, x, create_graph=True)
    (slope.square().sum() * rows + out.sum()).backward()
    return [out, slope, x.grad, weight.grad, bias.grad]


def test_large_products_in_float32():
    for mine, torchs in zip(steps(linear, product.ROWS), steps(F.linear, product.ROWS), strict=True):
        torch.testing.assert_close(mine, torchs, rtol=1e-4, atol=1e-4)


def test_slices_and_transposed():
    x, weight = numbers(product.ROWS, 20), numbers(12, 20)
    torch.testing.assert_close(linear(x[:, 3:9], weight[:, 5:11]), x[:, 3:9] @ weight[:, 5:11].T)
    torch.testing.assert_close(linear(x, weight.T.contiguous().T), x @ weight.T)
    for g in (numbers(product.ROWS, 4, seed=3), numbers(product.ROWS, 40, seed=3)):
        torch.testing.assert_close(over_rows(g, x), g.T @ x, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("rows", [0, 1])
def test_few_rows(rows):
    for mine, torchs in zip(steps(linear, rows)[:3], steps(F.linear, rows)[:3], strict=True):
        assert torch.equal(mine, torchs) or rows == 0
        assert mine.shape == torchs.shape


@pytest.mark.parametrize("few", [True, False])
def test_only_what_is_asked_for(monkeypatch, few):
    """Forces cost no gradient of a weight, nor does a frozen weight."""
    calls = []
    monkeypatch.setattr(product, "over_rows", lambda g, x: calls.append(g) or g.T @ x)
    x, weight, bias = inputs(3 if few else product.ROWS)
    torch.autograd.grad(linear(x, weight, bias).sum(), x)
    linear(x, weight.detach(), bias).sum().backward()
    assert weight.grad is None
    assert not calls
    linear(x, weight, bias).sum().backward()
    assert len(calls) == (0 if few else 1)


def test_without_onednn_it_is_torchs(monkeypatch):
    expected = F.linear(*inputs(product.ROWS))
    monkeypatch.setattr(product, "_times", lambda *_: pytest.fail("oneDNN was called"))
    with monkeypatch.context() as inside:
        inside.setattr(torch.backends.mkldnn, "enabled", False)
        assert torch.equal(linear(*inputs(product.ROWS)), expected)
    monkeypatch.setattr(product, "onednn", lambda: None)
    assert torch.equal(linear(*inputs(product.ROWS)), expected)


@pytest.mark.parametrize("missing", ["package", "instructions", "operation"])
def test_onednn_is_looked_for(monkeypatch, missing):
    if missing == "package":
        monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    elif missing == "instructions":
        monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "SVE256")
    else:
        monkeypatch.setattr(torch.ops, "mkldnn", object())
    assert product.onednn.__wrapped__() is None


class Twice(nn.Module):
    def forward(self, weight):
        return 2 * weight


def test_layers_one_after_the_other():
    layers = nn.Sequential(nn.Linear(6, 5), nn.SiLU(), nn.Linear(5, 4, bias=False))
    parametrize.register_parametrization(layers[2], "weight", Twice())
    x = numbers(product.ROWS, 6)
    torch.testing.assert_close(through(layers, x), layers(x), rtol=1e-5, atol=1e-5)
