"""Finite differences find a wrong sign and a wrong unit."""

import numpy as np
import torch

from transferkit.adapters.toy import Toy
from transferkit.testing import force_by_differences, small_structures, stress_by_differences
from transferkit.testing.differences import total_energy


def test_differences_agree_with_autograd_and_would_not_with_another_sign():
    potential, structure = Toy.load("demo", dtype=torch.float64), small_structures()["skewed"]
    out = potential(potential.collate([potential.graph(structure)]), need=frozenset({"forces", "stress"}))
    force = force_by_differences(potential, structure, 1, step=1e-4)
    np.testing.assert_allclose(out.forces[1], force, atol=1e-8)
    assert np.abs(out.forces[1].numpy() + force).max() > 1e-3
    stress = stress_by_differences(potential, structure, step=1e-4)
    np.testing.assert_allclose(out.stress[0], stress, atol=1e-8)
    assert np.abs(stress).max() > 1e-5
    assert total_energy(potential, structure) == out.energy.item()
