from importlib.util import find_spec

import numpy as np
import pytest
import torch

from transferkit.adapters.mace import MaceAdapter, kernels
from transferkit.adapters.mace.kernels import FusedConvolution, use_cuequivariance
from transferkit.adapters.mace.layers import Convolution
from transferkit.errors import AdapterNotInstalled, CheckpointError

from .test_network import answers

HERE = find_spec("cuequivariance_torch") is not None


@pytest.mark.skipif(HERE, reason="cuequivariance is installed")
def test_without_the_package_the_message_says_what_to_install(tiny, crystals):
    with pytest.raises(AdapterNotInstalled, match="pip install cuequivariance-torch"):
        use_cuequivariance(tiny, crystals[0])
    assert isinstance(tiny.adapter.backbone.interactions[0].conv_tp, Convolution)


@pytest.mark.skipif(not HERE, reason="cuequivariance is not installed")
@pytest.mark.filterwarnings("ignore:cuequivariance_ops_torch is not available")
def test_the_kernels_give_what_the_plain_path_gives(tiny, crystals):
    before = answers(tiny, crystals)
    keys = tiny.state_dict().keys()
    use_cuequivariance(tiny, crystals[0])
    assert isinstance(tiny.adapter.backbone.interactions[0].conv_tp, FusedConvolution)
    after = answers(tiny, crystals)
    assert all(np.allclose(before[k], after[k], atol=1e-9) for k in before)
    assert keys == tiny.state_dict().keys()
    assert MaceAdapter.from_state(*tiny.adapter.state()).heads == ("default",)


def test_kernels_that_compute_something_else_are_not_used(tiny, crystals, monkeypatch):
    class Wrong(torch.nn.Module):
        def __init__(self, plain, dtype):
            super().__init__()
            self.plain, self.dtype = plain, dtype

        def forward(self, *args):
            return [1.001 * f for f in self.plain(*args)]

    monkeypatch.setattr(kernels, "FusedConvolution", Wrong)
    before = answers(tiny, crystals)
    with pytest.raises(CheckpointError, match="the plain path is kept"):
        use_cuequivariance(tiny, crystals[0])
    after = answers(tiny, crystals)
    assert all((before[k] == after[k]).all() for k in before)
