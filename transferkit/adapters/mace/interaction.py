"""MACE's interaction blocks, all that mace 0.3 has, from the parts of :mod:`~transferkit.adapters.mace.layers`."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from transferkit.adapters.mace.layers import Convolution, ElementLinear, EquivariantLinear, Features, irreps
from transferkit.adapters.mace.species import Species
from transferkit.adapters.mace.upstream import o3


@dataclass(frozen=True, eq=False)
class Edges:
    """What every interaction needs of the edges.

    Attributes:
        ends: receiving and sending atom, int64, (2, edges)
        harmonics: one (edges, 2l + 1) per l
        radial: radial features, zero beyond the cutoff where they carry it, (edges, radial)
        cutoff: that multiplies weights where the radial features do not carry it, (edges, 1)
        inside: 1 within the cutoff, 0 in the skin, (edges, 1)
    """

    ends: Tensor
    harmonics: Features
    radial: Tensor
    cutoff: Tensor | None
    inside: Tensor


class Interaction(nn.Module):
    """One round of messages.

    Args:
        theirs: one of upstream's blocks; parameters are shared, not copied
    """

    skip_tp: Any
    skip_linear: Any
    linear_up: Any
    linear_down: Any
    linear: Any
    linear_res: Any
    linear_1: Any
    linear_2: Any
    source_embedding: Any
    target_embedding: Any
    conv_tp: Any
    conv_tp_weights: Any
    density_fn: Any
    equivariant_nonlin: Any
    alpha: Any
    beta: Any

    def __init__(self, theirs: Any) -> None:
        """Take over the parts, each in our own form."""
        super().__init__()
        self.kind = type(theirs).__name__
        self.avg_num_neighbors = float(theirs.avg_num_neighbors)
        for name, part in theirs.named_children():
            if isinstance(part, o3.Linear):
                setattr(self, name, EquivariantLinear(part))
            elif isinstance(part, o3.FullyConnectedTensorProduct):
                setattr(self, name, ElementLinear(part))
            elif isinstance(part, o3.TensorProduct):
                setattr(self, name, Convolution(part, o3.wigner_3j))
            elif name != "reshape":
                setattr(self, name, part)
        for name, parameter in theirs.named_parameters(recurse=False):
            setattr(self, name, parameter)
        if hasattr(theirs, "irreps_nonlin"):
            self.gated = irreps(theirs.irreps_out)

    def forward(self, x: Features, edges: Edges, species: Species) -> tuple[Features, Features | None]:
        """Messages of the atoms, and what skips the product after them."""
        if self.kind == "RealAgnosticResidualNonLinearInteractionBlock":
            return self._non_linear(x, edges, species)
        if self.kind == "RealAgnosticAttResidualInteractionBlock":
            skip, radial = self.skip_linear(x), self._attended(x, edges)
        else:
            skip, radial = None, edges.radial
            if "Residual" in self.kind:
                skip = self.skip_tp(x, species)
        weights = self._weights(self.conv_tp_weights(radial), edges)
        message = self.linear(self.conv_tp(self.linear_up(x), edges.harmonics, weights, edges.ends))
        if hasattr(self, "density_fn"):
            count = self._density(radial, edges, len(x[0])) + 1
            message = [m / count for m in message]
        else:
            message = [m / self.avg_num_neighbors for m in message]
        if "Residual" not in self.kind:
            message = self.skip_tp(message, species)
        return message, skip

    def _non_linear(self, x: Features, edges: Edges, species: Species) -> tuple[Features, Features | None]:
        skip, up = self.skip_tp(x), self.linear_up(x)
        i, j = edges.ends
        source, target = (_rows(part, species) for part in (self.source_embedding, self.target_embedding))
        radial = torch.cat([edges.radial, source.index_select(0, j), target.index_select(0, i)], dim=1)
        weights = self._weights(self.conv_tp_weights(radial), edges)
        count = self._density(radial, edges, len(x[0])) * self.beta + self.alpha
        message = self.linear_1(self.conv_tp(up, edges.harmonics, weights, edges.ends))
        summed = [m / count + r for m, r in zip(message, self.linear_res(up), strict=True)]
        bent = _unflat(self.equivariant_nonlin(_flat(summed)), self.gated)
        return self.linear_2(bent), skip

    def _attended(self, x: Features, edges: Edges) -> Tensor:
        """Radial features with scalars of both atoms."""
        down = self.linear_down(x)[0][:, 0]
        i, j = edges.ends
        return torch.cat([edges.radial, down.index_select(0, j), down.index_select(0, i)], dim=1)

    def _weights(self, weights: Tensor, edges: Edges) -> Tensor:
        if edges.cutoff is not None:
            return weights * edges.cutoff
        # Networks of radial features alone have no bias, so that they are zero where their input is.
        alone = "NonLinear" not in self.kind and "Att" not in self.kind
        return weights if alone else weights * edges.inside

    def _density(self, radial: Tensor, edges: Edges, atoms: int) -> Tensor:
        """Soft number of neighbours, (atoms, 1, 1)."""
        density = self._weights(torch.tanh(self.density_fn(radial) ** 2), edges)
        return density.new_zeros(atoms, 1).index_add(0, edges.ends[0], density)[:, :, None]


def _rows(linear: EquivariantLinear, species: Species) -> Tensor:
    """A linear map of the one-hot vector of each atom's element: a row of its matrix, (atoms, channels)."""
    return linear.matrices()[0].index_select(0, species.index)


def _flat(x: Features) -> Tensor:
    """To upstream's layout, (atoms, all irreps with channels first)."""
    return torch.cat([f.transpose(1, 2).reshape(len(f), -1) for f in x], dim=1)


def _unflat(x: Tensor, kinds: list[tuple[int, int]]) -> Features:
    """From upstream's layout."""
    sizes = [mul * (2 * ell + 1) for mul, ell in kinds]
    parts = torch.split(x, sizes, dim=1)
    return [p.view(len(p), mul, 2 * ell + 1).transpose(1, 2) for p, (mul, ell) in zip(parts, kinds, strict=True)]
