"""The same edges, bonds and angles as upstream's converter."""

from dataclasses import replace

import numpy as np
import pytest

from transferkit.adapters.chgnet import graph as module
from transferkit.adapters.chgnet.graph import crystal_graph
from transferkit.errors import GraphError
from transferkit.testing import small_structures


def build(structure, **options):
    return crystal_graph(structure, atom_cutoff=6.0, bond_cutoff=3.0, **options)


def edges(graph):
    return [(*e, *n) for e, n in zip(graph.edges.T.tolist(), graph.image.tolist(), strict=True)]


def test_edges_bonds_and_angles_as_upstream(oracle, crystals):
    n_angles = 0
    for structure in [*crystals, *small_structures().values()]:
        ours, theirs = build(structure), oracle.graph(structure)
        atom_graph = theirs.atom_graph.reshape(-1, 2).tolist()
        image = theirs.neighbor_image.reshape(-1, 3).int().tolist()
        directed = [(*e, *n) for e, n in zip(atom_graph, image, strict=True)]
        assert edges(ours) == directed
        assert ours.extra["bond"].tolist() == theirs.directed2undirected.tolist()
        assert ours.extra["first"].tolist() == theirs.undirected2directed.tolist()
        angles = theirs.bond_graph.reshape(-1, 5).numpy()
        mine = set(map(tuple, ours.extra["angle_edges"].T.tolist()))
        assert mine == set(map(tuple, angles[:, [2, 4]].tolist()))
        assert ours.extra["angle_edges"].shape[1] == len(angles)
        n_angles += len(angles)
    assert n_angles > 1000


def test_short_bonds_are_those_of_the_angles():
    graph = build(small_structures()["crystal"])
    extra = graph.extra
    assert (extra["short"][extra["angle_short"]] == extra["bond"][extra["angle_edges"]]).all()
    apex = graph.edges[0][extra["angle_edges"]]
    assert (apex[0] == apex[1]).all()
    assert (extra["angle_edges"][0] != extra["angle_edges"][1]).all()


def test_every_bond_joins_an_edge_with_its_reverse():
    graph = build(small_structures()["skewed"], skin=0.7)
    seen = set(edges(graph))
    for i, j, *n in seen:
        assert (j, i, *(-k for k in n)) in seen
    assert (np.bincount(graph.extra["bond"]) == 2).all()


def test_isolated_and_angle_free_are_legal():
    small = small_structures()
    isolated, angle_free = build(small["isolated"]), build(small["angle-free"])
    assert isolated.n_edges == 0
    assert isolated.edges.shape == (2, 0)
    assert angle_free.n_edges > 0
    assert angle_free.extra["angle_edges"].shape == (2, 0)
    assert all(a.dtype == np.int64 for g in (isolated, angle_free) for a in [g.edges, g.image, *g.extra.values()])


@pytest.mark.parametrize("pbc", [[False] * 3, [True, True, False]])
def test_what_is_not_periodic_is_refused_with_the_remedy(pbc):
    molecule = replace(small_structures()["skewed"], pbc=np.array(pbc))
    with pytest.raises(GraphError, match=r"'skewed'.*box"):
        build(molecule)


def test_a_cell_without_volume_is_refused():
    with pytest.raises(GraphError, match="0 Å³"):
        build(replace(small_structures()["skewed"], cell=np.zeros((3, 3))))


def test_an_edge_found_in_one_direction_only(monkeypatch):
    real = module.find_points_in_spheres
    structure = small_structures()["skewed"]

    def lose(which):
        def search(*args, **kwargs):
            i, j, n, d = real(*args, **kwargs)
            keep = np.ones(len(i), dtype=bool)
            keep[np.argmin(np.where(d > 0.1, d, 9)) if which == "short" else np.argmax(d)] = False
            if which == "at the cutoff":
                d = d.copy()
                d[d > d.max() - 1e-9] = 6.0 - 1e-8
            return i[keep], j[keep], n[keep], d[keep]

        return search

    whole = build(structure).n_edges
    monkeypatch.setattr(module, "find_points_in_spheres", lose("short"))
    with pytest.raises(GraphError, match="one direction only"):
        build(structure)
    # At the cutoff an edge has no weight: its lone half is left out.
    monkeypatch.setattr(module, "find_points_in_spheres", lose("at the cutoff"))
    assert build(structure).n_edges == whole - 2
