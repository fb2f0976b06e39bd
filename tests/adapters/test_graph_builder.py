"""Graphs are built once by whoever comes first; errors and kills lose nothing that was built."""

import multiprocessing
import os
import subprocess
import sys
import time
from concurrent.futures import Future
from concurrent.futures import ProcessPoolExecutor as Pool
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace

import numpy as np
import pytest

import transferkit as tk
from transferkit.adapters import graph_builder, graphs
from transferkit.adapters.graph_store import GraphStore, geometry_keys
from transferkit.adapters.graphs import build_graphs
from transferkit.adapters.toy import Toy
from transferkit.data.array_shard import DRAFT
from transferkit.errors import GraphError

PROCESS = """
import os, signal, sys
from pathlib import Path
import transferkit as tk
from transferkit.adapters.graphs import build_graphs
from transferkit.adapters.toy import Toy
from transferkit.data import array_shard
built = []
original = Toy.graph
Toy.graph = lambda self, s, **k: (built.append(s.id), original(self, s, **k))[1]
def build():
    return build_graphs(Toy.scratch("tiny"), tk.bundled("gpaw-pbe-r2scan")[:60], store=Path(sys.argv[1]), head="default")
if os.fork() == 0:
    array_shard.os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)
    build()
    os._exit(0)
print(os.waitstatus_to_exitcode(os.wait()[1]), flush=True)
sys.stdin.readline()
found = build()
print(len(built), sum(g.n_edges for g in found))
"""


@pytest.fixture
def potential():
    return Toy.scratch("tiny")


@pytest.fixture(scope="module")
def data():
    return tk.bundled("gpaw-pbe-r2scan")[:60]


@pytest.fixture(scope="module")
def broken(data):
    """Two atoms of structure 50, and of 55, coincide."""
    positions = data.positions.copy()
    for s in (50, 55):
        a = data.offsets[s]
        positions[a + 1] = positions[a]
    return replace(data, positions=positions)


def test_two_processes_at_once_after_one_that_was_killed(potential, data, tmp_path, monkeypatch):
    command = [sys.executable, "-c", PROCESS, str(tmp_path)]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdout.readline() == "-9\n"
    assert len([*tmp_path.rglob(f"{DRAFT}*")]) == 1  # half written, and never read
    child.stdin.write("go\n")
    child.stdin.flush()
    seen = []
    stored = build_graphs(
        potential, data, store=tmp_path, head="default", progress=lambda done, _: (seen.append(done), time.sleep(0.002))
    )
    built, edges = map(int, child.communicate()[0].split())
    own = 60 if len(seen) > 1 else 0
    assert sorted([built, own]) == [0, 60]  # one built all of them, the other waited and read
    assert edges == stored.n_edges.sum() == sum(g.n_edges for g in build_graphs(potential, data, head="default"))
    assert len([*tmp_path.rglob("*.arrow")]) == 1
    assert not [*tmp_path.rglob(f"{DRAFT}*")]


def kept(potential, data, folder):
    keys = geometry_keys(data)
    found = GraphStore(folder, potential.adapter, 0.0).find(keys)
    return [s for s, key in enumerate(keys) if key in found]


def test_an_error_names_the_structure_and_keeps_what_came_before(potential, broken, tmp_path):
    seen = []
    with pytest.raises(GraphError, match=repr(str(broken.id[50]))):
        build_graphs(potential, broken, store=tmp_path, head="default", progress=lambda *now: seen.append(now))
    assert kept(potential, broken, tmp_path) == list(range(50))
    assert seen[-1] == (50, 60)
    with pytest.raises(GraphError, match=repr(str(broken.id[50]))):
        build_graphs(potential, broken, store=tmp_path, head="default", progress=lambda *now: seen.append(now))
    assert seen[51:] == [(50, 60)]  # what is there counts as done


def test_ctrl_c_keeps_what_came_before(potential, data, tmp_path, monkeypatch):
    original = type(potential.adapter).graph

    def stop(self, structure, **options):
        if structure.id == data.id[20]:
            raise KeyboardInterrupt
        return original(self, structure, **options)

    monkeypatch.setattr(type(potential.adapter), "graph", stop)
    with pytest.raises(KeyboardInterrupt):
        build_graphs(potential, data, store=tmp_path, head="default")
    assert kept(potential, data, tmp_path) == list(range(20))


