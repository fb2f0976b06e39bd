import pytest
import torch

from transferkit.adapters.mace.readouts import merge, split
from transferkit.errors import CheckpointError

from .conftest import arguments, upstream_model


@pytest.mark.parametrize("readout", ["NonLinearReadoutBlock", "NonLinearBiasReadoutBlock"])
def test_merging_is_the_inverse_of_splitting(readout):
    weights = upstream_model(arguments(readout_cls=readout), ("a", "b", "c"), seed=3).state_dict()
    heads = split(weights, 3, hidden=4)
    again = split(merge(heads, hidden=4), 3, hidden=4)
    for one, two in zip(heads, again, strict=True):
        assert one.keys() == two.keys()
        assert all(torch.allclose(one[k], two[k]) for k in one)
    merged = merge(heads, hidden=4)
    assert all(merged[name].shape == weights[name].shape for name in merged)


def test_files_without_a_scale_have_one_and_no_shift():
    head = split({"readouts.0.linear.weight": torch.ones(4)}, 1, hidden=4)[0]
    assert (float(head["scale"]), float(head["shift"])) == (1.0, 0.0)


def test_one_scale_for_all_heads():
    heads = split({"scale_shift.scale": torch.tensor(3.0), "scale_shift.shift": torch.tensor([1.0, 2.0])}, 2, hidden=4)
    assert [float(h["scale"]) for h in heads] == [3.0, 3.0]
    assert [float(h["shift"]) for h in heads] == [1.0, 2.0]


def test_what_does_not_fit_the_number_of_heads_is_refused():
    with pytest.raises(CheckpointError, match="no equal part"):
        split({"readouts.0.linear.weight": torch.ones(5)}, 2, hidden=4)
    with pytest.raises(CheckpointError, match="3 heads and 2 values of shift"):
        split({"scale_shift.shift": torch.ones(2)}, 3, hidden=4)
