"""The short-range repulsion of nuclei that some MACE models add: Ziegler, Biersack and Littmark (1985)."""

from typing import Any

import torch
from torch import Tensor, nn

from transferkit.adapters.mace.upstream import cutoff_envelope

EXPONENTS = (3.2, 0.9423, 0.4028, 0.2016)
BOHR = 0.529
"""Å, as upstream rounds it"""
COULOMB = 14.3996
"""eV Å"""


class Repulsion(nn.Module):
    """Upstream's ZBL energy, which there depends on torch's global default dtype.

    Args:
        theirs: upstream's ``ZBLBasis``; buffers or parameters are shared
    """

    a_exp: Tensor
    a_prefactor: Tensor
    c: Tensor
    covalent_radii: Tensor
    p: Tensor

    def __init__(self, theirs: Any) -> None:
        """Take over its constants by their names."""
        super().__init__()
        for name, value in theirs.named_parameters():
            self.register_parameter(name, value)
        for name, value in theirs.named_buffers():
            self.register_buffer(name, value)

    def forward(self, length: Tensor, z: Tensor, ends: Tensor, inside: Tensor) -> Tensor:
        """Energy of each atom, eV, (atoms,).

        Args:
            length: of edges, Å, (edges, 1)
            z: atomic number of each atom, int64, (atoms,)
            ends: receiving and sending atom, (2, edges)
            inside: 1 within the network's cutoff, 0 in the skin, (edges, 1); two large atoms reach further
        """
        i, j = ends
        one, two = (z.index_select(0, k)[:, None] for k in (i, j))
        power = z.to(length.dtype) ** self.a_exp
        screening = self.a_prefactor * BOHR / (power.index_select(0, i) + power.index_select(0, j))[:, None]
        x = length / screening
        phi = torch.zeros_like(x)
        for weight, exponent in zip(self.c, EXPONENTS, strict=True):
            phi = phi + weight * torch.exp(-exponent * x)
        reach = self.covalent_radii[one] + self.covalent_radii[two]
        pair = (one * two).to(length.dtype) * COULOMB / length * phi * cutoff_envelope(length, reach, self.p) / 2
        pair = pair * inside
        return pair.new_zeros(len(z), 1).index_add(0, i, pair)[:, 0]
