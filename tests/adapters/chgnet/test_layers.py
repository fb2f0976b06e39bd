"""Each linear map before the gather: the same numbers as upstream's layers."""

import pytest
import torch
from torch import nn

from transferkit.adapters.chgnet import ChgnetAdapter
from transferkit.adapters.chgnet.layers import angle_update, atom_convolution, bond_convolution


@pytest.fixture
def random():
    g = torch.Generator().manual_seed(0)
    n, e, u, a = 5, 24, 12, 30
    return {
        "atoms": torch.randn(n, 64, generator=g, dtype=torch.float64),
        "bonds": torch.randn(u, 64, generator=g, dtype=torch.float64),
        "angles": torch.randn(a, 64, generator=g, dtype=torch.float64),
        "weights": torch.randn(u, 64, generator=g, dtype=torch.float64),
        "edges": torch.randint(n, (2, e), generator=g),
        "bond": torch.randint(u, (e,), generator=g),
        "apex": torch.randint(n, (a,), generator=g),
        "pair": torch.randint(u, (2, a), generator=g),
    }


@pytest.mark.parametrize("name", ["0.3.0", "0.2.0"])
def test_layers_as_upstream(random, name):
    r, adapter = random, ChgnetAdapter.load(name, dtype=torch.float64).adapter
    layer = adapter.atom_conv_layers[1]
    mine = atom_convolution(layer, r["atoms"], r["bonds"], r["weights"], edges=r["edges"], bond=r["bond"])
    theirs = layer(r["atoms"], r["bonds"], r["weights"], r["edges"].T, r["bond"])
    torch.testing.assert_close(mine, theirs, atol=1e-10, rtol=1e-10)

    graph = torch.stack([r["apex"], *r["pair"]], dim=1)
    layer = adapter.bond_conv_layers[1]
    update = bond_convolution(layer, r["atoms"], r["bonds"], r["weights"], r["angles"], apex=r["apex"], pair=r["pair"])
    bias = layer.mlp_out.layers[-1].bias
    theirs = layer(r["atoms"], r["bonds"], r["weights"], r["angles"], graph) - (0 if bias is None else bias)
    torch.testing.assert_close(r["bonds"] + update, theirs, atol=1e-10, rtol=1e-10)

    layer = adapter.angle_layers[0]
    mine = angle_update(layer, r["atoms"], r["bonds"], r["angles"], apex=r["apex"], pair=r["pair"])
    theirs = layer(r["atoms"], r["bonds"], r["angles"], graph)
    torch.testing.assert_close(mine, theirs, atol=1e-10, rtol=1e-10)


def test_0_2_0_has_the_bias_and_0_3_0_has_not():
    def bias(name):
        return ChgnetAdapter.load(name).adapter.bond_conv_layers[0].mlp_out.layers[-1].bias

    assert isinstance(bias("0.2.0"), nn.Parameter)
    assert bias("0.3.0") is None
