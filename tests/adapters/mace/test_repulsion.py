import numpy as np
import pytest
import torch

from transferkit.adapters.mace.adapter import MaceAdapter
from transferkit.adapters.mace.checkpoint import of_upstream
from transferkit.adapters.mace.repulsion import Repulsion
from transferkit.adapters.mace.upstream import contained
from transferkit.adapters.potential import ReferencedPotential
from transferkit.data.structures import Structure

from .conftest import arguments, upstream_model


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
        found = Repulsion(theirs)(length, z, ends, torch.ones_like(length))
    finally:
        torch.set_default_dtype(torch.float32)
    assert expected.max() > 1
    assert torch.allclose(found, expected, rtol=1e-12)


def test_atoms_that_reach_beyond_the_cutoff_do_not_meet_in_the_skin():
    # The covalent radii of two sodium atoms add up to 3.3 Å.
    content = of_upstream(upstream_model(arguments(pair_repulsion=True, r_max=2.9), seed=2), "test")
    potential = ReferencedPotential(MaceAdapter.of_content(content), content.references)
    positions = np.array([[0.0, 0.0, 0.0], [3.0, 0.0, 0.0]])
    pair = Structure(np.array([11, 11]), positions, np.zeros((3, 3)), np.zeros(3, dtype=bool), "pair")
    graphs = [potential.graph(pair, skin=skin) for skin in (0.0, 1.0)]
    assert [graph.n_edges for graph in graphs] == [0, 2]
    plain, skinned = potential(potential.collate(graphs), need=frozenset({"energy"})).energy.tolist()
    assert plain == pytest.approx(skinned, abs=1e-10)
