"""Gated messages, gathered, computed and summed block by block, with first and second derivatives written by hand.

One message, with h the sum of its terms (core and gate, one half each), A = silu and Z = sigmoid:

    s = A(h)                       x = s W + b (without a hidden layer x = h)
    r = (mean x² + eps)^(-1/2)     u = r x          y = γ u + β   (without a norm y = x)
    m = A(y_core) Z(y_gate)        o = w m          (w: product of the weights; without weights 1)

``W`` and ``b`` come in centred over their outputs, which makes x centred: the layer norm then needs no mean.

First derivative, from g on o; means run over the channels of one half:

    y' = g w ∂m/∂y      u' = γ y'      x' = r (u' - u mean(u' u))      h' = A'(h) (x' Wᵀ)      w' = g m

Second derivative: with ``dh`` on h' and ``dw`` on w', the sum dh·h' + dw·w' equals g·do, where do is the change of o
along (dh, dw). So the gradient on g is do, and the others come from going backwards through

    ds = A'(h) dh    dx = ds W    du = r (dx - u mean(dx u))    dy = γ du    dm = ∂m/∂y dy    do = w dm + m dw

Nothing of the size of the messages is kept between the passes: a block is computed again from the tables, which is
cheaper than fetching it from memory.
"""

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from transferkit.adapters.chgnet.product import times
from transferkit.adapters.chgnet.routes import Block, Routes
from transferkit.adapters.chgnet.sweep import Sweep


@dataclass(frozen=True, eq=False)
class Inner:
    """Parameters between the sum of terms and the message; None where there is no hidden layer or no norm.

    Attributes:
        weight: centred over its outputs, (2, out, in)
        bias: centred, (2, out)
        gamma: (2, out)
        beta: (2, out)
        eps: of the norm
    """

    weight: Tensor | None
    bias: Tensor | None
    gamma: Tensor | None
    beta: Tensor | None
    eps: float

    def hidden(self, s: Tensor) -> Tensor:
        """``s W + b`` of both halves, (2 · messages, out)."""
        b = (None, None) if self.bias is None else self.bias
        return self._both(s, self.weight, b)

    def hidden_change(self, s: Tensor) -> Tensor:
        """``s W``: a change knows no bias."""
        return self._both(s, self.weight, (None, None))

    def hidden_back(self, x: Tensor) -> Tensor:
        """``x Wᵀ`` of both halves, (2 · messages, in)."""
        return self._both(x, None if self.weight is None else self.weight.transpose(1, 2), (None, None))

    @staticmethod
    def _both(x: Tensor, weight: Tensor | None, bias: Any) -> Tensor:
        if weight is None:
            return x
        half = len(x) // 2
        return torch.cat([times(x[:half], weight[0], bias[0]), times(x[half:], weight[1], bias[1])])


@dataclass(eq=False)
class Grads:
    """Gradients of one call, summed over its blocks; None where not wanted."""

    table: Tensor
    own: Tensor | None
    weights: Tensor | None
    weight: Tensor | None = None
    bias: Tensor | None = None
    gamma: Tensor | None = None
    beta: Tensor | None = None

    @classmethod
    def zeros(cls, table: Tensor, own: Tensor | None, weights: Tensor | None, inner: Inner | None) -> "Grads":
        """Nothing summed yet; with ``inner`` its parameters have gradients too."""
        parameters = () if inner is None else (inner.weight, inner.bias, inner.gamma, inner.beta)
        zero = [None if p is None else torch.zeros_like(p) for p in parameters]
        empty = None if own is None else torch.empty_like(own)
        return cls(torch.zeros_like(table), empty, None if weights is None else torch.zeros_like(weights), *zero)

    def add_terms(self, block: Block, h: Tensor) -> None:
        """Hand the gradient of h to the tables."""
        for column in block.columns:
            self.table.index_add_(0, column, h)
        if self.own is not None:
            half, width = len(h) // 2, h.shape[1]
            self.own[block.start : block.stop, :width] = h[:half]
            self.own[block.start : block.stop, width:] = h[half:]

    def add_product(self, x: Tensor, s: Tensor, *, bias: bool) -> None:
        """Hand ``sᵀ x`` to the hidden layer."""
        if self.weight is None:
            return
        half = len(x) // 2
        self.weight[0] += times(x[:half].T, s[:half].T)
        self.weight[1] += times(x[half:].T, s[half:].T)
        if bias and self.bias is not None:
            self.bias += x.view(2, half, -1).sum(1)

    def add_norm(self, gamma: Tensor | None, beta: Tensor | None) -> None:
        """Hand sums over a block to the norm."""
        if self.gamma is not None and self.beta is not None and gamma is not None:
            self.gamma += gamma
            if beta is not None:
                self.beta += beta


