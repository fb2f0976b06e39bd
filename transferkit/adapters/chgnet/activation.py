"""The activation silu with derivatives in few passes over memory.

torch composes the slope of many passes as soon as it is to be differentiated again, as forces in a loss are. By hand it is
torch's fused slope, and one more derivative of a few passes.
"""

from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

ROWS = 1024
"""For fewer rows the calls count, not the passes, and torch's own has fewer calls."""


def silu(x: Tensor) -> Tensor:
    """The product x σ(x), any number of times differentiable.

    >>> silu(torch.zeros(2)).tolist()
    [0.0, 0.0]
    """
    if len(x) < ROWS or not torch.is_grad_enabled():
        return F.silu(x)
    out: Tensor = Silu.apply(x)  # type: ignore[no-untyped-call]
    return out


class Silu(torch.autograd.Function):
    """A(x) = x σ(x)."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        """A(x)."""
        ctx.save_for_backward(x)
        return F.silu(x)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Any:
        """The slope, times g."""
        (g,), (x,) = grads, ctx.saved_tensors
        return Slope.apply(g, x) if torch.is_grad_enabled() else torch.ops.aten.silu_backward(g, x)  # type: ignore[no-untyped-call]


class Slope(torch.autograd.Function):
    """g A'(x) with A' = σ (1 + x (1 - σ))."""

    @staticmethod
    def forward(ctx: Any, g: Tensor, x: Tensor) -> Tensor:
        """In one pass."""
        ctx.save_for_backward(g, x)
        out: Tensor = torch.ops.aten.silu_backward(g, x)
        return out

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Any:
        """Gradients of g and x, with A'' = σ (1 - σ) (2 + x (1 - 2 σ))."""
        (a,), (g, x) = grads, ctx.saved_tensors
        if torch.is_grad_enabled():  # to be differentiated again
            sigma = torch.sigmoid(x)
            bend = sigma * (1 - sigma) * (2 + x * (1 - 2 * sigma))
            return a * sigma * (1 + x * (1 - sigma)), a * g * bend
        sigma = torch.sigmoid(x)
        bend = torch.addcmul(x, x, sigma, value=-2).add_(2).mul_(torch.addcmul(sigma, sigma, sigma, value=-1))
        return torch.ops.aten.silu_backward(a, x), bend.mul_(a).mul_(g)
