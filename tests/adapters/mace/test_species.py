import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from transferkit.adapters.mace.species import Species, group, species_of


@given(st.lists(st.integers(0, 5), min_size=1, max_size=40), st.integers(1, 8))
def test_atoms_come_back_to_their_places_in_groups_of_one_element(index, size):
    index = np.array(index)
    species = Species(**group(index, size=size))
    x = torch.arange(len(index))
    assert torch.equal(species.ungrouped(species.grouped(x)), x)
    assert (index[species.members.numpy()] == species.of_group.numpy()[:, None]).all()
    assert torch.equal(species.elements[species.local_of_group], species.of_group)
    assert species.members.shape[1] <= size


def test_a_batch_carries_them():
    tensors = group(np.array([1, 0, 1]))
    assert torch.equal(species_of(tensors).index, torch.tensor([1, 0, 1]))