def gather(block: Block, table: Tensor, own: Tensor | None) -> Tensor:
    """h of a block: the core half of all messages, then the gate half, (2 · messages, in)."""
    h: Tensor = torch.embedding_bag(table, block.bag, block.offsets, mode=0)[0]
    if own is not None:
        half, width = len(h) // 2, h.shape[1]
        mine = own[block.start : block.stop]
        h[:half] += mine[:, :width]
        h[half:] += mine[:, width:]
    return h


@dataclass(eq=False)
class Values:
    """A block on its way forward; names as in the formulas."""

    h: Tensor
    r: Tensor | None
    u: Tensor
    y: Tensor
    core: Tensor
    gate: Tensor


def forward_block(h: Tensor, s: Tensor | None, inner: Inner) -> Values:
    """From h, and s = silu(h) where it is known already, to core and gate."""
    if inner.weight is not None:
        x = inner.hidden(F.silu(h) if s is None else s)
    else:
        x = h
    half = len(x) // 2
    if inner.gamma is None or inner.beta is None:
        r, u = None, x
        y = x.view(2, half, -1)
    else:
        r = torch.linalg.vector_norm(x, dim=1, keepdim=True).square_().div_(x.shape[1]).add_(inner.eps).rsqrt_()
        u = x.mul_(r) if x is not h else x * r
        y = torch.addcmul(inner.beta[:, None], u.view(2, half, -1), inner.gamma[:, None])
    return Values(h, r, u, y, F.silu(y[0]), torch.sigmoid(y[1]))


def _mean(a: Tensor, b: Tensor) -> Tensor:
    return (a * b).mean(dim=1, keepdim=True)


def _norm_back(gy: Tensor, v: Values, inner: Inner) -> tuple[Tensor, Tensor | None, Tensor | None]:
    """x', and u' with mean(u' u), from y'."""
    if inner.gamma is None or v.r is None:
        return gy.view_as(v.u), None, None
    gu = (gy * inner.gamma[:, None]).view_as(v.u)
    mean = _mean(gu, v.u)
    return torch.addcmul(gu, v.u, mean, value=-1).mul_(v.r), gu, mean


def _weight(block: Block, weights: Tensor | None) -> list[Tensor]:
    return [] if weights is None else [weights.index_select(0, rows) for rows in block.weights]


def backward_block(block: Block, v: Values, g: Tensor, weights: Tensor | None, inner: Inner, out: Grads) -> None:
    """First derivative of one block, added to ``out``."""
    ws = _weight(block, weights)
    if ws and out.weights is not None:
        gm = g * (v.core * v.gate)
        for k, rows in enumerate(block.weights):
            out.weights.index_add_(0, rows, gm if len(ws) == 1 else gm * ws[1 - k])
        for w in ws:
            g = g * w
    gy = torch.empty_like(v.y)
    torch.ops.aten.silu_backward.grad_input(g * v.gate, v.y[0], grad_input=gy[0])
    torch.ops.aten.sigmoid_backward.grad_input(g * v.core, v.gate, grad_input=gy[1])
    if out.gamma is not None:
        out.add_norm((gy * v.u.view_as(gy)).sum(1), gy.sum(1))
    gx, _, _ = _norm_back(gy, v, inner)
    if inner.weight is None:
        out.add_terms(block, gx)
        return
    if out.weight is not None:
        out.add_product(gx, F.silu(v.h), bias=True)
    out.add_terms(block, torch.ops.aten.silu_backward(inner.hidden_back(gx), v.h))


