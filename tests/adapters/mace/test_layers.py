"""Each layer against the e3nn or mace module that it was made from."""

import pytest
import torch

from transferkit.adapters.mace.layers import Contraction, Convolution, ElementLinear, EquivariantLinear, monomials_of
from transferkit.adapters.mace.species import Species, group
from transferkit.adapters.mace.upstream import contained, o3
from transferkit.errors import CheckpointError

ATOMS = 7
INDEX = torch.tensor([2, 0, 0, 2, 2, 0, 2])


def features(of):
    return [torch.randn(ATOMS, 2 * ir.l + 1, mul, dtype=torch.float64) for mul, ir in of]


def flat(x):
    return torch.cat([f.transpose(1, 2).reshape(len(f), -1) for f in x], dim=1)


@pytest.fixture
def species():
    return Species(**group(INDEX.numpy(), size=3))


@pytest.mark.parametrize(
    ("one", "two"), [("4x0e+4x1o", "4x0e+4x1o"), ("4x0e+2x0e+3x1o", "5x0e+2x1o"), ("4x0e", "4x0e+2x1o")]
)
def test_linear(one, two):
    with contained():
        theirs = o3.Linear(o3.Irreps(one), o3.Irreps(two))
    x = features(o3.Irreps(one).simplify())
    assert torch.allclose(flat(EquivariantLinear(theirs)(x)), theirs(flat(x)), atol=1e-12)


def test_linear_with_biases():
    with contained():
        theirs = o3.Linear(o3.Irreps("4x0e"), o3.Irreps("3x0e"), biases=True)
        theirs.bias.data += 1.0
    x = features(o3.Irreps("4x0e"))
    assert torch.allclose(flat(EquivariantLinear(theirs)(x)), theirs(flat(x)), atol=1e-12)


def test_linear_in_an_order_of_its_own_is_refused():
    with contained():
        theirs = o3.Linear(o3.Irreps("2x0e+2x1o+2x0e"), o3.Irreps("2x0e+2x1o"))
    with pytest.raises(CheckpointError, match="linear map"):
        EquivariantLinear(theirs)


def test_element_linear(species):
    of = o3.Irreps("4x0e+4x1o")
    with contained():
        theirs = o3.FullyConnectedTensorProduct(of, o3.Irreps("3x0e"), of)
    x = features(of)
    one_hot = torch.nn.functional.one_hot(INDEX, 3).double()
    assert torch.allclose(flat(ElementLinear(theirs)(x, species)), theirs(flat(x), one_hot), atol=1e-12)


def test_convolution():
    with contained():
        from mace.modules.irreps_tools import tp_out_irreps_with_instructions

        one, two = o3.Irreps("4x0e+4x1o"), o3.Irreps("1x0e+1x1o+1x2e")
        out, instructions = tp_out_irreps_with_instructions(one, two, o3.Irreps("4x0e+4x1o+4x2e"))
        theirs = o3.TensorProduct(one, two, out, instructions, shared_weights=False, internal_weights=False)
    edges = torch.tensor([[0, 1, 1, 6, 3], [2, 3, 0, 6, 5]])
    x, weights = features(one), torch.randn(5, theirs.weight_numel, dtype=torch.float64)
    harmonics = [torch.randn(5, 2 * ell + 1, dtype=torch.float64) for ell in range(3)]
    messages = theirs(flat(x)[edges[1]], torch.cat(harmonics, dim=1), weights)
    expected = torch.zeros(ATOMS, messages.shape[1], dtype=torch.float64).index_add(0, edges[0], messages)
    ours = Convolution(theirs, o3.wigner_3j).double()
    assert torch.allclose(flat(ours(x, harmonics, weights, edges)), expected, atol=1e-6)


@pytest.mark.parametrize("correlation", [1, 2, 3, 4])
@pytest.mark.parametrize("out", ["0e", "1o"])
def test_contraction(correlation, out, species):
    with contained():
        from mace.modules.symmetric_contraction import Contraction as Theirs

        of = o3.Irreps("3x0e+3x1o")
        theirs = Theirs(of, o3.Irreps(out), correlation, num_elements=3)
    x = torch.randn(ATOMS, 3, 4, dtype=torch.float64)
    expected = theirs(x, torch.nn.functional.one_hot(INDEX, 3).double()).view(ATOMS, 3, -1)
    together = species.grouped(x).permute(0, 2, 3, 1).flatten(0, 1)
    found = Contraction(theirs)(monomials_of(together, max(correlation - 1, 1)), species)
    back = species.ungrouped(found.view(-1, 3, *found.shape[1:]).permute(0, 3, 1, 2))
    assert torch.allclose(back, expected, atol=1e-10)
