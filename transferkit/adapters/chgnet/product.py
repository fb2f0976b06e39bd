"""Matrix products of many short rows, in whichever of torch's libraries is fast at them.

On a CPU torch multiplies float32 matrices with MKL, which leaves part of some processors unused: on an AMD processor with
AVX-512 it reached 110 GFLOP/s per thread with rows of 64 to 128 numbers, and oneDNN, which is in torch too, 250.
"""

from collections.abc import Iterable
from functools import cache
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from transferkit.adapters.chgnet.activation import silu

ROWS = 2048
"""Products of fewer rows are MKL's. oneDNN compiles a kernel for each new shape (0.2 to 0.5 ms), and hardly two batches have
the same number of rows: from here on a kernel pays for itself within the step that it was compiled in."""


@cache
def onednn() -> Any | None:
    """The product by oneDNN on an x86 processor, or None where this torch has none.

    It is a private operation of torch (there from 2.0 on, used by its compiler), so it is looked for and not assumed. On
    other processors oneDNN may round to fewer bits by a setting of the environment, and was not measured.
    """
    there = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    if not there or not torch.backends.cpu.get_cpu_capability().startswith("AVX"):
        return None
    return getattr(torch.ops.mkldnn, "_linear_pointwise", None)


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``x @ weight.T + bias``, (rows, out): ``torch.nn.functional.linear``, equal to float32 rounding.

    Any number of times differentiable, and what needs no gradient costs none. Which library multiplies follows from the
    shape, the dtype and the device alone, so the digits are the same in every run.

    Args:
        x: (rows, in)
        weight: (out, in)
        bias: (out,)

    >>> linear(torch.ones(2, 3), torch.ones(4, 3), torch.ones(4)).tolist()
    [[4.0, 4.0, 4.0, 4.0], [4.0, 4.0, 4.0, 4.0]]
    """
    if not _fits(x):
        return F.linear(x, weight, bias)
    if not torch.is_grad_enabled():
        return _times(x, weight, bias)
    wanted = weight.requires_grad or (bias is not None and bias.requires_grad)
    share = Share.apply(weight, bias, (x,), len(weight)) if wanted else None  # type: ignore[no-untyped-call]
    out: Tensor = Product.apply(x, weight, bias, share)  # type: ignore[no-untyped-call]
    return out


def through(layers: Iterable[nn.Module], x: Tensor) -> Tensor:
    """Layers one after the other, with :func:`linear` for each linear map and :func:`.activation.silu` for each silu.

    >>> through([nn.Linear(3, 2), nn.SiLU()], torch.ones(5, 3)).shape
    torch.Size([5, 2])
    """
    for layer in layers:
        if isinstance(layer, nn.Linear):
            x = linear(x, layer.weight, layer.bias)
        else:
            x = silu(x) if isinstance(layer, nn.SiLU) else layer(x)
    return x


def _fits(x: Tensor) -> bool:
    many = x.dim() == 2 and len(x) >= ROWS
    plain = x.dtype == torch.float32 and x.device.type == "cpu"
    return many and plain and bool(torch.backends.mkldnn.enabled) and onednn() is not None


def _times(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    # Dense, as slices of wider matrices fall to oneDNN's slowest code; one layout, so that one kernel serves both ways.
    out: Tensor = onednn()(x.contiguous(), weight.contiguous(), bias, "none", [], "")  # type: ignore[misc]
    return out


class Product(torch.autograd.Function):
    """The product, and the gradient of its rows alone: those of the weight and the bias are :class:`Share`'s."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None, share: Tensor | None) -> Tensor:
        """``share`` is not read: it ties the result to the weight."""
        ctx.save_for_backward(weight)
        ctx.shared = share is not None
        return _times(x, weight, bias)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Any:
        """The same product with the weight transposed."""
        (weight,) = ctx.saved_tensors
        by_rows = linear(grads[0], weight.t()) if ctx.needs_input_grad[0] else None
        return by_rows, None, None, grads[0] if ctx.shared else None


class Share(torch.autograd.Function):
    """Stands for the weight's part in a product: nothing, of the product's shape.

    Autograd leaves out functions on no way to what is asked for, but a function of ours cannot see what of its inputs is
    asked for. Forces ask for the rows' gradient only, so that of the weight is another function's.
    """

    @staticmethod
    def forward(ctx: Any, weight: Tensor, bias: Tensor | None, rows: tuple[Tensor], width: int) -> Tensor:
        """The rows come in a tuple, so that autograd sees no way from here to them."""
        (x,) = rows
        ctx.save_for_backward(x)
        ctx.has_bias = bias is not None
        return weight.new_zeros(()).expand(len(x), width)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Any:
        """Gradients of the weight and the bias."""
        (x,), (g,) = ctx.saved_tensors, grads
        by_weight = over_rows(g, x) if ctx.needs_input_grad[0] else None
        return by_weight, g.sum(0) if ctx.has_bias and ctx.needs_input_grad[1] else None, None, None


def over_rows(g: Tensor, x: Tensor) -> Tensor:
    """``g.T @ x``, (columns of g, columns of x): the gradient of a weight.

    >>> over_rows(torch.ones(5, 2), torch.ones(5, 3)).tolist()
    [[5.0, 5.0, 5.0], [5.0, 5.0, 5.0]]
    """
    if torch.is_grad_enabled() or not _fits(x):  # to be differentiated again: torch's own
        return g.t() @ x
    if g.shape[1] > x.shape[1]:  # faster with the narrower matrix first
        return over_rows(x, g).t()
    out: Tensor = onednn()(g.contiguous().t(), x.contiguous().t(), None, "none", [], "")  # type: ignore[misc]
    return out
