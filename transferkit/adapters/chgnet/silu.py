"""A(x) = x σ(x) with a second derivative in few passes over memory."""

from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor


class Silu(torch.autograd.Function):
    """A(x); ``A' = σ + A (1 - σ)``.

    >>> Silu.apply(torch.zeros(2)).tolist()
    [0.0, 0.0]
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        """A(x)."""
        ctx.save_for_backward(x)
        return F.silu(x)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Any:
        """g A'(x)."""
        return SiluSlope.apply(grads[0], *ctx.saved_tensors)


class SiluSlope(torch.autograd.Function):
    """g A'(x), with ``A'' = σ (1 - σ) (2 + x - 2 A)``."""

    @staticmethod
    def forward(ctx: Any, g: Tensor, x: Tensor) -> Tensor:
        """g A'(x)."""
        ctx.save_for_backward(g, x)
        out: Tensor = torch.ops.aten.silu_backward(g, x)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor]:
        """Gradients of g and x."""
        (a,), (g, x) = grads, ctx.saved_tensors
        sigma = torch.sigmoid(x)
        bend = torch.addcmul(x, x, sigma, value=-2).add_(2).mul_(sigma).mul_(sigma.neg_().add_(1))
        return torch.ops.aten.silu_backward(a, x), bend.mul_(a).mul_(g)