def test_much_is_written_in_several_files(potential, data, tmp_path, monkeypatch):
    monkeypatch.setattr(graph_builder, "SHARD_BYTES", 20_000)
    stored = build_graphs(potential, data, store=tmp_path, head="default")
    assert 1 < len([*tmp_path.rglob("*.arrow")]) < 20
    assert [g.id for g in stored] == data.id.tolist()


def test_processes_share_what_is_much(potential, broken, tmp_path, monkeypatch):
    """Of two broken structures the first is named; pieces that were under way are kept."""
    monkeypatch.setattr(graph_builder, "LOOK_S", 0.0)
    monkeypatch.setattr(graph_builder, "START_S", 0.0)
    monkeypatch.setattr(graph_builder, "ceil", lambda _: 8)
    monkeypatch.setattr(graphs, "own_cores", lambda: 2)
    # one process of the two: each needs seconds to import torch
    monkeypatch.setattr(graph_builder, "ProcessPoolExecutor", lambda _, *start, **more: Pool(1, *start, **more))
    seen = []
    with pytest.raises(GraphError, match=repr(str(broken.id[50]))):
        build_graphs(potential, broken, store=tmp_path, head="default", progress=lambda *now: seen.append(now))
    found = kept(potential, broken, tmp_path)
    assert found[:50] == list(range(50))
    assert not {50, 55} & {*found}
    assert seen[0] == (0, 60)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    monkeypatch.setattr(graphs, "own_cores", lambda: 1)
    whole = np.array([s for s in range(60) if s not in {50, 55}])
    fresh, stored = (build_graphs(potential, broken[whole], head="default", store=s) for s in (None, tmp_path))
    assert all(np.array_equal(a.edges, b.edges) and a.id == b.id for a, b in zip(fresh, stored, strict=True))


def test_little_work_starts_no_process(potential, data, tmp_path, monkeypatch):
    monkeypatch.setattr(graph_builder, "ProcessPoolExecutor", None)
    monkeypatch.setattr(graph_builder, "LOOK_S", 0.0)
    monkeypatch.setattr(graphs, "own_cores", lambda: 64)
    assert len(build_graphs(potential, data, store=tmp_path, head="default")) == 60


def test_a_folder_that_cannot_be_written_is_named(potential, data, tmp_path):
    if os.geteuid() == 0:
        (tmp_path / "graphs").write_text("a file")
    else:
        (tmp_path / "graphs").mkdir(mode=0o500)
    with pytest.raises(OSError, match="graphs"):
        build_graphs(potential, data, store=tmp_path / "graphs", head="default")


def test_a_script_that_a_process_runs_once_more_does_not_wait_for_itself(potential, data, tmp_path, monkeypatch):
    """As multiprocessing says it while it imports a script without ``if __name__ == "__main__":``."""
    monkeypatch.setattr(multiprocessing.current_process(), "_inheriting", True, raising=False)
    with pytest.raises(GraphError, match="__main__"):
        build_graphs(potential, data, store=tmp_path, head="default")
    assert len(build_graphs(potential, data, head="default")) == 60


def test_a_process_that_ends_without_a_word_is_one_clear_error(potential, data, tmp_path, monkeypatch):
    class Broken:
        def __init__(self, *_, **__):
            pass

        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

        def submit(self, *_):
            future = Future()
            future.set_exception(BrokenProcessPool("killed"))
            return future

    monkeypatch.setattr(graph_builder, "ProcessPoolExecutor", Broken)
    monkeypatch.setattr(graph_builder, "LOOK_S", 0.0)
    monkeypatch.setattr(graph_builder, "START_S", 0.0)
    monkeypatch.setattr(graphs, "own_cores", lambda: 2)
    with pytest.raises(GraphError, match="has ended without a word"):
        build_graphs(potential, data, store=tmp_path, head="default")
    assert kept(potential, data, tmp_path)
