import pytest
import torch

from transferkit.adapters.mace.adapter import MaceAdapter
from transferkit.adapters.mace.agreement import require_agreement
from transferkit.adapters.mace.checkpoint import of_upstream
from transferkit.errors import CheckpointError

from .conftest import arguments, upstream_model


def test_a_file_that_we_compute_like_upstream_is_taken(two_heads):
    require_agreement(MaceAdapter.of_content(of_upstream(two_heads, "test")), two_heads)


def test_a_file_that_we_compute_otherwise_is_refused(two_heads):
    adapter = MaceAdapter.of_content(of_upstream(two_heads, "test"))
    with torch.no_grad():
        adapter.readouts[1].shift.add_(0.001)
    with pytest.raises(CheckpointError, match="head r2SCAN: mace itself computes"):
        require_agreement(adapter, two_heads)


def test_a_file_that_mace_itself_cannot_evaluate_is_refused(two_heads):
    adapter = MaceAdapter.of_content(of_upstream(two_heads, "test"))
    broken = upstream_model(arguments(), two_heads.heads, seed=4)
    del broken.atomic_energies_fn
    with pytest.raises(CheckpointError, match=r"cannot be evaluated by the installed mace.*atomic_energies_fn"):
        require_agreement(adapter, broken)


def test_a_file_in_half_precision_is_refused(two_heads):
    adapter = MaceAdapter.of_content(of_upstream(two_heads, "test"))
    with pytest.raises(CheckpointError, match=r"kept in torch\.bfloat16; save it in float32 or float64"):
        require_agreement(adapter, upstream_model(arguments(), two_heads.heads, seed=4).bfloat16())
