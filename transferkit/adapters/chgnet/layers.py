"""CHGNet's message passing with each linear map applied before its rows are gathered.

Upstream gathers the features of both atoms and of the bond onto every directed edge, joins them and multiplies by one
matrix: W [x; y; z]. The same product is W_x x + W_y y + W_z z, and each term has far fewer rows before gathering than
after: atoms and bonds instead of edges and angles. Equal to float rounding.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from transferkit.adapters.chgnet.gated import Gated
from transferkit.adapters.chgnet.product import Product
from transferkit.adapters.chgnet.routes import Routes
from transferkit.adapters.chgnet.sweep import Sweep


def gated(
    mlp: Any,
    gathered: Sequence[Tensor],
    own: Tensor | None,
    weights: Tensor | None,
    *,
    routes: Routes,
    sweep: Sweep,
) -> Tensor:
    """Upstream's GatedMLP on joined parts, act(norm(core)) * sigmoid(norm(gate)), weighted and summed by ``routes``.

    Args:
        mlp: upstream's GatedMLP, with silu, one hidden layer or none, and a layer norm or none
        gathered: features that messages take rows of, in the order of upstream's input
        own: features of which each message has one row; stand where upstream joins them, see ``order`` below
        weights: rows multiplied into the messages
        routes: which rows, and where the messages go
        sweep: of this forward pass
    """
    core, gate = mlp.mlp_core.layers, mlp.mlp_gate.layers
    # With no hidden layer the list starts with a dropout of zero.
    plain = isinstance(core[0], nn.Dropout)
    head = 1 if plain else 0
    weight = torch.stack([core[head].weight, gate[head].weight])
    bias = torch.stack([core[head].bias, gate[head].bias])
    inner = [None, None]
    if not plain:
        inner = [torch.stack([core[-1].weight, gate[-1].weight]), torch.stack([core[-1].bias, gate[-1].bias])]
    norms = [None, None, 0.0]
    if mlp.norm is not None:
        norms = [
            torch.stack([mlp.bn1.weight, mlp.bn2.weight]),
            torch.stack([mlp.bn1.bias, mlp.bn2.bias]),
            mlp.bn1.eps,
        ]
        if plain:
            weight, bias = _centred(weight), _centred(bias)
        else:
            inner = [_centred(x) for x in inner]
    width = weight.shape[1]
    weight, bias = weight.flatten(0, 1), bias.flatten()
    products, at = [], 0
    for k, x in enumerate(gathered):
        # Upstream joins the feature of the angle before that of its apex, the last of the gathered ones.
        if own is not None and k == len(gathered) - 1:
            own_at, at = at, at + own.shape[1]
        product = Product.apply(x, weight[:, at : at + x.shape[1]], sweep)
        products.append(product + bias if k == 0 else product)
        at += x.shape[1]
    table = torch.cat(products).view(-1, width)
    mine = None if own is None else Product.apply(own, weight[:, own_at : own_at + own.shape[1]], sweep)
    out: Tensor = Gated.apply(table, mine, weights, *inner, *norms, routes, sweep)
    return out


def _centred(x: Tensor) -> Tensor:
    """Less the mean over outputs, which a layer norm takes away anyway; (2, out, ...)."""
    return x - x.mean(dim=1, keepdim=True)


def atom_convolution(
    layer: Any, atoms: Tensor, bonds: Tensor, weights: Tensor, *, routes: Routes, sweep: Sweep
) -> Tensor:
    """New atom features, (atoms, channels): CHGNet paper, eq. 5.

    Args:
        layer: upstream's AtomConv
        atoms: (atoms, channels)
        bonds: (bonds, channels)
        weights: of the bonds, zero at the cutoff, (bonds, channels)
        routes: of the edges, with terms receiver, bond, sender
        sweep: of this forward pass
    """
    summed = gated(layer.twoBody_atom, [atoms, bonds, atoms], None, weights, routes=routes, sweep=sweep)
    new: Tensor = layer.mlp_out(summed)
    return new + atoms


def bond_convolution(
    layer: Any, atoms: Tensor, bonds: Tensor, weights: Tensor, angles: Tensor, *, routes: Routes, sweep: Sweep
) -> Tensor:
    """Update of the short bonds, to be added to their features, (short, channels): CHGNet paper, eq. 6.

    The bias of the last linear map (checkpoint 0.2.0 only) is left out: it acts on all bonds, not on short ones.

    Args:
        layer: upstream's BondConv
        atoms: (atoms, channels)
        bonds: short ones, (short, channels)
        weights: of the short bonds, zero at the bond cutoff, (short, channels)
        angles: (angles, channels)
        routes: of the angles, with terms bond, other bond, apex, summed on the first bond
        sweep: of this forward pass
    """
    summed = gated(layer.twoBody_bond, [bonds, bonds, atoms], angles, weights, routes=routes, sweep=sweep)
    return torch.nn.functional.linear(summed, layer.mlp_out.layers[-1].weight)


def angle_update(
    layer: Any, atoms: Tensor, bonds: Tensor, angles: Tensor, *, routes: Routes, sweep: Sweep
) -> Tensor:
    """New angle features, (angles, channels): CHGNet paper, eq. 7. Arguments as :func:`bond_convolution`."""
    return gated(layer.twoBody_bond, [bonds, bonds, atoms], angles, None, routes=routes, sweep=sweep) + angles
