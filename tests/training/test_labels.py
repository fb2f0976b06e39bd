"""Labels become tensors with masks per component; what is missing is zero and hidden."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from transferkit.errors import DataError, UnsupportedProperty
from transferkit.training.labels import choosing, collate_labels, learnable
from transferkit.typing import PROPERTIES


def test_values_follow_the_index(everything):
    labels = collate_labels(everything, np.array([5, 2]))
    part = everything[[5, 2]]
    assert labels.energy.tolist() == part.energy.tolist()
    assert np.array_equal(labels.forces.numpy(), part.forces)
    assert np.array_equal(labels.stress.numpy(), part.stress)
    assert labels.n_atoms.tolist() == part.n_atoms.tolist()
    assert labels.energy.dtype == torch.float64
    assert all(labels.mask[p].all() for p in PROPERTIES)


def test_missing_labels_are_zero_and_masked_per_component(everything):
    part = everything[:3]
    mask = {**part.mask, "forces": np.array([True, False, True]), "stress": np.array([False, True, False])}
    labels = collate_labels(type(part)(**{**vars_of(part), "mask": mask}), np.arange(3))
    first, second = int(part.offsets[1]), int(part.offsets[2])
    assert labels.mask["forces"].shape == labels.forces.shape
    assert not labels.mask["forces"][first:second].any()
    assert labels.mask["forces"][:first].all()
    assert labels.forces[first:second].abs().sum() == 0
    assert labels.mask["stress"].sum() == 9


def vars_of(part):
    from dataclasses import fields

    return {f.name: getattr(part, f.name) for f in fields(part)}


def test_the_sign_of_a_magnetic_moment_does_not_matter(everything):
    flipped = everything.with_labels(magmoms=-everything.magmoms)
    assert torch.equal(collate_labels(flipped, np.arange(4)).magmoms, collate_labels(everything, np.arange(4)).magmoms)


def test_hidden_labels_count_nothing(everything):
    labels = collate_labels(everything, np.arange(4)).hidden()
    assert not any(labels.mask[p].any() for p in PROPERTIES)


def test_what_can_be_learnt(potential, everything):
    weights = {"energy": 1.0, "forces": 0.0, "stress": 1.0, "magmoms": 1.0}
    need, absent = learnable(weights, potential.adapter, everything.without("magmoms"), everything)
    assert need == {"energy", "stress"}
    assert absent == ("magmoms",)


def test_a_weight_for_what_the_adapter_cannot_predict_is_refused(potential, everything, monkeypatch):
    from dataclasses import replace

    limited = replace(type(potential.adapter).capabilities, properties=frozenset({"energy", "forces"}))
    monkeypatch.setattr(type(potential.adapter), "capabilities", limited)
    with pytest.raises(UnsupportedProperty, match="does not predict magmoms"):
        learnable({"energy": 1.0, "magmoms": 1.0}, potential.adapter, everything, everything)
    assert learnable({"energy": 1.0, "magmoms": 0.0}, potential.adapter, everything, everything)[0] == {"energy"}


def test_parts_without_anything_to_learn_are_refused(potential, everything):
    adapter, weights = potential.adapter, {"magmoms": 1.0}
    with pytest.raises(DataError, match=r"training part .* has none of the labels that the loss weighs \(magmoms\)"):
        learnable(weights, adapter, everything.without("magmoms"), everything)
    with pytest.raises(DataError, match=r"validation part .* has none"):
        learnable(weights, adapter, everything, everything.without("magmoms"))
    with pytest.raises(DataError, match="no label has a weight"):
        learnable({}, adapter, everything, everything)
    with pytest.raises(DataError, match="training part is empty"):
        learnable({"energy": 1.0}, adapter, everything[:0], everything)
    with pytest.raises(DataError, match="validation part is empty"):
        learnable({"energy": 1.0}, adapter, everything, everything[:0])


class TestSetsBeside:
    WEIGHTS = {"energy": 1.0, "forces": 1.0, "stress": 1.0}  # noqa: RUF012

    def test_what_one_set_has_is_learnt(self, potential, everything):
        target, other = everything.without("forces", "stress"), everything.without("stress")
        need, absent = learnable(self.WEIGHTS, potential.adapter, target, everything, [other])
        assert (need, absent) == ({"energy", "forces"}, ("stress",))
        assert choosing(need, target) == {"energy"}
        assert choosing(need, everything) == need

    def test_a_target_without_labels_is_not_saved_by_another_set(self, potential, everything):
        with pytest.raises(DataError, match=r"training part .* has none"):
            learnable({"stress": 1.0}, potential.adapter, everything.without("stress"), everything, [everything])

    def test_validation_must_have_what_the_target_learns(self, potential, everything):
        target, valid = everything.without("forces", "stress"), everything.without("energy")
        with pytest.raises(DataError, match=r"validation part .* has none"):
            learnable(self.WEIGHTS, potential.adapter, target, valid, [everything])

    def test_a_set_without_anything_to_learn_is_refused(self, potential, everything):
        blank = everything.without("energy", "forces", "stress")
        with pytest.raises(DataError, match=r"the r2SCAN set beside the target .* has none of the labels"):
            learnable(self.WEIGHTS, potential.adapter, everything, everything, [blank])
        with pytest.raises(DataError, match="the r2SCAN set beside the target is empty"):
            learnable(self.WEIGHTS, potential.adapter, everything, everything, [everything[:0]])

    def test_rows_know_their_set(self, everything):
        labels = collate_labels(everything, np.array([0, 3]))
        assert labels.source_of("forces") is None
        labels = replace(labels, source=torch.tensor([1, 0]))
        assert labels.source_of("energy").tolist() == [1, 0]
        sizes = everything.n_atoms[[0, 3]].tolist()
        assert labels.source_of("magmoms").tolist() == [1] * sizes[0] + [0] * sizes[1]
        assert labels.hidden().source.tolist() == [1, 0]
