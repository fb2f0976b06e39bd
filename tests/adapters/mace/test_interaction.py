"""Equality with upstream's blocks is tested in test_network; here, what only ours can do."""

import pytest
import torch

from .conftest import arguments, upstream_model
from .test_network import VARIANTS, ours


@pytest.mark.parametrize("name", ["density", "attention", "non-linear"])
def test_edges_of_the_skin_carry_no_message(name, crystals):
    potential = ours(upstream_model(arguments(**VARIANTS[name]), seed=2))
    need = frozenset({"energy"})
    few, many = ([potential.graph(s, skin=skin) for s in crystals] for skin in (0.0, 1.0))
    assert sum(g.n_edges for g in many) > sum(g.n_edges for g in few)
    one, two = (potential(potential.collate(g), need=need).energy for g in (few, many))
    assert torch.allclose(one, two, atol=1e-9)
