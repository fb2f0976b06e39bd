"""Matrix products of many short rows: oneDNN where PyTorch has it, as its default library is slow on some processors.

Measured on an AMD processor with AVX-512, one thread, rows of 64: MKL 110 GFLOP/s, oneDNN 250.
"""

from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from transferkit.adapters.chgnet.sweep import Sweep

ONEDNN = torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_linear_pointwise")


def times(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``x @ weight.T + bias``, (rows, out); for use inside autograd functions, as autograd does not see through it.

    Args:
        x: (rows, in)
        weight: (out, in)
        bias: (out,)

    >>> times(torch.ones(2, 3), torch.ones(4, 3)).tolist()
    [[3.0, 3.0, 3.0, 3.0], [3.0, 3.0, 3.0, 3.0]]
    """
    if ONEDNN and x.dtype == torch.float32 and x.device.type == "cpu" and x.numel():
        out: Tensor = torch.ops.mkldnn._linear_pointwise(_dense(x), _dense(weight), bias, "none", [], "")  # noqa: SLF001
        return out
    return F.linear(x, weight, bias)


def _dense(x: Tensor) -> Tensor:
    # oneDNN computes with slices of wider matrices a thousand times slower.
    return x if x.is_contiguous() or x.T.is_contiguous() else x.contiguous()


class Product(torch.autograd.Function):
    """``x @ weight.T + bias``, (rows, out), any number of times differentiable.

    With g the gradient of the result: ``g @ weight`` for x, ``g.T @ x`` for the weight; both are products again.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None, sweep: Sweep) -> Tensor:
        """The product; ``sweep`` says whether gradients of weight and bias are wanted."""
        ctx.save_for_backward(x, weight)
        ctx.sweep = sweep
        return times(x, weight, bias)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, Tensor | None, Tensor | None, None]:
        """Gradients of x, weight and bias."""
        (g,), (x, weight), (wants_x, wants_weight, wants_bias, _) = grads, ctx.saved_tensors, ctx.needs_input_grad
        parameters = ctx.sweep.parameters
        dx = Product.apply(g, weight.T, None, ctx.sweep) if wants_x else None
        dw = Product.apply(g.T, x.T, None, ctx.sweep) if wants_weight and parameters else None
        return dx, dw, g.sum(0) if wants_bias and parameters else None, None
