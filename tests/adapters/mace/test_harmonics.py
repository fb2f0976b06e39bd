import pytest
import torch

from transferkit.adapters.mace.harmonics import Harmonics
from transferkit.adapters.mace.upstream import o3


@pytest.mark.parametrize("max_ell", [0, 1, 2, 3, 5])
def test_equal_to_e3nn(max_ell):
    unit = torch.nn.functional.normalize(torch.randn(20, 3, dtype=torch.float64), dim=1)
    expected = o3.spherical_harmonics(list(range(max_ell + 1)), unit, normalize=True, normalization="component")
    assert torch.allclose(torch.cat(Harmonics(max_ell, o3).double()(unit), dim=1), expected, atol=1e-12)


def test_twice_differentiable():
    unit = torch.nn.functional.normalize(torch.randn(3, 3, dtype=torch.float64), dim=1).requires_grad_()
    harmonics = Harmonics(3, o3).double()
    assert torch.autograd.gradgradcheck(lambda u: torch.cat(harmonics(u), dim=1), (unit,))
