"""A contraction with fewer paths than mace makes without cuEquivariance, as files of other machines have them."""

import pytest
import torch
from torch import nn

from transferkit.adapters.mace import MaceAdapter
from transferkit.adapters.mace.checkpoint import of_upstream
from transferkit.adapters.mace.coupling import fit_paths
from transferkit.adapters.mace.selection import cut
from transferkit.adapters.potential import ReferencedPotential
from transferkit.errors import CheckpointError

from .conftest import Oracle, arguments, upstream_model

ENERGY = frozenset({"energy"})


@pytest.fixture
def reduced():
    """An upstream model without the last path of the highest order, wherever that has more than one."""
    model = upstream_model(arguments(correlation=[3, 3], hidden_irreps="4x0e+4x1o", max_ell=1), seed=5)
    changed = 0
    for product in model.products:
        for contraction in product.symmetric_contractions.contractions:
            n = contraction.U_matrix_3.shape[-1]
            if n > 1:
                contraction.U_matrix_3 = contraction.U_matrix_3[..., : n - 1].clone()
                contraction.weights_max = nn.Parameter(contraction.weights_max[:, : n - 1].detach().clone())
                changed += 1
    assert changed
    return model


def energies(potential, structures):
    return potential(potential.collate([potential.graph(s) for s in structures]), need=ENERGY).energy.tolist()


def test_a_file_with_fewer_paths_is_read_saved_cut_and_written(reduced, crystals, tmp_path):
    expected = pytest.approx(Oracle(reduced)(crystals)["energy"].tolist(), abs=1e-9)
    content = of_upstream(reduced, "test")
    potential = ReferencedPotential(MaceAdapter.of_content(content), content.references)
    assert energies(potential, crystals) == expected
    assert energies(ReferencedPotential.open(potential.save(tmp_path / "saved")), crystals) == expected
    assert energies(cut(potential, [11, 17]), crystals) == expected
    file = potential.export(tmp_path / "mine.model")
    assert energies(MaceAdapter.load(file, dtype=torch.float64, trust=True), crystals) == expected


def test_other_differences_are_left_for_loading_to_find(tiny):
    before = {k: v.shape for k, v in tiny.adapter.state_dict().items()}
    name = next(k for k in before if k.endswith("weights_max"))
    fit_paths(tiny.adapter, {name: torch.zeros(1, 2, 3), "backbone.numbers": torch.zeros(1)})
    assert {k: v.shape for k, v in tiny.adapter.state_dict().items()} == before


def test_a_file_that_lacks_a_weight_is_not_completed_at_random(reduced):
    content = of_upstream(reduced, "test")
    name = "interactions.1.linear_up.weight"
    content.weights.pop(name)
    with pytest.raises(CheckpointError, match=rf"lacks {name}"):
        MaceAdapter.of_content(content)


def test_a_tensor_of_another_shape_is_an_error_that_names_it(reduced):
    content = of_upstream(reduced, "test")
    name = "interactions.1.linear_up.weight"
    content.weights[name] = content.weights[name][:-1]
    with pytest.raises(CheckpointError, match=rf"does not know: size mismatch for backbone\.{name}"):
        MaceAdapter.of_content(content)
