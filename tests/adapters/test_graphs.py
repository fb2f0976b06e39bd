"""Graphs of a data set, and their union."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from transferkit.adapters.graphs import GraphChain, build_graphs, edges_of, join, skins_of, take
from transferkit.adapters.toy import Toy
from transferkit.errors import GraphError, MissingReference
from transferkit.testing import labelled, small_structures


def data(**changed):
    small = small_structures() | changed
    return labelled(list(small.values()))


def test_one_graph_per_structure_in_order_with_progress():
    seen = []
    graphs = build_graphs(Toy.load("demo"), data(), progress=lambda *now: seen.append(now))
    assert [g.id for g in graphs] == list(small_structures())
    assert seen == [(k + 1, 5) for k in range(5)]


def test_a_structure_that_cannot_be_built_stops_everything_by_name():
    close = small_structures()["skewed"]
    positions = close.positions.copy()
    positions[1] = positions[0]
    with pytest.raises(GraphError, match="'skewed'"):
        build_graphs(Toy.load("demo"), data(skewed=replace(close, positions=positions)))
    unknown = replace(close, numbers=np.array([118, 17, 17]))
    with pytest.raises(MissingReference, match="Og"):
        build_graphs(Toy.load("demo"), data(skewed=unknown))


def test_an_error_of_a_third_party_names_the_structure(monkeypatch):
    potential = Toy.load("demo")

    def fail(structure, *, skin):
        raise RuntimeError("inner trouble")

    monkeypatch.setattr(potential.adapter, "graph", fail)
    with pytest.raises(GraphError, match=r"'crystal' \(number 0, ClNa\).*inner trouble"):
        build_graphs(potential, data())


def test_joined_graphs_point_at_their_own_atoms():
    potential = Toy.load("demo")
    graphs = build_graphs(potential, data())
    batch = join(graphs, [0, 1, 0, 1, 0], {"own": torch.ones(2)})
    assert batch.n_atoms.tolist() == [8, 3, 1, 2, 2]
    assert (batch.owner[batch.edges[0]] == batch.edge_owner).all()
    assert (batch.owner[batch.edges[1]] == batch.edge_owner).all()
    assert batch.head.tolist() == [0, 1, 0, 1, 0]
    assert batch.extra["own"].tolist() == [1, 1]
    assert torch.bincount(batch.edge_owner, minlength=5).tolist() == [g.n_edges for g in graphs]
    assert batch.positions.dtype == batch.cell.dtype == torch.float64


def test_a_chain_reads_a_stored_graph_only_when_its_turn_comes(tmp_path, monkeypatch):
    potential, some = Toy.load("demo"), data()
    stored = build_graphs(potential, some, store=tmp_path)
    chain = GraphChain([build_graphs(potential, some, skin=0.5), stored, stored])
    reads, original = [], type(stored).__getitem__
    monkeypatch.setattr(type(stored), "__getitem__", lambda self, k: (reads.append(k), original(self, k))[1])
    assert edges_of(chain).tolist() == [g.n_edges for g in chain.parts[0]] + 2 * stored.n_edges.tolist()
    assert skins_of(chain).tolist() == [0.5] * 5 + [0.0] * 10
    reads.clear()  # the type checks of the tests look at members by chance
    names = list(small_structures())
    assert [chain[k].id for k in (0, 4, 5, 14, -1)] == [names[0], names[4], names[0], names[4], names[4]]
    assert reads == [0, 4, 4]
    assert [g.id for g in chain[3:7]] == [*names[3:], *names[:2]]
    assert [g.id for g in take(chain, np.array([9, 1]))] == [names[4], names[1]]
    with pytest.raises(IndexError):
        chain[15]
