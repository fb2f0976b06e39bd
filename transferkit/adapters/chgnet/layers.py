"""CHGNet's message passing with each linear map applied before its rows are gathered.

Upstream gathers the features of both atoms and of the bond onto every directed edge, joins them and multiplies by one
matrix: W [x; y; z]. The same product is W_x x + W_y y + W_z z, and each term has far fewer rows before gathering than
after: atoms and bonds instead of edges and angles. Equal to float rounding.
"""

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from transferkit.adapters.chgnet.gated import Gated
from transferkit.adapters.chgnet.product import Product
from transferkit.adapters.chgnet.routes import Collect, Routes
from transferkit.adapters.chgnet.silu import Silu
from transferkit.adapters.chgnet.sweep import Sweep


def gated(
    mlp: Any, terms: Sequence[Tensor], own: Tensor | None, weights: Tensor | None, *, routes: Routes, sweep: Sweep
) -> Tensor:
    """Upstream's GatedMLP on joined parts: act(norm(core)) * sigmoid(norm(gate)) * weights, (messages, channels).

    Args:
        mlp: upstream's GatedMLP, with silu, one hidden layer or none, and a layer norm or none
        terms: features that messages take rows of, in the order of upstream's input
        own: features of which each message has one row; upstream joins them before the last of the terms
        weights: multiplied into the messages, (messages, channels)
        routes: which rows
        sweep: of this forward pass
    """
    normed = mlp.norm is not None
    core, gate = (
        _before_norm(half.layers, terms, own, centre=normed, routes=routes, sweep=sweep)
        for half in (mlp.mlp_core, mlp.mlp_gate)
    )
    gamma = torch.stack([mlp.bn1.weight, mlp.bn2.weight]) if normed else None
    beta = torch.stack([mlp.bn1.bias, mlp.bn2.bias]) if normed else None
    out: Tensor = Gated.apply(core, gate, weights, gamma, beta, mlp.bn1.eps if normed else 0.0, sweep)
    return out


def _before_norm(
    layers: Any, terms: Sequence[Tensor], own: Tensor | None, *, centre: bool, routes: Routes, sweep: Sweep
) -> Tensor:
    """One half of a gated MLP up to its norm, centred over channels if asked for, (messages, channels)."""
    # With no hidden layer the list starts with a dropout of zero.
    hidden = not isinstance(layers[0], nn.Dropout)
    first = layers[0 if hidden else 1]
    weight, bias = _centred(first, centre=centre and not hidden)
    parts = [*terms[:-1], *([] if own is None else [own]), terms[-1]]
    weights = list(weight.split([x.shape[1] for x in parts], dim=1))
    mine = None if own is None else Product.apply(own, weights.pop(-2), None, sweep)
    # Each message takes one row of every table, so the bias goes into one of them.
    tables = [
        Product.apply(x, w, bias if k == 0 else None, sweep) for k, (x, w) in enumerate(zip(terms, weights, strict=True))
    ]
    h: Tensor = Collect.apply(torch.cat(tables), mine, routes)
    if not hidden:
        return h
    out: Tensor = Product.apply(Silu.apply(h), *_centred(layers[-1], centre=centre), sweep)
    return out


def _centred(layer: Any, *, centre: bool) -> tuple[Tensor, Tensor]:
    """Weight and bias, less their mean over outputs, which a layer norm takes away anyway."""
    if not centre:
        return layer.weight, layer.bias
    return layer.weight - layer.weight.mean(dim=0), layer.bias - layer.bias.mean()


def atom_convolution(
    layer: Any, atoms: Tensor, bonds: Tensor, weights: Tensor, *, target: Tensor, routes: Routes, sweep: Sweep
) -> Tensor:
    """New atom features, (atoms, channels): CHGNet paper, eq. 5.

    Args:
        layer: upstream's AtomConv
        atoms: (atoms, channels)
        bonds: (bonds, channels)
        weights: of the edges, zero at the cutoff, (edges, channels)
        target: receiving atom of each edge, (edges,)
        routes: of the edges, with terms receiver, bond, sender
        sweep: of this forward pass
    """
    messages = gated(layer.twoBody_atom, [atoms, bonds, atoms], None, weights, routes=routes, sweep=sweep)
    new: Tensor = layer.mlp_out(torch.zeros_like(atoms).index_add(0, target, messages))
    return new + atoms


def bond_convolution(
    layer: Any,
    atoms: Tensor,
    bonds: Tensor,
    weights: Tensor,
    angles: Tensor,
    *,
    target: Tensor,
    routes: Routes,
    sweep: Sweep,
) -> Tensor:
    """Update of the short bonds, to be added to their features, (short, channels): CHGNet paper, eq. 6.

    The bias of the last linear map (checkpoint 0.2.0 only) is left out: it acts on all bonds, not on short ones.

    Args:
        layer: upstream's BondConv
        atoms: (atoms, channels)
        bonds: short ones, (short, channels)
        weights: of the angles, zero at the bond cutoff, (angles, channels)
        angles: (angles, channels)
        target: first bond of each angle, (angles,)
        routes: of the angles, with terms bond, other bond, apex
        sweep: of this forward pass
    """
    messages = gated(layer.twoBody_bond, [bonds, bonds, atoms], angles, weights, routes=routes, sweep=sweep)
    return F.linear(torch.zeros_like(bonds).index_add(0, target, messages), layer.mlp_out.layers[-1].weight)


def angle_update(layer: Any, atoms: Tensor, bonds: Tensor, angles: Tensor, *, routes: Routes, sweep: Sweep) -> Tensor:
    """New angle features, (angles, channels): CHGNet paper, eq. 7. Arguments as :func:`bond_convolution`."""
    return gated(layer.twoBody_bond, [bonds, bonds, atoms], angles, None, routes=routes, sweep=sweep) + angles
