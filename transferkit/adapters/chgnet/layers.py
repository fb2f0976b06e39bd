"""CHGNet's message passing with each linear map applied before its rows are gathered.

Upstream gathers the features of both atoms and of the bond onto every directed edge, joins them and multiplies by one
matrix: W [x; y; z]. The same product is W_x x + W_y y + W_z z, and each term has far fewer rows before gathering than
after: atoms and bonds instead of edges and angles. Equal to float rounding.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from transferkit.adapters.chgnet.norm import normed
from transferkit.adapters.chgnet.product import linear, through
from transferkit.adapters.chgnet.routes import collect, routes

Part = tuple[Tensor, Tensor | None]
"""Features, and the row of them that each message takes (None: one row each)"""


def gated(mlp: Any, parts: Sequence[Part]) -> Tensor:
    """Upstream's GatedMLP on the joined parts: act(norm(core)) * sigmoid(norm(gate)), (messages, channels)."""
    core, gate = mlp.mlp_core.layers, mlp.mlp_gate.layers
    # With no hidden layer the list starts with a dropout of zero.
    head = 1 if isinstance(core[0], nn.Dropout) else 0
    weight = torch.cat([core[head].weight, gate[head].weight])
    bias, at = torch.cat([core[head].bias, gate[head].bias]), 0
    tables: list[Tensor] = []
    terms: list[Tensor] = []
    own: Tensor | None = None
    for x, index in parts:
        part = weight[:, at : at + x.shape[1]]
        at += x.shape[1]
        if index is None:
            own = linear(x, part)
        else:
            # Each message takes one row of every table, so the bias goes into the first.
            tables.append(linear(x, part, None if tables else bias))
            terms.append(index)
    total = collect(torch.cat(tables), own, routes(terms, [len(t) for t in tables]))
    c, g = total.chunk(2, dim=1)
    c, g = through(core[head + 1 :], c), through(gate[head + 1 :], g)
    if mlp.norm is not None:
        c, g = normed(mlp.bn1, c), normed(mlp.bn2, g)
    out: Tensor = through([mlp.activation], c) * torch.sigmoid(g)
    return out


def atom_convolution(
    layer: Any, atoms: Tensor, bonds: Tensor, weights: Tensor, *, edges: Tensor, bond: Tensor
) -> Tensor:
    """New atom features, (atoms, channels): CHGNet paper, eq. 5.

    Args:
        layer: upstream's AtomConv
        atoms: (atoms, channels)
        bonds: (bonds, channels)
        weights: of the bonds, zero at the cutoff, (bonds, channels)
        edges: (2, edges)
        bond: bond of each edge, (edges,)
    """
    i, j = edges
    messages = gated(layer.twoBody_atom, [(atoms, i), (bonds, bond), (atoms, j)]) * weights.index_select(0, bond)
    summed: Tensor = through(layer.mlp_out.layers, torch.zeros_like(atoms).index_add(0, i, messages))
    return summed + atoms


def bond_convolution(
    layer: Any, atoms: Tensor, bonds: Tensor, weights: Tensor, angles: Tensor, *, apex: Tensor, pair: Tensor
) -> Tensor:
    """Update of the short bonds, to be added to their features, (short, channels): CHGNet paper, eq. 6.

    The bias of the last linear map (checkpoint 0.2.0 only) is left out: it acts on all bonds, not on short ones.

    Args:
        layer: upstream's BondConv
        atoms: (atoms, channels)
        bonds: short ones, (short, channels)
        weights: of the short bonds, zero at the bond cutoff, (short, channels)
        angles: (angles, channels)
        apex: atom of each angle, (angles,)
        pair: short bonds of each angle, (2, angles)
    """
    one, two = pair
    messages = gated(layer.twoBody_bond, [(bonds, one), (bonds, two), (angles, None), (atoms, apex)])
    messages = messages * weights.index_select(0, one) * weights.index_select(0, two)
    return linear(torch.zeros_like(bonds).index_add(0, one, messages), layer.mlp_out.layers[-1].weight)


def angle_update(layer: Any, atoms: Tensor, bonds: Tensor, angles: Tensor, *, apex: Tensor, pair: Tensor) -> Tensor:
    """New angle features, (angles, channels): CHGNet paper, eq. 7. Arguments as :func:`bond_convolution`."""
    one, two = pair
    return gated(layer.twoBody_bond, [(bonds, one), (bonds, two), (angles, None), (atoms, apex)]) + angles
