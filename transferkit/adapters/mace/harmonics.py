"""Real spherical harmonics of edge directions, each l from the one below: no compiled code, any dtype, twice differentiable."""

from typing import Any

import torch
from torch import Tensor, nn


class Harmonics(nn.Module):
    """Spherical harmonics in e3nn's order and "component" normalisation, one (edges, 2l + 1) per l.

    ``Y_{l+1} = c_l C(l, 1, l+1) Y_l Y_1``, with coefficients taken once from e3nn.

    Args:
        max_ell: largest l
        library: ``e3nn.o3``

    >>> from transferkit.adapters.mace.upstream import o3
    >>> [tuple(y.shape) for y in Harmonics(2, o3)(torch.eye(3, dtype=torch.float64))]
    [(3, 1), (3, 3), (3, 5)]
    """

    step_0: Tensor

    def __init__(self, max_ell: int, library: Any) -> None:
        """Take the coefficients."""
        super().__init__()
        self.max_ell = max_ell
        some = torch.tensor([[0.3, -0.5, 0.8], [0.9, 0.1, -0.4]], dtype=torch.float64)
        some = some / some.norm(dim=1, keepdim=True)
        axes = torch.eye(3, dtype=torch.float64)
        below = _exact(library, 1, some) if max_ell else None
        if max_ell:
            self.register_buffer("step_0", _exact(library, 1, axes))
        for ell in range(1, max_ell):
            coupling = library.wigner_3j(ell, 1, ell + 1, dtype=torch.float64)
            raw = torch.einsum("ea,eb,abc->ec", below, some @ self.step_0, coupling)
            below = _exact(library, ell + 1, some)
            scale = (below * raw).sum() / (raw * raw).sum()
            self.register_buffer(f"step_{ell}", (coupling * scale).reshape(-1, 2 * ell + 3))

    def forward(self, unit: Tensor) -> list[Tensor]:
        """Harmonics of unit vectors (edges, 3)."""
        out = [torch.ones_like(unit[:, :1])]
        if self.max_ell:
            out.append(unit @ self.step_0)
        for ell in range(1, self.max_ell):
            pairs = out[-1][:, :, None] * out[1][:, None, :]
            out.append(pairs.flatten(1) @ getattr(self, f"step_{ell}"))
        return out


def _exact(library: Any, ell: int, unit: Tensor) -> Tensor:
    found: Tensor = library.spherical_harmonics(ell, unit, normalize=True, normalization="component")
    return found
