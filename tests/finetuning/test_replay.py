"""Replay: farthest points cover, random ones are seeded, and both are nested."""

import numpy as np
import pytest
import torch

import transferkit as tk
from transferkit.adapters.toy import Toy
from transferkit.errors import DataError, RecipeError
from transferkit.finetuning.replay import choose, farthest_points, structure_features


@pytest.fixture(scope="module")
def data():
    return tk.bundled("gpaw-pbe-r2scan")[:40]


@pytest.fixture(scope="module")
def potential():
    return Toy.load("demo", dtype=torch.float64)


@pytest.fixture(scope="module")
def graphs(potential, data):
    return [potential.graph(s) for s in data]


def test_each_point_is_the_farthest_from_those_before():
    x = np.random.default_rng(0).normal(size=(200, 3))
    x /= x.std(axis=0)  # standardised already, up to the mean, which moves no distance
    chosen = farthest_points(x, 20, seed=3)
    assert len(set(chosen.tolist())) == 20
    for k in range(1, 20):
        distance = np.linalg.norm(x[:, None] - x[chosen[:k]], axis=2).min(axis=1)
        assert distance[chosen[k]] == pytest.approx(distance.max())


def test_a_rare_kind_is_in_and_units_of_a_channel_do_not_matter():
    rng = np.random.default_rng(1)
    x = np.concatenate([rng.normal(size=(300, 4)), rng.normal(size=(3, 4)) + 40.0])
    assert farthest_points(x, 2, seed=0)[1] >= 300
    assert np.array_equal(farthest_points(x, 10, seed=0), farthest_points(x * [1e-3, 1.0, 50.0, 1.0], 10, seed=0))


def test_channels_that_do_not_vary_and_points_that_coincide():
    x = np.zeros((4, 3))
    x[:, 0] = 7.0
    assert sorted(farthest_points(x, 4).tolist()) == [0, 1, 2, 3]


@pytest.mark.parametrize("how", ["random", "farthest"])
def test_choices_are_nested_seeded_and_distinct(how, potential, graphs):
    given = {"how": how, "potential": potential, "graphs": graphs}
    many = choose(40, 20, **given, seed=5)
    assert len(set(many.tolist())) == 20
    assert np.array_equal(choose(40, 8, **given, seed=5), many[:8])
    assert not np.array_equal(choose(40, 20, **given, seed=6), many)


def test_farthest_points_cover_the_set_better_than_random_ones(potential, graphs):
    x = structure_features(potential, graphs)
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    worst = {
        how: max(
            np.linalg.norm(x[:, None] - x[choose(40, 8, how=how, seed=s, potential=potential, graphs=graphs)], axis=2)
            .min(axis=1)
            .max()
            for s in range(3)
        )
        for how in ("random", "farthest")
    }
    assert worst["farthest"] < worst["random"]


def test_features_are_means_over_atoms_of_the_last_block(potential, graphs):
    found = structure_features(potential, graphs, edges=150)
    alone = potential.adapter.features(potential.collate([graphs[7]]))["interaction.1"].mean(dim=0)
    assert np.allclose(found[7], alone.detach().numpy())
    assert np.allclose(found, structure_features(potential, graphs))


def test_mistakes(potential, graphs):
    with pytest.raises(RecipeError, match=r"nothing is called 'farthst'\. Did you mean 'farthest'"):
        choose(40, 3, how="farthst")
    with pytest.raises(RecipeError, match="must be at least 1; got 0"):
        choose(40, 0)
    with pytest.raises(RecipeError, match="needs the potential and the graphs of all 40 structures"):
        choose(40, 3, how="farthest", potential=potential, graphs=graphs[:-1])
    with pytest.raises(DataError, match="5 farthest points of 4; choose from 1 to 4"):
        farthest_points(np.zeros((4, 2)), 5)
    with pytest.raises(DataError, match="features of structure 1 are NaN or infinite"):
        farthest_points(np.array([[0.0], [np.nan]]), 1)
