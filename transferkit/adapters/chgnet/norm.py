"""The layer norm with a second derivative in a third of torch's passes over memory.

Forces in a loss need the derivative of the norm's gradient. torch composes it of some forty passes over the features, a
sixth of a training step; by hand it is one fused call and a dozen passes.
"""

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

BACKWARD = torch.ops.aten.native_layer_norm_backward

ROWS = 1024
"""For fewer rows the calls count, not the passes, and without a second derivative torch's own has fewer calls."""


def normed(layer: nn.Module, x: Tensor) -> Tensor:
    """``layer(x)``, (rows, channels), any number of times differentiable.

    What needs no gradient costs none, so forces cost no gradients of the layer's parameters.

    Args:
        layer: a layer norm; any other is called as it is
        x: (rows, channels)

    >>> normed(nn.LayerNorm(2, eps=0), torch.tensor([[1.0, 3.0]])).tolist()
    [[-1.0, 1.0]]
    """
    if len(x) < ROWS or not (torch.is_grad_enabled() and isinstance(layer, nn.LayerNorm)):
        out: Tensor = layer(x)
        return out
    weight, bias, x = layer.weight, layer.bias, x.contiguous()
    share, moments = None, Moments(layer.eps)
    if weight.requires_grad or bias.requires_grad:
        share = Share.apply(weight, bias, (x,), moments)  # type: ignore[no-untyped-call]
    out = Norm.apply(x, weight, bias, share, moments)  # type: ignore[no-untyped-call]
    return out  # noqa: RET504


@dataclass
class Moments:
    """eps, and mean and 1 / sqrt(variance + eps) of each row once the norm has computed them, (rows, 1) each."""

    eps: float
    found: tuple[Tensor, ...] = ()


def _backward(g: Tensor, x: Tensor, moments: Any, weight: Tensor | None, mask: list[bool]) -> Any:
    """Gradients of x, γ and β, those that the mask asks for."""
    return BACKWARD(g.contiguous(), x, x.shape[1:], *moments, weight, weight, mask)


class Norm(torch.autograd.Function):
    """y = γ x̂ + β with x̂ = (x - mean) / sqrt(variance + eps) over each row, and the gradient of x alone."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, share: Tensor | None, moments: Moments) -> Tensor:  # noqa: PLR0917
        """``share`` ties the result to γ and β."""
        out: Tensor
        out, *found = torch.native_layer_norm(x, x.shape[1:], weight, bias, moments.eps)
        moments.found = tuple(found)
        ctx.eps, ctx.shared = moments.eps, share is not None
        ctx.save_for_backward(x, weight, *found)
        return out

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Any:
        """Through :class:`Slope` if it is to be differentiated again."""
        (g,), (x, weight, *moments), by_x = grads, ctx.saved_tensors, None
        if ctx.needs_input_grad[0]:
            again = torch.is_grad_enabled()
            by_x = Slope.apply(g, x, weight, ctx.eps, *moments) if again else _slope(g, x, weight, moments)  # type: ignore[no-untyped-call]
        return by_x, None, None, g if ctx.shared else None, None


def _slope(g: Tensor, x: Tensor, weight: Tensor | None, moments: Any) -> Tensor:
    out: Tensor = _backward(g, x, moments, weight, [True, False, False])[0]
    return out


class Slope(torch.autograd.Function):
    """r = dE/dx = s P(γ g), with g = dE/dy, s = 1 / sqrt(variance + eps) and P(h) = h - mean(h) - x̂ mean(x̂ h)."""

    @staticmethod
    def forward(ctx: Any, g: Tensor, x: Tensor, weight: Tensor, eps: float, *moments: Tensor) -> Tensor:
        """The fused gradient."""
        out = _slope(g, x, weight, moments)
        ctx.save_for_backward(g, x, weight, out, *moments)
        ctx.eps = eps
        return out

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Any:
        """Gradients of g, x and γ.

        With a the gradient of r and u = s P(a): by g it is γ u, by γ the sum of g u over rows, and by x, as ds/dx = -s² x̂ / n
        for n channels, it is -s (x̂ mean(a r) + u mean(x̂ γ g) + r mean(x̂ a)).
        """
        (a,), (g, x, weight, r, mean, scale) = grads, ctx.saved_tensors
        if torch.is_grad_enabled():
            return _composed(a, (g, x, weight), ctx.eps, ctx.needs_input_grad)
        u = _slope(a, x, None, (mean, scale))
        unit = (x - mean).mul_(scale)
        along_g = ((unit * g) @ weight / x.shape[1])[:, None]
        along_a, along_r = (a * unit).mean(1, keepdim=True), (a * r).mean(1, keepdim=True)
        by_x = unit.mul_(along_r).addcmul_(u, along_g).addcmul_(r, along_a).mul_(-scale)
        by_weight = (g * u).sum(0) if ctx.needs_input_grad[2] else None
        return u * weight, by_x, by_weight, None, None, None


def _composed(a: Tensor, inputs: tuple[Tensor, ...], eps: float, needs: tuple[bool, ...]) -> Any:
    """The same of plain operations, for a third derivative: that of torch's own layer norm is wrong (in 2.13)."""
    # As views, since g may depend on x, and the derivative by x alone is asked for.
    g, x, weight = inputs = tuple(t.view_as(t) for t in inputs)
    centred = x - x.mean(1, keepdim=True)
    out = centred * torch.rsqrt(centred.square().mean(1, keepdim=True) + eps) * weight
    (r,) = torch.autograd.grad(out, x, g, create_graph=True)
    found = torch.autograd.grad(r, [t for t, need in zip(inputs, needs, strict=False) if need], a, create_graph=True)
    each = iter(found)
    return (*(next(each) if need else None for need in needs[:3]), None, None, None)


class Share(torch.autograd.Function):
    """Stands for the part of γ and β: see :class:`.product.Share`."""

    @staticmethod
    def forward(ctx: Any, weight: Tensor, bias: Tensor, rows: tuple[Tensor], moments: Moments) -> Tensor:
        """Nothing, of the result's shape; the moments are not there yet."""
        (x,) = rows
        ctx.save_for_backward(x, weight)
        ctx.moments = moments
        return bias.new_zeros(()).expand(x.shape)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Any:
        """Gradients of γ and β."""
        (g,), (x, weight) = grads, ctx.saved_tensors
        if torch.is_grad_enabled():  # to be differentiated again
            return (g * F.layer_norm(x, x.shape[1:], eps=ctx.moments.eps)).sum(0), g.sum(0), None, None
        by_parameters = _backward(g, x, ctx.moments.found, weight, [False, True, True])[1:]
        return (*by_parameters, None, None)
