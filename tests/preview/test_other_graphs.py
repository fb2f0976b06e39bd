"""Graphs of other levels: steps are measured on mixed batches, and batches are counted with what the data bring along."""

import numpy as np
import pytest

from transferkit.pool import Job
from transferkit.preview.attempts import Attempts
from transferkit.preview.estimate import estimates
from transferkit.preview.other_graphs import other_graphs
from transferkit.preview.prepare import prepare
from transferkit.training.feed import mixed

PBE = {"source": "bundled:gpaw-pbe-r2scan@PBE", "fidelity": "PBE", "head": "default", "choose": {"structures": 25}}
NEW = {"name": "toy", "new_head": {"name": "r2SCAN"}}


@pytest.fixture
def run(recipe, tmp_path):
    def make(**options):
        attempts = Attempts()
        resolved = recipe(**options)
        found = prepare(Job("", resolved.seed, resolved, tmp_path / "run"), attempts)
        assert attempts.mistakes() == []
        return found, attempts

    return make


def test_without_other_levels_there_is_nothing(run):
    found, attempts = run()
    others = other_graphs(found, attempts, "", seconds=5.0)
    assert (others.beside, others.edges, others.stage, others.held, others.n_edges) == ((), (), None, 0.0, 0.0)
    assert others.complete
    assert list(others.draws(40, 0)) == []


def test_every_set_is_measured(run):
    found, attempts = run(adapter=NEW, beside=[PBE | {"ratio": 0.5}], pretrain=PBE_STAGE, forgetting=PBE_KNOWN)
    others = other_graphs(found, attempts, "", seconds=5.0)
    assert (len(others.edges[0]), others.heads, others.ratios) == (25, ("r2SCAN", "default"), (0.5,))
    assert len(others.stage) == len(found.levels.stage.train)
    assert others.held > 0
    batches = mixed(
        np.concatenate([np.ones(40), others.edges[0]]),
        others.draws(40, 0),
        targets=40,
        budget=10**9,
        max_structures=None,
        seed=0,
        epoch=1,
    )
    assert [len(batch) for batch in batches] == [60]


PBE_STAGE = {"source": PBE["source"], "fidelity": "PBE", "steps": 1}
PBE_KNOWN = {"source": PBE["source"], "fidelity": "PBE"}


def test_a_step_costs_what_the_mixed_batch_costs(run):
    alone, attempts = run(adapter=NEW)
    (one,) = estimates([alone], attempts, seconds=5.0, smoke=False).values()
    mixed_run, attempts = run(adapter=NEW, beside=[PBE | {"ratio": 3.0}])
    (two,) = estimates([mixed_run], attempts, seconds=5.0, smoke=False).values()
    assert two.length.steps == one.length.steps
    assert two.length.edges > 2 * one.length.edges
    assert two.stages["training"].likely > 0
    assert mixed_run.trial(()).heads == ["r2SCAN"]


def test_pre_training_is_a_stage(run):
    found, attempts = run(pretrain=PBE_STAGE | {"steps": 3})
    (one,) = estimates([found], attempts, seconds=5.0, smoke=False).values()
    assert one.stages["pre-training"].likely > 0
