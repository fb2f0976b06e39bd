"""Deformation and the one gradient call, on an energy whose derivatives are known."""

import numpy as np
import pytest
import torch

from transferkit.adapters.base import Prediction
from transferkit.adapters.geometry import constants, deform, differentiate, gradients_on, sum_per_structure
from transferkit.adapters.toy import Toy
from transferkit.testing import small_structures

BOTH = frozenset({"energy", "forces", "stress"})


@pytest.fixture
def batch():
    adapter = Toy.load("demo").adapter
    return adapter.collate([adapter.graph(small_structures()[n]) for n in ("skewed", "crystal")], [0, 0])


def springs(batch, geometry):
    """Half the sum of squared edge lengths."""
    energy = torch.zeros(batch.n_structures, dtype=torch.float64)
    return energy.index_add(0, batch.edge_owner, (geometry.vectors**2).sum(dim=1) / 2)


def test_forces_and_stress_of_springs(batch):
    geometry = deform(batch, need=BOTH)
    out = differentiate(Prediction(springs(batch, geometry)), geometry, create_graph=False)
    vectors = geometry.vectors.detach()
    forces = torch.zeros_like(batch.positions).index_add(0, batch.edges[0], vectors)
    forces = forces.index_add(0, batch.edges[1], -vectors)
    torch.testing.assert_close(out.forces, forces)
    virial = torch.zeros(2, 3, 3, dtype=torch.float64).index_add(
        0, batch.edge_owner, vectors[:, :, None] * vectors[:, None, :]
    )
    volume = torch.tensor([abs(np.linalg.det(c)) for c in batch.cell.numpy()])
    torch.testing.assert_close(out.stress, virial / volume[:, None, None])
    assert not out.energy.requires_grad


def test_only_what_is_needed(batch):
    plain = deform(batch, need=frozenset({"energy"}))
    assert plain.shift is None
    assert plain.strain is None
    assert not plain.vectors.requires_grad
    prediction = Prediction(springs(batch, plain))
    assert differentiate(prediction, plain, create_graph=False) is prediction
    stress_only = deform(batch, need=frozenset({"stress"}))
    out = differentiate(Prediction(springs(batch, stress_only)), stress_only, create_graph=False)
    assert out.forces is None
    assert out.stress is not None


def test_strain_acts_on_cell_and_positions_and_forces_are_those_of_the_strained_structure(batch):
    strain = torch.zeros(2, 3, 3, dtype=torch.float64)
    strain[0, 0, 0] = 0.02
    strain[1, 0, 1] = 0.03
    geometry = deform(batch, need=BOTH, strain=strain)
    f = torch.eye(3, dtype=torch.float64) + strain
    torch.testing.assert_close(geometry.cell, batch.cell @ f)
    torch.testing.assert_close(
        geometry.vectors, torch.einsum("ei,eij->ej", deform(batch, need=BOTH).vectors, f[batch.edge_owner])
    )
    out = differentiate(Prediction(springs(batch, geometry)), geometry, create_graph=False)
    expected = torch.zeros_like(batch.positions).index_add(0, batch.edges[0], geometry.vectors.detach())
    expected = expected.index_add(0, batch.edges[1], -geometry.vectors.detach())
    torch.testing.assert_close(out.forces, expected)


def test_given_positions_stay_in_the_graph(batch):
    positions = batch.positions.clone().requires_grad_()
    geometry = deform(batch, need=frozenset({"forces"}), positions=positions)
    out = differentiate(Prediction(springs(batch, geometry)), geometry, create_graph=True)
    (second,) = torch.autograd.grad(out.forces[0, 0], positions)
    assert second[0, 0] < 0


def test_an_energy_that_depends_on_nothing(batch):
    geometry = deform(batch, need=BOTH)
    out = differentiate(Prediction(torch.zeros(2, dtype=torch.float64)), geometry, create_graph=True)
    assert not out.forces.any()
    assert not out.stress.any()


def test_without_a_volume_stress_is_nan_and_its_gradient_is_not(batch):
    flat = batch.cell.clone()
    flat[0] = 0
    from dataclasses import replace

    batch = replace(batch, cell=flat)
    weight = torch.tensor(2.0, dtype=torch.float64, requires_grad=True)
    geometry = deform(batch, need=BOTH)
    out = differentiate(Prediction(weight * springs(batch, geometry)), geometry, create_graph=True)
    assert out.stress[0].isnan().all()
    assert out.stress[1].isfinite().all()
    out.stress[1].sum().backward()
    assert weight.grad.isfinite()


def test_gradients_run_inside_no_grad_only_where_needed():
    with torch.no_grad():
        with gradients_on(frozenset({"energy"})):
            assert not torch.is_grad_enabled()
        with gradients_on(BOTH):
            assert torch.is_grad_enabled()
    with gradients_on(frozenset({"energy"})):
        assert torch.is_grad_enabled()


def test_parameters_are_constants_while_asked_for_only():
    layer = torch.nn.Linear(2, 1)
    layer.bias.requires_grad_(requires_grad=False)
    with constants(layer, when=False):
        assert layer.weight.requires_grad
    with pytest.raises(ZeroDivisionError), constants(layer, when=True):  # noqa: PT012
        assert not layer.weight.requires_grad
        raise ZeroDivisionError
    assert layer.weight.requires_grad
    assert not layer.bias.requires_grad


def test_sums_are_in_float64(batch):
    sites = torch.full((11,), 0.1, dtype=torch.float32)
    total = sum_per_structure(sites, batch)
    assert total.dtype == torch.float64
    assert total.tolist() == pytest.approx([0.3, 0.8], abs=1e-7)
