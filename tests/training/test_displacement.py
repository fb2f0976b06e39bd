"""Displacements stay within what the skin covers, and depend on nothing but their counter."""

import numpy as np
import pytest
import torch

from transferkit.data.batch import rng
from transferkit.errors import RecipeError
from transferkit.training.displacement import against, draw, reach

LENGTH = 0.05


def drawn(direction, n=4000, **counter):
    return draw(direction, LENGTH, n, rng(**({"seed": 0, "epoch": 1, "step": 2, "purpose": "test"} | counter)))


def test_uniform_fills_the_cube_and_does_not_move_the_whole():
    moved = drawn("uniform")
    assert np.abs(moved.mean(axis=0)).max() < 1e-15
    assert 0.99 * LENGTH < np.abs(moved).max() < 1.05 * LENGTH
    assert moved.std(axis=0) == pytest.approx(LENGTH / np.sqrt(3), rel=0.05)


def test_random_has_any_direction_and_any_length():
    moved = drawn("random")
    size = np.linalg.norm(moved, axis=1)
    assert size.max() <= LENGTH
    assert size.mean() == pytest.approx(LENGTH / 2, rel=0.05)
    unit = moved / size[:, None]
    assert unit.T @ unit / len(unit) == pytest.approx(np.eye(3) / 3, abs=0.03)
    assert np.abs(unit.mean(axis=0)).max() < 0.05


@pytest.mark.parametrize("direction", ["uniform", "random"])
@pytest.mark.parametrize("n", [1, 2, 5])
def test_no_two_atoms_part_by_more_than_the_reach(direction, n):
    for seed in range(50):
        moved = drawn(direction, n, seed=seed)
        assert np.linalg.norm(moved[:, None] - moved[None], axis=-1).max() <= reach(direction, LENGTH)


def test_an_atom_alone_has_nowhere_to_go():
    assert drawn("uniform", 1).tolist() == [[0, 0, 0]]


def test_the_counter_decides():
    assert np.array_equal(drawn("uniform", 5), drawn("uniform", 5))
    for other in ({"seed": 1}, {"epoch": 2}, {"step": 3}, {"purpose": "else"}):
        assert not np.array_equal(drawn("uniform", 5), drawn("uniform", 5, **other))


def test_adversarial_goes_against_the_error_of_the_forces():
    forces = torch.randn(6, 3, dtype=torch.float64, requires_grad=True)
    labels = torch.randn(6, 3, dtype=torch.float64)
    labels[2] = forces.detach()[2] + 1e-9  # rounding
    moved = against(forces, labels, LENGTH)
    assert not moved.requires_grad
    assert moved[2].tolist() == [0, 0, 0]
    rest = [0, 1, 3, 4, 5]
    assert moved[rest].norm(dim=1).tolist() == pytest.approx([np.sqrt(3) * LENGTH] * 5)
    assert (moved * (forces - labels)).sum(dim=1)[rest].lt(0).all()
    assert moved.norm(dim=1).max() * 2 <= reach("adversarial", LENGTH) * (1 + 1e-12)


def test_unknown_directions_are_refused():
    with pytest.raises(RecipeError, match="Did you mean 'uniform'"):
        reach("unifrom", LENGTH)
    with pytest.raises(RecipeError, match="adversarial ones follow from forces"):
        drawn("adversarial", 3)
