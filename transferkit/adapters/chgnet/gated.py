"""Norm, activation and gate of a message in one function, with first and second derivatives written by hand.

For x (core and gate, one half each, centred over channels), with A = silu and Z = sigmoid:

    r = (mean x² + eps)^(-1/2)     u = r x     y = γ u + β     (without a norm y = x)
    m = A(y_core) Z(y_gate)        o = w m     (without weights w = 1)

First derivative, from g on o; means run over the channels of one half:

    y' = g w ∂m/∂y      u' = γ y'      x' = r (u' - u mean(u' u))      w' = g m

Second derivative: with ``dx`` on x' and ``dw`` on w', the sum dx·x' + dw·w' equals g·do, where do is the change of o
along (dx, dw). So the gradient on g is do, and the others come from going backwards through

    du = r (dx - u mean(dx u))     dy = γ du     dm = ∂m/∂y dy     do = w dm + m dw

The work is cut into blocks of messages that stay in a processor's cache, and only x is kept between the passes.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from transferkit.adapters.chgnet.sweep import Sweep

BLOCK = 1024
"""Messages per block on a CPU; an accelerator takes all at once"""


class Norm(NamedTuple):
    """Scale and shift of both halves, (2, 1, channels), and eps."""

    gamma: Tensor
    beta: Tensor
    eps: float


class Values(NamedTuple):
    """A block on its way forward; names as in the formulas."""

    r: Tensor | None
    u: Tensor
    y: Tensor
    core: Tensor
    gate: Tensor


def _blocks(x: Tensor) -> Iterator[slice]:
    step = BLOCK if x.device.type == "cpu" else max(len(x), 1)
    for start in range(0, len(x), step):
        yield slice(start, min(start + step, len(x)))


def _mean(a: Tensor, b: Tensor) -> Tensor:
    return (a * b).mean(dim=2, keepdim=True)


def _forward(x: Tensor, norm: Norm | None) -> Values:
    if norm is None:
        r, u, y = None, x, x
    else:
        r = torch.linalg.vector_norm(x, dim=2, keepdim=True).square_().div_(x.shape[2]).add_(norm.eps).rsqrt_()
        u = x * r
        y = torch.addcmul(norm.beta, u, norm.gamma)
    return Values(r, u, y, F.silu(y[0]), torch.sigmoid(y[1]))


def _through_norm(gy: Tensor, v: Values, norm: Norm | None) -> tuple[Tensor, Tensor, Tensor]:
    """x', u' and mean(u' u) from y'."""
    if norm is None or v.r is None:
        return gy, gy, gy
    gu = gy * norm.gamma
    mean = _mean(gu, v.u)
    return torch.addcmul(gu, v.u, mean, value=-1).mul_(v.r), gu, mean


def _first(g: Tensor, v: Values, w: Tensor | None) -> tuple[Tensor, Tensor | None]:
    """y' and w' of one block."""
    by_w = None if w is None else (v.core * v.gate).mul_(g)
    q = g if w is None else g * w
    gy = torch.empty_like(v.y)
    torch.ops.aten.silu_backward.grad_input(q * v.gate, v.y[0], grad_input=gy[0])
    torch.ops.aten.sigmoid_backward.grad_input(q * v.core, v.gate, grad_input=gy[1])
    return gy, by_w


def _second(g: Tensor, x: Tensor, w: Tensor | None, dx: Tensor, dw: Tensor | None, norm: Norm | None) -> Any:
    """do, x-bar, w-bar, gamma-bar and beta-bar of one block."""
    v = _forward(x, norm)
    if norm is None or v.r is None:
        mu, du, dy = dx, dx, dx
    else:
        mu = _mean(dx, v.u)
        du = torch.addcmul(dx, v.u, mu, value=-1).mul_(v.r)
        dy = du * norm.gamma
    # Slopes and curvatures of silu (core) and sigmoid (gate).
    sigma = torch.sigmoid(v.y[0])
    rest = 1 - sigma
    core1 = torch.addcmul(sigma, v.core, rest)
    core2 = sigma.mul_(rest).mul_(torch.add(v.y[0], v.core, alpha=-2).add_(2))
    gate1 = torch.addcmul(v.gate, v.gate, v.gate, value=-1)
    gate2 = torch.addcmul(gate1, gate1, v.gate, value=-2)
    by_core, by_gate = core1 * v.gate, v.core * gate1
    dm = (by_core * dy[0]).addcmul_(by_gate, dy[1])
    q = g if w is None else g * w
    by_w = None if w is None else g * dm
    do = dm if w is None else dm.mul_(w)
    gy = torch.empty_like(v.y)
    torch.mul(q, by_core, out=gy[0])
    torch.mul(q, by_gate, out=gy[1])
    cross = core1.mul_(gate1)
    by_y = torch.empty_like(v.y)
    torch.mul(core2.mul_(v.gate), dy[0], out=by_y[0]).addcmul_(cross, dy[1]).mul_(q)
    torch.mul(gate2.mul_(v.core), dy[1], out=by_y[1]).addcmul_(cross, dy[0]).mul_(q)
    if dw is not None:
        p = g * dw
        by_y[0].addcmul_(p, by_core)
        by_y[1].addcmul_(p, by_gate)
        do.addcmul_(v.core * v.gate, dw)
    if norm is None or v.r is None:
        return do, by_y, by_w, None, None
    _, gu, nu = _through_norm(gy, v, norm)
    by_gamma = (by_y * v.u).addcmul_(gy, du).sum(1)
    by_beta = by_y.sum(1)
    kappa = _mean(gu, du)
    by_u = by_y.mul_(norm.gamma).addcmul_(gu.mul_(mu).addcmul_(dx, nu), v.r, value=-1)
    return do, by_u.addcmul_(v.u, _mean(by_u, v.u).add_(kappa), value=-1).mul_(v.r), by_w, by_gamma, by_beta


def _norm_of(gamma: Tensor | None, beta: Tensor | None, eps: float) -> Norm | None:
    return None if gamma is None or beta is None else Norm(gamma[:, None], beta[:, None], eps)


class Gated(torch.autograd.Function):
    """o of all messages, (messages, channels)."""

    @staticmethod
    def forward(
        ctx: Any, core: Tensor, gate: Tensor, w: Any, gamma: Any, beta: Any, eps: float, sweep: Sweep
    ) -> Tensor:
        """Core and gate, (messages, channels) each, are the halves of x; gamma and beta (2, channels)."""
        ctx.save_for_backward(core, gate, w, gamma, beta)
        ctx.eps, ctx.sweep = eps, sweep
        norm = _norm_of(gamma, beta, eps)
        out = torch.empty_like(core)
        for b in _blocks(core):
            v = _forward(torch.stack([core[b], gate[b]]), norm)
            torch.mul(v.core, v.gate, out=out[b])
            if w is not None:
                out[b] *= w[b]
        return out

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Any:
        """Gradients of core, gate and weights, and of the norm's parameters unless the sweep leaves them out."""
        parameters = ctx.sweep.parameters and ctx.saved_tensors[3] is not None
        return (*GatedFirst.apply(grads[0], *ctx.saved_tensors, ctx.eps, parameters), None, None)


class GatedFirst(torch.autograd.Function):
    """First derivative of :class:`Gated`, with a derivative of its own."""

    @staticmethod
    def forward(
        ctx: Any, g: Tensor, core: Tensor, gate: Tensor, w: Any, gamma: Any, beta: Any, eps: float, parameters: bool
    ) -> Any:  # fmt: skip
        """x' of both halves, w', and gamma' and beta' if asked for."""
        ctx.save_for_backward(g, core, gate, w, gamma, beta)
        ctx.eps, ctx.parameters = eps, parameters
        ctx.set_materialize_grads(False)
        norm = _norm_of(gamma, beta, eps)
        by_core, by_gate = torch.empty_like(core), torch.empty_like(gate)
        by_w = None if w is None else torch.empty_like(w)
        by_gamma, by_beta = (torch.zeros_like(gamma), torch.zeros_like(beta)) if parameters else (None, None)
        for b in _blocks(core):
            v = _forward(torch.stack([core[b], gate[b]]), norm)
            gy, here = _first(g[b], v, None if w is None else w[b])
            by_core[b], by_gate[b] = _through_norm(gy, v, norm)[0]
            if by_w is not None:
                by_w[b] = here
            if by_gamma is not None and by_beta is not None:
                by_gamma += (gy * v.u).sum(1)
                by_beta += gy.sum(1)
        return by_core, by_gate, by_w, by_gamma, by_beta

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, dcore: Any, dgate: Any, dw: Any, dgamma: Any, dbeta: Any) -> Any:
        """Gradients of g, core, gate, w, gamma and beta."""
        if dgamma is not None or dbeta is not None:
            raise NotImplementedError("second derivatives by the parameters of CHGNet's norms are not written")
        g, core, gate, w, gamma, beta = ctx.saved_tensors
        norm = _norm_of(gamma, beta, ctx.eps)
        by_g, by_core, by_gate = torch.empty_like(g), torch.empty_like(core), torch.empty_like(gate)
        by_w = None if w is None else torch.empty_like(w)
        by_gamma, by_beta = (None, None) if norm is None else (torch.zeros_like(gamma), torch.zeros_like(beta))
        dcore = torch.zeros_like(core) if dcore is None else dcore
        dgate = torch.zeros_like(gate) if dgate is None else dgate
        for b in _blocks(core):
            x, dx = torch.stack([core[b], gate[b]]), torch.stack([dcore[b], dgate[b]])
            w_here, dw_here = (None if t is None else t[b] for t in (w, dw))
            by_g[b], (by_core[b], by_gate[b]), here, some, more = _second(g[b], x, w_here, dx, dw_here, norm)
            if by_w is not None:
                by_w[b] = here
            if by_gamma is not None and by_beta is not None:
                by_gamma += some
                by_beta += more
        return by_g, by_core, by_gate, by_w, by_gamma, by_beta, None, None
