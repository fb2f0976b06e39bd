import pytest
import torch

from transferkit.adapters.mace.repulsion import Repulsion
from transferkit.adapters.mace.upstream import contained


@pytest.mark.parametrize("default", [torch.float32, torch.float64])
def test_equal_to_upstream_whatever_the_global_dtype(default):
    with contained():
        from mace.modules.radial import ZBLBasis

        theirs = ZBLBasis(p=6)
        length = torch.tensor([[0.8], [0.8], [1.4], [3.9]])
        ends, z = torch.tensor([[0, 1, 2, 0], [1, 0, 0, 2]]), torch.tensor([8, 14, 26])
        expected = theirs(length, torch.eye(3), ends.flip(0), z)
    torch.set_default_dtype(default)
    try:
        found = Repulsion(theirs)(length, z, ends)
    finally:
        torch.set_default_dtype(torch.float32)
    assert expected.max() > 1
    assert torch.allclose(found, expected, rtol=1e-12)
