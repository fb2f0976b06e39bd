"""ReferencedPotential: totals, heads, trainable references, saving."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch

from transferkit.adapters.potential import ReferencedPotential
from transferkit.adapters.toy import Toy
from transferkit.errors import CheckpointError, MissingReference, UnknownHead
from transferkit.reference.elemental import ElementalReference
from transferkit.testing import small_structures

ENERGY = frozenset({"energy"})


@pytest.fixture
def potential():
    return Toy.load("demo")


def energy(potential, structure, head=None):
    return potential(potential.collate([potential.graph(structure, head=head)], head), need=ENERGY).energy


def test_totals_are_summed_in_float64(potential):
    structure = small_structures()["crystal"]
    big = replace(potential.reference(), energies=np.full(94, -1e5 / 3))
    with_big = potential.with_reference(big)
    difference = energy(with_big, structure) - energy(potential, structure)
    expected = 8 * (-1e5 / 3) - potential.reference().at(structure.numbers).sum()
    assert difference.item() == pytest.approx(expected, abs=1e-9)


def test_changing_the_dtype_of_the_network_keeps_e0(potential):
    kept = potential.e0.clone()
    for change in (lambda p: p.float(), lambda p: p.double(), lambda p: p.to(torch.float32)):
        changed = change(potential)
        assert changed.e0.dtype == torch.float64
        assert torch.equal(changed.e0, kept)
    trainable = potential.with_reference(potential.reference(), trainable=True).float()
    assert isinstance(trainable.e0, torch.nn.Parameter)
    assert torch.equal(trainable.e0, kept)


def test_a_trainable_reference_moves_and_is_read_back(potential):
    structure = small_structures()["skewed"]
    trainable = potential.with_reference(potential.reference(), trainable=True)
    assert trainable.trainable_reference
    assert list(trainable.blocks())[-1] == "reference"
    optimiser = torch.optim.SGD(trainable.blocks()["reference"], lr=0.1)
    energy(trainable, structure).sum().backward()
    optimiser.step()
    before, after = potential.reference(), trainable.reference()
    assert after["Na"] == pytest.approx(before["Na"] - 0.1)
    assert after["Cl"] == pytest.approx(before["Cl"] - 0.2)
    assert after["O"] == before["O"]
    again = trainable.with_reference(after)
    assert not again.trainable_reference


def test_with_reference_leaves_the_first_alone(potential):
    old = potential.reference()["O"]
    new = potential.with_reference(replace(potential.reference(), energies=potential.reference().energies + 1))
    assert potential.reference()["O"] == old
    assert new.reference()["O"] == old + 1
    assert new.adapter is potential.adapter


def test_an_element_without_reference_is_refused(potential):
    only_na = potential.with_reference(ElementalReference.from_mapping({"Na": -1.0}))
    with pytest.raises(MissingReference, match="Cl"):
        only_na.graph(small_structures()["skewed"])


def test_heads_have_references_of_their_own(potential):
    structure = small_structures()["skewed"]
    higher = replace(potential.reference(), energies=potential.reference().energies + 2, source="other")
    potential.add_head("other", "default", higher)
    assert potential.reference("other").source == "other"
    assert (energy(potential, structure, "other") - energy(potential, structure, "default")).item() == pytest.approx(6)
    changed = potential.with_reference(potential.reference("default"), "other")
    assert changed.reference("other")["O"] == potential.reference("default")["O"]
    for ambiguous in (potential.reference, potential.calculator, lambda: potential.export("x")):
        with pytest.raises(UnknownHead, match="default, other"):
            ambiguous()
    with pytest.raises(UnknownHead, match="already has"):
        potential.add_head("other", "default")
    with pytest.raises(UnknownHead, match="one for each"):
        ReferencedPotential(potential.adapter, [higher])


def test_a_head_is_added_to_a_trainable_reference(potential):
    trainable = potential.with_reference(potential.reference(), trainable=True)
    trainable.add_head("other", "default")
    assert isinstance(trainable.e0, torch.nn.Parameter)
    assert trainable.e0.shape[0] == 2
    assert len(dict(trainable.named_parameters())["e0"]) == 2


def test_two_heads_are_saved_and_opened(potential, tmp_path):
    potential.add_head("other", "default", replace(potential.reference(), energies=potential.reference().energies + 2))
    trainable = potential.with_reference(potential.reference("other"), "other", trainable=True)
    trainable.save(tmp_path / "model")
    again = ReferencedPotential.open(tmp_path / "model")
    assert again.adapter.heads == ("default", "other")
    assert again.trainable_reference
    assert torch.equal(again.e0, trainable.e0)
    assert {p.name for p in (tmp_path / "model").iterdir()} == {"model.json", "model.safetensors"}


def test_opening_what_is_not_there(tmp_path):
    with pytest.raises(CheckpointError, match=r"model.json and model.safetensors missing"):
        ReferencedPotential.open(tmp_path)


def test_a_deep_copy_is_independent(potential):
    twin = copy.deepcopy(potential)
    with torch.no_grad():
        for p in twin.parameters():
            p.add_(1.0)
    structure = small_structures()["skewed"]
    assert energy(twin, structure).item() != energy(potential, structure).item()


def test_a_graph_says_how_far_its_topology_holds(potential):
    structure = small_structures()["skewed"]
    assert (potential.graph(structure).skin, potential.graph(structure, skin=0.3).skin) == (0.0, 0.3)
