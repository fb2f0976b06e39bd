"""Graphs of parts: those of training reach further, and E0 is fitted on graphs that are there."""

import transferkit as tk
from transferkit.part_graphs import graphs_for, graphs_of

DATA = tk.bundled("gpaw-pbe-r2scan")[:40]


def test_only_training_needs_the_skin():
    model, parts = tk.load("toy"), tk.split(DATA, seed=0)
    found = graphs_of(model, parts, "default", skin=0.5, store=None, quiet=True)
    assert set(found) == {"train", "valid", "basis", *parts.tests}
    assert {g.skin for g in found["train"]} == {0.5}
    assert {g.skin for g in found["valid"]} == {0.0}
    assert found["basis"] is found["train"]


def test_e0_may_be_fitted_on_more():
    model, parts = tk.load("toy"), tk.split(DATA, seed=0)
    few = parts.with_train(parts.train[:5])
    found = graphs_of(model, few.__class__(few.train, few.valid, few.tests, few.info, parts.train), "default", skin=0.0, store=None, quiet=True)  # fmt: skip
    assert (len(found["train"]), len(found["basis"])) == (5, len(parts.train))


def test_one_more_set(tmp_path):
    found = graphs_for(tk.load("toy"), DATA[:3], "default", store=tmp_path / "graphs", quiet=True)
    assert len(found) == 3
    assert [*(tmp_path / "graphs").rglob("*.arrow")]
