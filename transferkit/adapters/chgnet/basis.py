"""CHGNet's radial and angular bases, from lengths and angles in float64 to features in the network's dtype."""

from math import pi, sqrt
from typing import Any

import torch
from torch import Tensor


def radial(expansion: Any, length: Tensor, dtype: torch.dtype) -> Tensor:
    """Bessel functions times the smooth cutoff, (bonds, radial): CHGNet paper, Methods.

    The envelope ``1 + x^p (a + b x + c x²)`` sums terms of 80 to nearly nothing at the cutoff, so it is computed in
    float64. It is exactly zero beyond the cutoff, which is why edges of the skin change nothing.

    Args:
        expansion: upstream's RadialBessel, for its frequencies and its cutoff
        length: Å, float64, (bonds,)
        dtype: of the result
    """
    cutoff = expansion.smooth_cutoff
    x = length / cutoff.cutoff
    envelope = 1 + x**cutoff.p * (cutoff.a + x * (cutoff.b + x * cutoff.c))
    envelope = torch.where(x < 1, envelope, torch.zeros_like(x)) * (expansion.norm_const / length)
    phase = (x.to(dtype))[:, None] * expansion.frequencies
    basis: Tensor = envelope.to(dtype)[:, None] * torch.sin(phase)
    return basis


def angular(expansion: Any, cosine: Tensor, dtype: torch.dtype) -> Tensor:
    """Fourier series of the angle, (angles, 1 + 2 order).

    Args:
        expansion: upstream's Fourier, for its frequencies
        cosine: float64, (angles,)
        dtype: of the result
    """
    # Upstream's factor: the slope of acos is infinite at straight and zero angles, which crystals are full of.
    angle = torch.acos(cosine * (1 - 1e-6)).to(dtype)
    phase = torch.outer(angle, expansion.frequencies)
    constant = torch.full_like(angle, 1 / sqrt(2))[:, None]
    series = torch.cat([constant, torch.sin(phase), torch.cos(phase)], dim=1)
    return series / sqrt(pi)
