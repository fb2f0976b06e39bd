"""A stored graph is the graph: for every adapter, to the bit, found by geometry and nothing else."""

from dataclasses import fields, replace

import numpy as np
import pytest
import torch

import transferkit as tk
from transferkit.adapters.chgnet import ChgnetAdapter
from transferkit.adapters.graph_store import GraphStore, StoredGraphs, geometry_keys
from transferkit.adapters.graphs import build_graphs
from transferkit.adapters.mace import MaceAdapter
from transferkit.adapters.toy import Toy
from transferkit.errors import DataError

POTENTIALS = {
    "toy": lambda: Toy.scratch("tiny"),
    "chgnet": lambda: ChgnetAdapter.scratch("tiny"),
    "mace": lambda: MaceAdapter.scratch("tiny"),
}


@pytest.fixture(scope="module")
def data():
    return tk.bundled("gpaw-pbe-r2scan", fidelity="r2SCAN")[::12]


@pytest.fixture(scope="module")
def toy():
    return POTENTIALS["toy"]()


def same(a, b):
    arrays = [(getattr(a, f.name), getattr(b, f.name)) for f in fields(a) if f.name not in {"extra", "id", "skin"}]
    arrays += [(a.extra[k], b.extra[k]) for k in a.extra]
    assert all(x.dtype == y.dtype and x.shape == y.shape and x.tobytes() == y.tobytes() for x, y in arrays)
    assert (list(a.extra), a.id, a.skin) == (list(b.extra), b.id, b.skin)


@pytest.mark.parametrize("name", POTENTIALS)
@pytest.mark.parametrize("skin", [0.0, 0.3])
def test_read_is_built_to_the_bit(name, skin, data, tmp_path):
    potential = POTENTIALS[name]()
    fresh = build_graphs(potential, data, skin=skin)
    for _ in range(2):
        stored = build_graphs(potential, data, skin=skin, store=tmp_path)
        assert isinstance(stored, StoredGraphs)
        for one, two in zip(fresh, stored, strict=True):
            same(one, two)
    assert stored.n_edges.tolist() == [g.n_edges for g in fresh]
    batches = [potential.adapter.collate(list(graphs), [0] * len(graphs)) for graphs in (fresh, stored[:])]
    assert all(torch.equal(*pair) for pair in zip(*(b.extra.values() for b in batches), strict=True))


def test_a_sequence_like_any_other(toy, data, tmp_path):
    stored = build_graphs(toy, data, store=tmp_path)
    assert len(stored) == len(data)
    assert stored[-1].id == stored[np.int64(len(data) - 1)].id == str(data.id[-1])
    assert [g.id for g in stored[3:5]] == data.id[3:5].tolist()
    assert [g.id for g in stored.take(np.array([4, 0]))] == data.id[[4, 0]].tolist()
    assert stored.take(np.array([4, 0])).n_edges.tolist() == stored.n_edges[[4, 0]].tolist()
    with pytest.raises(IndexError):
        stored[len(data)]


def test_found_by_geometry_and_nothing_else(data, toy, tmp_path):
    keys = geometry_keys(data)
    assert len({*keys}) == len(data)
    assert geometry_keys(data[[5, 2]]) == [keys[5], keys[2]]
    other = replace(data, fidelity="PBE", energy=data.energy + 1, id=np.array([f"x{s}" for s in range(len(data))]))
    assert geometry_keys(other) == keys
    for name, change in (("positions", 1e-15), ("cell", 1e-14), ("numbers", 1)):
        moved = replace(data, **{name: getattr(data, name) + change})
        assert not {*keys} & {*geometry_keys(moved)}
    assert not {*keys} & {*geometry_keys(replace(data, pbc=np.zeros_like(data.pbc)))}


def test_subsets_and_other_levels_share_what_is_there(data, toy, tmp_path, monkeypatch):
    build_graphs(toy, data[:20], store=tmp_path)
    built = []
    original = type(toy.adapter).graph
    monkeypatch.setattr(
        type(toy.adapter), "graph", lambda self, s, **k: (built.append(s.id), original(self, s, **k))[1]
    )
    names = [str(i) for i in data.id]
    build_graphs(toy, data[[7, 3]], store=tmp_path)
    build_graphs(toy, replace(data[:20], fidelity="PBE"), store=tmp_path, head="default")
    assert built == []
    build_graphs(toy, data[18:23], store=tmp_path)
    assert built == names[20:23]
    build_graphs(toy, data[:2], skin=0.1, store=tmp_path)
    build_graphs(Toy.scratch("full"), data[:1], store=tmp_path)  # another cutoff
    assert built == [*names[20:23], *names[:2], names[0]]
    assert len([*tmp_path.iterdir()]) == 3
    assert len([*tmp_path.rglob("*.arrow")]) == 4  # files by what was built at a time, and never by structure


def test_the_same_geometry_twice_is_built_once(data, toy, tmp_path):
    stored = build_graphs(toy, data[[0, 1, 0]], store=tmp_path)
    assert [g.n_edges for g in stored] == [stored.n_edges[0], stored.n_edges[1], stored.n_edges[0]]
    assert [len(s.keys) for s, _ in GraphStore(tmp_path, toy.adapter, 0.0).find(geometry_keys(data)).values()] == [2, 2]


def test_what_an_adapter_changes_is_kept(data, toy, tmp_path, monkeypatch):
    original = type(toy.adapter).graph

    def wrapped(self, structure, **options):
        found = original(self, structure, **options)
        return replace(found, positions=found.positions + 1.5)

    monkeypatch.setattr(type(toy.adapter), "graph", wrapped)
    for one, two in zip(build_graphs(toy, data[:3]), build_graphs(toy, data[:3], store=tmp_path), strict=True):
        same(one, two)


def test_a_damaged_file_is_named_and_its_deletion_mends_it(data, toy, tmp_path):
    build_graphs(toy, data[:4], store=tmp_path)
    build_graphs(toy, data[4:6], store=tmp_path)
    broken = min(tmp_path.rglob("*.arrow"))
    broken.write_bytes(broken.read_bytes()[:-100])
    with pytest.raises(DataError, match=rf"{broken.name} is damaged.*delete this file"):
        build_graphs(toy, data[:6], store=tmp_path)
    broken.unlink()
    for one, two in zip(build_graphs(toy, data[:6]), build_graphs(toy, data[:6], store=tmp_path), strict=True):
        same(one, two)
