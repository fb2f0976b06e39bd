"""Labels become tensors with masks per component; what is missing is zero and hidden."""

import numpy as np
import pytest
import torch

from transferkit.errors import DataError, UnsupportedProperty
from transferkit.training.labels import collate_labels, learnable
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