def second_block(
    block: Block,
    h: Tensor,
    dh: Tensor,
    g: Tensor,
    weights: Tensor | None,
    dweights: Tensor | None,
    inner: Inner,
    out: Grads,
) -> Tensor:
    """Second derivative of one block, added to ``out``; gives do, (messages, out)."""
    if inner.weight is None:
        v, dx = forward_block(h, None, inner), dh
    else:
        sigma = torch.sigmoid(h)
        s = h * sigma
        v = forward_block(h, s, inner)
        rest = 1 - sigma
        slope = torch.addcmul(sigma, s, rest)
        ds = slope * dh
        dx = inner.hidden_change(ds)
    half = len(h) // 2
    if inner.gamma is not None and v.r is not None:
        mu = _mean(dx, v.u)
        du = torch.addcmul(dx, v.u, mu, value=-1).mul_(v.r)
        dy = du.view_as(v.y) * inner.gamma[:, None]
    else:
        du = dx
        dy = dx.view_as(v.y)

    # Slopes and curvatures of silu (core) and sigmoid (gate).
    sigma_c = torch.sigmoid(v.y[0])
    rest_c = 1 - sigma_c
    core1 = torch.addcmul(sigma_c, v.core, rest_c)
    core2 = sigma_c.mul_(rest_c).mul_(torch.add(v.y[0], v.core, alpha=-2).add_(2))
    gate1 = v.gate - v.gate * v.gate
    gate2 = gate1 - 2 * gate1 * v.gate
    by_core = core1 * v.gate
    by_gate = v.core * gate1
    dm = torch.addcmul(by_core * dy[0], by_gate, dy[1])

    ws = _weight(block, weights)
    if ws and out.weights is not None and weights is not None:
        m = v.core * v.gate
        w = ws[0] if len(ws) == 1 else ws[0] * ws[1]
        dws = _weight(block, dweights) if dweights is not None else []
        gdm = g * dm
        if not dws:
            do, q, p = dm * w, g * w, None
        else:
            dw = dws[0] if len(ws) == 1 else torch.addcmul(dws[0] * ws[1], ws[0], dws[1])
            do, q, p = torch.addcmul(dm * w, m, dw), g * w, g * dw
        for k, rows in enumerate(block.weights):
            if len(ws) == 1:
                out.weights.index_add_(0, rows, gdm)
            else:
                part = gdm * ws[1 - k]
                if dws:
                    part.addcmul_(g * m, dws[1 - k])
                out.weights.index_add_(0, rows, part)
    else:
        do, q, p = dm, g, None

    cross = core1 * gate1
    by_y = torch.empty_like(v.y)
    torch.mul(core2 * v.gate, dy[0], out=by_y[0]).addcmul_(cross, dy[1]).mul_(q)
    torch.mul(gate2.mul_(v.core), dy[1], out=by_y[1]).addcmul_(cross, dy[0]).mul_(q)
    if p is not None:
        by_y[0].addcmul_(p, by_core)
        by_y[1].addcmul_(p, by_gate)
    gy = torch.empty_like(v.y)
    torch.mul(q, by_core, out=gy[0])
    torch.mul(q, by_gate, out=gy[1])

    gx, gu, nu = _norm_back(gy, v, inner)
    if inner.gamma is not None and v.r is not None and gu is not None and nu is not None:
        out.add_norm(torch.addcmul(by_y * v.u.view_as(gy), gy, du.view_as(gy)).sum(1), by_y.sum(1))
        kappa = _mean(gu, du)
        bu = (by_y.mul_(inner.gamma[:, None])).view_as(v.u)
        bu.addcmul_(torch.addcmul(gu * mu, dx, nu), v.r, value=-1)
        bx = bu.addcmul_(v.u, _mean(bu, v.u).add_(kappa), value=-1).mul_(v.r)
    else:
        bx = by_y.view_as(v.u)
    if inner.weight is None:
        out.add_terms(block, bx)
        return do
    out.add_product(gx, ds, bias=False)
    out.add_product(bx, s, bias=True)
    back = inner.hidden_back(bx).mul_(slope)
    curvature = sigma.mul_(rest).mul_(torch.add(h, s, alpha=-2).add_(2)).mul_(dh)
    out.add_terms(block, back.addcmul_(inner.hidden_back(gx), curvature))
    return do


