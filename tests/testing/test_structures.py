"""The small structures are what their names say."""

import numpy as np

from transferkit.adapters.chgnet.graph import crystal_graph
from transferkit.testing.structures import doubled, labelled, permuted, rotated, small_structures


def test_names_hold():
    graphs = {n: crystal_graph(s, atom_cutoff=6.0, bond_cutoff=3.0) for n, s in small_structures().items()}
    assert graphs["isolated"].n_edges == 0
    assert graphs["angle-free"].n_edges > 0
    assert graphs["angle-free"].extra["angle_edges"].shape[1] == 0
    assert graphs["crystal"].extra["angle_edges"].shape[1] > 0
    outside = small_structures()["outside"]
    fractional = outside.positions @ np.linalg.inv(outside.cell)
    assert fractional.min() < 0
    assert fractional.max() > 1


def test_the_same_every_time():
    a, b = small_structures(), small_structures()
    assert all(np.array_equal(a[n].positions, b[n].positions) for n in a)


def test_moves():
    s = small_structures((8, 12))["skewed"]
    assert set(s.numbers) == {8, 12}
    turn = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
    np.testing.assert_allclose(rotated(s, turn).positions[:, 0], -s.positions[:, 1])
    np.testing.assert_array_equal(permuted(s, np.array([2, 0, 1])).numbers, s.numbers[[2, 0, 1]])
    assert len(doubled(s)) == 6
    np.testing.assert_allclose(np.linalg.det(doubled(s).cell), 2 * np.linalg.det(s.cell))


def test_labelled_has_only_what_is_given():
    data = labelled(list(small_structures().values()), {"energy": np.arange(5.0)})
    assert data.has("energy").all()
    assert not data.has("stress").any()
    assert data.energy.tolist() == [0, 1, 2, 3, 4]
