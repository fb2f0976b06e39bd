"""Graphs within a time, and structures that cannot have one."""

from dataclasses import replace

import numpy as np
import pytest

from transferkit.adapters.graphs import build_graphs
from transferkit.adapters.toy import Toy
from transferkit.data.bundled import bundled
from transferkit.preview import graphs
from transferkit.preview.graphs import measure_graphs

DATA = bundled("gpaw-pbe-r2scan")[:20]


def test_graphs_of_everything():
    found = measure_graphs(Toy.load("demo"), DATA, "default", seconds=30.0)
    assert found.complete
    assert found.edges.tolist() == [found.built[s].n_edges for s in range(len(DATA))]
    assert found.seconds.likely > 0


def test_what_there_is_no_time_for_is_estimated(monkeypatch):
    monkeypatch.setattr(graphs, "SAMPLE", 10)
    potential = Toy.load("demo")
    some, all_ = (measure_graphs(potential, DATA, "default", seconds=s) for s in (0.0, 30.0))
    assert len(some.built) == 10
    assert not some.complete
    assert some.edges.sum() == pytest.approx(all_.edges.sum(), rel=0.5)


def test_structures_without_a_graph_are_named():
    positions = DATA.positions.copy()
    positions[DATA.offsets[3]] = np.inf
    found = measure_graphs(Toy.load("demo"), replace(DATA, positions=positions), "default", seconds=30.0)
    assert len(found.mistakes) == 1
    assert str(DATA.id[3]) in found.mistakes[0]


def test_bytes_on_disk_are_those_that_a_store_takes(tmp_path):
    potential = Toy.load("demo")
    found = measure_graphs(potential, DATA, "default", seconds=30.0)
    build_graphs(potential, DATA, store=tmp_path)
    written = sum(path.stat().st_size for path in tmp_path.rglob("*.arrow"))
    # Besides, there are names, keys and sizes.
    assert 0 < written - found.stored * found.edges.sum() < 2_000 + 100 * len(DATA)
