"""MACE's forward pass over upstream's parameters: backbone, and one readout with scale and shift per head."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from transferkit.adapters.base import Batch
from transferkit.adapters.mace.harmonics import Harmonics
from transferkit.adapters.mace.interaction import Edges, Interaction
from transferkit.adapters.mace.layers import EquivariantLinear, Features, Product
from transferkit.adapters.mace.repulsion import Repulsion
from transferkit.adapters.mace.species import Species, species_of
from transferkit.adapters.mace.upstream import build, contained, o3


class Backbone(nn.Module):
    """Everything up to the readouts.

    Args:
        theirs: an upstream model; parameters are shared, not copied
        arguments: see :mod:`.architecture`
    """

    node_embedding: Any
    radial_embedding: Any
    interactions: Any
    products: Any
    pair_repulsion_fn: Any
    numbers: Tensor

    def __init__(self, theirs: Any, arguments: Mapping[str, Any]) -> None:
        """Take over the parts, each in our own form."""
        super().__init__()
        self.node_embedding = nn.Module()
        self.node_embedding.linear = EquivariantLinear(theirs.node_embedding.linear)
        self.radial_embedding = theirs.radial_embedding
        self.harmonics = Harmonics(int(arguments["max_ell"]), o3)
        self.interactions = nn.ModuleList(Interaction(i) for i in theirs.interactions)
        self.products = nn.ModuleList(Product(p) for p in theirs.products)
        if hasattr(theirs, "pair_repulsion_fn"):
            self.pair_repulsion_fn = Repulsion(theirs.pair_repulsion_fn)
        for interaction, average in zip(self.interactions, arguments["avg_per_interaction"], strict=True):
            interaction.avg_num_neighbors = float(average)
        self.register_buffer("numbers", torch.tensor(arguments["elements"]), persistent=False)

    @property
    def dtype(self) -> torch.dtype:
        """Of the network."""
        found: torch.dtype = self.node_embedding.linear.weight.dtype
        return found

    def embed(self, batch: Batch) -> Tensor:
        """Scalars of the atoms before the first interaction, (atoms, channels)."""
        table: Tensor = self.node_embedding.linear.matrices()[0]
        return table.index_select(0, batch.extra["index"])

    def forward(self, batch: Batch, vectors: Tensor, atoms: Tensor) -> tuple[list[Features], Tensor | None]:
        """Features after the embedding and each product, and the pair repulsion of each atom, eV, (atoms,).

        Args:
            batch: see :mod:`transferkit.adapters.mace.graph`
            vectors: from i to j, Å, float64, (edges, 3)
            atoms: from :meth:`embed`
        """
        species = species_of(batch.extra)
        edges, pair = self._edges(batch, vectors, species)
        x: Features = [atoms[:, None, :]]
        layers = [x]
        for interaction, product in zip(self.interactions, self.products, strict=True):
            message, skip = interaction(x, edges, species)
            x = product(message, skip, species)
            layers.append(x)
        return layers, pair

    def _edges(self, batch: Batch, vectors: Tensor, species: Species) -> tuple[Edges, Tensor | None]:
        length = vectors.norm(dim=1, keepdim=True)
        # Upstream's vectors point from the sending to the receiving atom, ours the other way.
        harmonics = self.harmonics((-vectors / length).to(self.dtype))
        length = length.to(self.dtype)
        inside = (length < self.radial_embedding.cutoff_fn.r_max).to(self.dtype)
        radial, cutoff = self._radial(batch.edges, length, species)
        pair = None
        if hasattr(self, "pair_repulsion_fn"):
            pair = self.pair_repulsion_fn(length, self.numbers.index_select(0, species.index), batch.edges, inside)
        return Edges(batch.edges, harmonics, radial, cutoff, inside), pair

    def _radial(self, ends: Tensor, length: Tensor, species: Species) -> tuple[Tensor, Tensor | None]:
        embedding = self.radial_embedding
        one_hot = length.new_zeros(0, 1)
        if hasattr(embedding, "distance_transform"):
            one_hot = torch.nn.functional.one_hot(species.index, len(self.numbers)).to(length.dtype)
        radial, cutoff = embedding(length, one_hot, ends.flip(0), self.numbers)
        return radial, cutoff


class LinearReadout(nn.Module):
    """Energy of an atom as a linear map of its scalars."""

    linear: EquivariantLinear

    def __init__(self, theirs: Any) -> None:
        """Take over upstream's ``LinearReadoutBlock`` of one head."""
        super().__init__()
        self.linear = EquivariantLinear(theirs.linear)

    def forward(self, x: Tensor) -> Tensor:
        """(atoms, channels) to (atoms,)."""
        out: Features = self.linear([x[:, None, :]])
        return out[0][:, 0, 0]


class NonLinearReadout(nn.Module):
    """Energy of an atom by a network with one or two hidden layers, of its scalars."""

    def __init__(self, theirs: Any) -> None:
        """Take over upstream's ``NonLinearReadoutBlock`` or ``NonLinearBiasReadoutBlock`` of one head."""
        super().__init__()
        self.names = [n for n in ("linear_1", "linear_mid", "linear_2") if hasattr(theirs, n)]
        for name in self.names:
            setattr(self, name, EquivariantLinear(getattr(theirs, name)))
        self.gate = next(iter(theirs.non_linearity.acts), None)

    def forward(self, x: Tensor) -> Tensor:
        """(atoms, channels) to (atoms,)."""
        h = x[:, None, :]
        for name in self.names[:-1]:
            h = getattr(self, name)([h])[0]
            h = h if self.gate is None else self.gate(h)
        out: Features = getattr(self, self.names[-1])([h])
        return out[0][:, 0, 0]


class Head(nn.Module):
    """The readouts of one head, and its scale and shift: ``scale (pair + sum of readouts) + shift`` per atom.

    Args:
        theirs: an upstream model with one head
    """

    scale: Tensor
    shift: Tensor

    readouts: Any

    def __init__(self, theirs: Any) -> None:
        """Take over the parts."""
        super().__init__()
        self.readouts = nn.ModuleList(
            NonLinearReadout(r) if hasattr(r, "linear_1") else LinearReadout(r) for r in theirs.readouts
        )
        self.register_buffer("scale", torch.ones((), dtype=torch.float64))
        self.register_buffer("shift", torch.zeros((), dtype=torch.float64))

    def forward(self, x: Tensor) -> Tensor:
        """(atoms, pair repulsion and scalars of each layer) to energies eV, (atoms, 1)."""
        channels = (x.shape[1] - 1) // len(self.readouts)
        total = x[:, 0]
        for k, readout in enumerate(self.readouts):
            total = total + readout(x[:, 1 + k * channels : 1 + (k + 1) * channels])
        return (self.scale * total + self.shift)[:, None]


def parts(arguments: Mapping[str, Any], *, seed: int = 0) -> tuple[Backbone, Head]:
    """Backbone and one head with random weights, float64."""
    theirs = build(arguments, seed=seed)
    with contained(seed=seed):
        return Backbone(theirs, arguments), Head(theirs)


def scalars(layers: list[Features], pair: Tensor | None, n_readouts: int) -> Tensor:
    """What heads read: pair repulsion, then the scalars of the last ``n_readouts`` layers, (atoms, 1 + channels)."""
    read = [x[0][:, 0] for x in layers[-n_readouts:]]
    first = read[0].new_zeros(len(read[0])) if pair is None else pair
    return torch.cat([first[:, None], *read], dim=1)
