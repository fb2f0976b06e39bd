"""The flat forward pass of CHGNet: one batch, no loop over structures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from transferkit.adapters.base import Batch, Graph
from transferkit.adapters.chgnet.basis import angular, radial
from transferkit.adapters.chgnet.layers import angle_update, atom_convolution, bond_convolution
from transferkit.adapters.chgnet.product import through
from transferkit.adapters.graphs import join


def collate(graphs: Sequence[Graph], heads: Sequence[int]) -> Batch:
    """The union of crystal graphs; ``extra`` as :func:`.graph.crystal_graph`, and ``apex``, the atom of each angle."""
    batch = join(graphs, heads)
    bonds = _starts([len(g.extra["first"]) for g in graphs])
    edges = _starts([g.n_edges for g in graphs])
    short = _starts([len(g.extra["short"]) for g in graphs])
    shifts = {"bond": bonds, "first": edges, "short": bonds, "angle_edges": edges, "angle_short": short}
    extra = {
        name: torch.from_numpy(np.concatenate([g.extra[name] + k for g, k in zip(graphs, shift, strict=True)], axis=-1))
        for name, shift in shifts.items()
    }
    extra["apex"] = batch.edges[0].index_select(0, extra["angle_edges"][0])
    return replace(batch, extra=extra)


def _starts(sizes: Sequence[int]) -> np.ndarray:
    return np.cumsum([0, *sizes[:-1]])


@dataclass(frozen=True, eq=False)
class Embedded:
    """Features before the first interaction, and the weights that switch messages off at the cutoffs.

    Attributes:
        atoms: (atoms, channels)
        bonds: (bonds, channels)
        angles: (angles, channels)
        atom_weights: (bonds, channels)
        bond_weights: (short, channels)
        with_angles: 1 for bonds of structures that have an angle inside the bond cutoff, (bonds, 1)
        edges: those inside the atom cutoff, (2, edges)
        bond: bond of each of them, (edges,)
        apex: atom of each angle inside the bond cutoff, (angles,)
        pair: its short bonds, (2, angles)
    """

    atoms: Tensor
    bonds: Tensor
    angles: Tensor
    atom_weights: Tensor
    bond_weights: Tensor
    with_angles: Tensor
    edges: Tensor
    bond: Tensor
    apex: Tensor
    pair: Tensor


def embed(modules: Mapping[str, Any], batch: Batch, vectors: Tensor) -> Embedded:
    """Embed atoms, bonds and angles.

    Args:
        modules: upstream's embedding modules by their names
        batch: from :func:`collate`
        vectors: from i to j, Å, float64, (edges, 3)
    """
    extra, dtype = batch.extra, modules["bond_embedding"].weight.dtype
    length = vectors.index_select(0, extra["first"]).norm(dim=1)
    expansion = modules["bond_basis_expansion"]
    basis = radial(expansion.rbf_expansion_ag, length, dtype)
    basis_short = radial(expansion.rbf_expansion_bg, length.index_select(0, extra["short"]), dtype)
    per_edge = length.index_select(0, extra["bond"])
    unit = vectors / per_edge[:, None]
    (one, two), apex, pair = extra["angle_edges"], extra["apex"], extra["angle_short"]
    edges, bond = batch.edges, extra["bond"]
    inside = per_edge.detach() < expansion.rbf_expansion_bg.smooth_cutoff.cutoff
    real = inside.index_select(0, one) & inside.index_select(0, two)
    if batch.skin:
        # Beyond the cutoffs the weights of messages and all their derivatives are zero: what is there only costs time.
        near, angle = _where(per_edge.detach() < expansion.rbf_expansion_ag.smooth_cutoff.cutoff), _where(real)
        edges, bond = edges.index_select(1, near), bond.index_select(0, near)
        one, two, apex, real = (t.index_select(0, angle) for t in (one, two, apex, real))
        pair = pair.index_select(1, angle)
    cosine = (unit.index_select(0, one) * unit.index_select(0, two)).sum(dim=1)
    angles = angular(modules["angle_basis_expansion"].fourier_expansion, cosine, dtype)
    count = torch.zeros(batch.n_structures, dtype=dtype, device=real.device)
    count = count.index_add(0, batch.owner.index_select(0, apex), real.to(dtype))
    owner = batch.edge_owner.index_select(0, extra["first"])
    return Embedded(
        atoms=modules["atom_embedding"](batch.numbers - 1),
        bonds=through([modules["bond_embedding"]], basis),
        angles=through([modules["angle_embedding"]], angles),
        atom_weights=through([modules["bond_weights_ag"]], basis),
        bond_weights=through([modules["bond_weights_bg"]], basis_short),
        with_angles=(count > 0).to(dtype).index_select(0, owner)[:, None],
        edges=edges,
        bond=bond,
        apex=apex,
        pair=pair,
    )


def _where(mask: Tensor) -> Tensor:
    return mask.nonzero().squeeze(1)


def interact(layers: Mapping[str, Sequence[Any]], batch: Batch, embedded: Embedded) -> list[Tensor]:
    """Atom features after the embedding and after each interaction, (atoms, channels) each.

    Upstream's last angle update feeds nothing, and is not computed.

    Args:
        layers: upstream's atom_conv_layers, bond_conv_layers and angle_layers
        batch: from :func:`collate`
        embedded: from :func:`embed`
    """
    bond_layers, angle_layers = layers["bond_conv_layers"], layers["angle_layers"]
    short, edges, bond = batch.extra["short"], embedded.edges, embedded.bond
    apex, pair = embedded.apex, embedded.pair
    atoms, bonds, angles = embedded.atoms, embedded.bonds, embedded.angles
    features = [atoms]
    for k, atom_layer in enumerate(layers["atom_conv_layers"]):
        atoms = atom_convolution(atom_layer, atoms, bonds, embedded.atom_weights, edges=edges, bond=bond)
        features.append(atoms)
        if k >= len(bond_layers):
            continue
        if len(apex):
            part = bonds.index_select(0, short)
            update = bond_convolution(bond_layers[k], atoms, part, embedded.bond_weights, angles, apex=apex, pair=pair)
            bonds = bonds.index_add(0, short, update)
        bias = bond_layers[k].mlp_out.layers[-1].bias
        if bias is not None:
            # Upstream adds the bias of 0.2.0 to all bonds of a batch with any angle. Here it follows the structure,
            # so that a structure alone and in a batch has one energy: upstream's energy of the structure alone.
            bonds = bonds + embedded.with_angles * bias
        if len(apex) and k + 1 < len(bond_layers):
            part = bonds.index_select(0, short)
            angles = angle_update(angle_layers[k], atoms, part, angles, apex=apex, pair=pair)
    return features
