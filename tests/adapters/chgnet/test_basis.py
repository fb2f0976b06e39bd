"""Bases equal upstream's, and vanish at the cutoff."""

import numpy as np
import torch

from transferkit.adapters.chgnet import ChgnetAdapter
from transferkit.adapters.chgnet.basis import angular, radial


def test_radial_as_upstream_and_zero_beyond_the_cutoff():
    expansion = ChgnetAdapter.load("0.3.0").adapter.bond_basis_expansion.rbf_expansion_ag
    length = torch.linspace(0.5, 7.0, 60, dtype=torch.float64)
    mine = radial(expansion, length, torch.float32)
    assert (mine - expansion(length.float())).abs().max() < 5e-6
    assert not mine[length >= 6.0].any()
    assert mine[length < 5.9].abs().sum(dim=1).min() > 0


def test_radial_is_smooth_at_the_cutoff():
    expansion = ChgnetAdapter.load("0.3.0", dtype=torch.float64).adapter.bond_basis_expansion.rbf_expansion_bg
    length = torch.tensor([3.0 - 1e-6, 3.0 - 1e-3], dtype=torch.float64, requires_grad=True)
    value = radial(expansion, length, torch.float64)
    slope = torch.autograd.grad(value[:, 0].sum(), length)[0]
    assert value[0].abs().max() < 1e-15
    assert slope[0].abs() < 1e-9
    assert slope[1].abs() > slope[0].abs()


def test_angular_as_upstream_with_a_finite_slope_at_straight_angles():
    fourier = ChgnetAdapter.load("0.3.0").adapter.angle_basis_expansion.fourier_expansion
    angle = np.linspace(0.2, 2.9, 40)
    mine = angular(fourier, torch.tensor(np.cos(angle)), torch.float32)
    assert (mine - fourier(torch.tensor(angle, dtype=torch.float32))).abs().max() < 1e-4
    cosine = torch.tensor([-1.0, 1.0], dtype=torch.float64, requires_grad=True)
    slope = torch.autograd.grad(angular(fourier, cosine, torch.float32).sum(), cosine)[0]
    assert torch.isfinite(slope).all()
