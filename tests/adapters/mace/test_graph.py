from dataclasses import replace

import numpy as np
import pytest
from ase.build import fcc111, molecule

from transferkit.adapters.graphs import join
from transferkit.adapters.mace.graph import collate, neighbours
from transferkit.data.structures import Structure
from transferkit.errors import GraphError

from .conftest import Oracle, arguments, upstream_model


def pairs(edges, vectors):
    return sorted((int(i), int(j), *np.round(v, 6)) for (i, j), v in zip(np.asarray(edges).T, vectors, strict=True))


def vectors(graph):
    i, j = graph.edges
    return graph.positions[j] + graph.image @ graph.cell - graph.positions[i]


def of_atoms(atoms):
    return Structure(
        atoms.numbers.astype(np.int64), atoms.positions, np.array(atoms.cell), np.array(atoms.pbc), str(atoms.symbols)
    )


def test_the_edges_are_upstreams(crystals, molecule_and_slab):
    oracle = Oracle(upstream_model(arguments(elements=[1, 8, 11, 13, 17])))
    for s in (*crystals, *molecule_and_slab):
        data = oracle.batch([s])
        sender, receiver = data.edge_index.numpy()
        there = data.positions.numpy()[sender] - data.positions.numpy()[receiver] - data.shifts.numpy()
        graph = neighbours(s, 4.0)
        assert pairs(graph.edges, vectors(graph)) == pairs([receiver, sender], there)


@pytest.fixture
def molecule_and_slab():
    slab = fcc111("Al", (2, 2, 2), vacuum=6.0)
    slab.positions += [0.3, 0.1, -9.0]
    return of_atoms(molecule("H2O")), of_atoms(slab)


def test_edges_are_sorted_by_receiver_and_the_cell_stays(molecule_and_slab):
    for s in molecule_and_slab:
        kept = s.cell.copy()
        graph = neighbours(s, 4.0)
        assert (np.diff(graph.edges[0]) >= 0).all()
        assert (s.cell == kept).all()
        assert (graph.cell == kept).all()


def test_a_wire(crystals):
    wire = replace(crystals[1], pbc=np.array([True, False, False]))
    graph = neighbours(wire, 5.0)
    assert np.abs(graph.image[:, 1:]).max() == 0
    assert np.abs(graph.image[:, 0]).max() > 0
    assert (np.linalg.norm(vectors(graph), axis=1) < 5.0).all()


def test_a_periodic_cell_without_a_volume_is_refused(crystals):
    with pytest.raises(GraphError, match=r"skewed.*span no volume"):
        neighbours(replace(crystals[1], cell=np.zeros((3, 3))), 5.0)
    flat = np.array([[4.0, 0, 0], [8.0, 0, 0], [0, 0, 5.0]])
    with pytest.raises(GraphError, match="span no volume"):
        neighbours(replace(crystals[1], cell=flat, pbc=np.array([True, True, False])), 5.0)


def test_elements_outside_the_table_do_not_become_another(crystals):
    table = np.full(119, -1)
    table[11] = 0
    graph = neighbours(crystals[0], 4.0)
    with pytest.raises(GraphError, match="does not know"):
        collate([graph], [0], table)
    assert join([graph], [0]).n_structures == 1
