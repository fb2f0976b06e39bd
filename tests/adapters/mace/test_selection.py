import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from transferkit.adapters.mace.selection import cut
from transferkit.errors import CheckpointError

from .conftest import arguments, upstream_model
from .test_network import VARIANTS, answers, ours


@pytest.mark.parametrize("name", ["plain", "non-linear", "pair repulsion and Agnesi"])
def test_fewer_elements_and_the_same_energies_forces_and_stress(name, crystals):
    potential = ours(upstream_model(arguments(elements=[26, 3, 17, 11], **VARIANTS[name]), seed=2))
    small = cut(potential, [11, 17])
    assert small.adapter.elements == {11, 17}
    assert sum(p.numel() for p in small.parameters()) < sum(p.numel() for p in potential.parameters())
    one, two = answers(potential, crystals), answers(small, crystals)
    for what, value in one.items():
        assert_allclose(two[what], value, atol=1e-12, rtol=1e-12)


def test_heads_dtype_and_references_stay(two_heads):
    potential = ours(two_heads).float()
    small = cut(potential, [11, 17])
    assert small.adapter.heads == ("PBE", "r2SCAN")
    assert small.adapter.backbone.dtype == torch.float32
    assert small.reference("r2SCAN")["Na"] == potential.reference("r2SCAN")["Na"]
    assert list(small.reference("PBE").to_mapping()) == ["Na", "Cl"]


def test_covariance_and_undetermined_elements_are_cut_too(tiny):
    from dataclasses import replace

    reference = tiny.reference()
    wide = replace(reference, covariance=np.diag(np.arange(94.0)), undetermined=(2, 8))
    found = cut(tiny.with_reference(wide), [1, 8]).reference()
    assert found.covariance.tolist() == [[0.0, 0.0], [0.0, 7.0]]
    assert found.undetermined == (8,)


def test_unknown_or_no_elements_are_refused(tiny):
    with pytest.raises(CheckpointError, match="does not know Og"):
        cut(tiny, [8, 118])
    with pytest.raises(CheckpointError, match="no elements"):
        cut(tiny, [])
