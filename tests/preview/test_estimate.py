"""What one run takes, from what was measured."""

import pytest

from transferkit.pool import Job
from transferkit.preview import graphs
from transferkit.preview.attempts import Attempts
from transferkit.preview.estimate import estimates
from transferkit.preview.prepare import prepare


def estimated(recipe, folder, seconds=30.0, attempts=None, **groups):
    """With 0 ``seconds`` only a sample of the graphs is built."""
    attempts = attempts or Attempts()
    wanted = recipe(**groups)
    run = prepare(Job("", 0, wanted, folder / "x"), attempts)
    return estimates([run], attempts, seconds=seconds, smoke=False), attempts


def test_twice_the_steps_take_twice_the_training(recipe, tmp_path):
    once = Attempts()
    few, many = (estimated(recipe, tmp_path, attempts=once, training={"steps": n})[0].popitem()[1] for n in (100, 200))
    ratio = (many.stages["training"].likely / many.costs.step.likely) / (
        few.stages["training"].likely / few.costs.step.likely
    )
    assert ratio == pytest.approx(2, rel=0.02)
    assert many.to_json()["steps"] == 200
    assert many.to_json()["exact"]


def test_without_all_graphs_it_says_about(recipe, tmp_path, monkeypatch):
    monkeypatch.setattr(graphs, "SAMPLE", 60)
    monkeypatch.setattr("transferkit.preview.estimate.SAMPLE", 60)
    found = estimated(recipe, tmp_path, seconds=0.0)[0].popitem()[1]
    assert not found.to_json()["exact"]


def test_a_run_that_cannot_start_takes_nothing(recipe, tmp_path):
    found, attempts = estimated(recipe, tmp_path, adapter={"name": "toy", "checkpoint": "demmo"})
    assert found == {}
    assert len(attempts.mistakes()) == 1


def test_a_structure_without_a_graph_is_a_mistake(recipe, tmp_path, monkeypatch):
    from transferkit.adapters.toy import Toy
    from transferkit.errors import GraphError

    def refuse(*_, **__):
        raise GraphError("structure 'a': atoms 0 and 1 are 0.0000 Å apart")

    monkeypatch.setattr(Toy, "graph", refuse)
    found, attempts = estimated(recipe, tmp_path)
    assert found == {}
    assert "0.0000 Å apart" in attempts.mistakes()[0]["what"]


def test_a_small_training_part_is_measured_also_where_time_is_short(recipe, tmp_path, monkeypatch):
    monkeypatch.setattr(graphs, "SAMPLE", 2)
    data = recipe().data.model_dump() | {"subset": 1}
    found = estimated(recipe, tmp_path, seconds=0.0, data=data)[0].popitem()[1]
    assert found.costs.steps > 0


def test_gradual_strategies_are_told_apart(recipe, tmp_path):
    gradual = {"kind": "gradual", "every": 1, "unit": "steps"}
    once = {"attempts": Attempts(), "seconds": 0.0}
    assert estimated(recipe, tmp_path, **once, strategy=gradual)[0].popitem()[1].to_json()["gradual"] is True
    assert estimated(recipe, tmp_path, **once)[0].popitem()[1].to_json()["gradual"] is False


def test_copies_make_an_epoch_longer_and_cost_what_the_structure_does(recipe, tmp_path):
    lengths, once = [], {"attempts": Attempts(), "seconds": 0.0}
    for more in ({}, {"augmentation": {"kind": "noise", "copies": 3}}):
        training = {"epochs": 2, "batch": {"structures": 1}, **more}
        found, attempts = estimated(recipe, tmp_path, **once, training=training)
        assert attempts.mistakes() == []
        lengths.append(found.popitem()[1].to_json()["steps"])
    assert lengths[1] == 4 * lengths[0]