class GatedSecond(torch.autograd.Function):
    """First derivative of :class:`Gated` by its tables and weights, as a function with a derivative of its own."""

    @staticmethod
    def forward(ctx: Any, g: Tensor, table: Tensor, own: Any, weights: Any, *rest: Any) -> Any:
        """Gradients of table, own and weights."""
        *parameters, eps, routes, _ = rest
        ctx.save_for_backward(g, table, own, weights, *parameters)
        ctx.eps, ctx.routes = eps, routes
        ctx.set_materialize_grads(False)
        out = first(g, table, own, weights, Inner(*parameters, eps), routes, parameters=False)
        return out.table, out.own, out.weights

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, dtable: Any, down: Any, dweights: Any) -> Any:
        """Gradients of everything."""
        g, table, own, weights, *parameters = ctx.saved_tensors
        inner = Inner(*parameters, ctx.eps)
        out = Grads.zeros(table, own, weights, inner)
        if dtable is None:
            dtable = torch.zeros_like(table)
        routes = ctx.routes
        by_g = torch.zeros_like(g)
        for block in routes.blocks:
            do = second_block(
                block,
                gather(block, table, own),
                gather(block, dtable, down),
                _messages(block, g),
                weights,
                dweights,
                inner,
                out,
            )
            _deliver(block, by_g, do)
        return by_g, out.table, out.own, out.weights, out.weight, out.bias, out.gamma, out.beta, None, None, None


def _messages(block: Block, g: Tensor) -> Tensor:
    return g[block.start : block.stop] if block.target is None else g.index_select(0, block.target)


def _deliver(block: Block, result: Tensor, messages: Tensor) -> None:
    if block.target is None:
        result[block.start : block.stop] = messages
    else:
        result.index_add_(0, block.target, messages)


def first(
    g: Tensor, table: Tensor, own: Any, weights: Any, inner: Inner, routes: Routes, *, parameters: bool
) -> Grads:
    """First derivative of all blocks."""
    out = Grads.zeros(table, own, weights, inner if parameters else None)
    for block in routes.blocks:
        values = forward_block(gather(block, table, own), None, inner)
        backward_block(block, values, _messages(block, g), weights, inner, out)
    return out


class Gated(torch.autograd.Function):
    """Sum of gated messages, (targets, out), or the messages themselves."""

    @staticmethod
    def forward(ctx: Any, table: Tensor, own: Any, weights: Any, *rest: Any) -> Tensor:
        """rest: weight, bias, gamma, beta, eps, routes, sweep."""
        *parameters, eps, routes, sweep = rest
        ctx.save_for_backward(table, own, weights, *parameters)
        ctx.eps, ctx.routes, ctx.sweep = eps, routes, sweep
        inner = Inner(*parameters, eps)
        width = table.shape[1] if inner.weight is None else inner.weight.shape[1]
        out = table.new_zeros(routes.n_targets, width)
        for block in routes.blocks:
            v = forward_block(gather(block, table, own), None, inner)
            o = v.core.mul_(v.gate)
            for w in _weight(block, weights):
                o *= w
            _deliver(block, out, o)
        return out

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Any:
        """Gradients of everything, or of table, own and weights only: see :class:`Sweep`."""
        table, own, weights, *parameters = ctx.saved_tensors
        g = grads[0]
        if torch.is_grad_enabled() and not ctx.sweep.parameters:
            some = GatedSecond.apply(g, table, own, weights, *parameters, ctx.eps, ctx.routes, None)
            return (*some, None, None, None, None, None, None, None)
        out = first(g, table, own, weights, Inner(*parameters, ctx.eps), ctx.routes, parameters=ctx.sweep.parameters)
        return out.table, out.own, out.weights, out.weight, out.bias, out.gamma, out.beta, None, None, None
