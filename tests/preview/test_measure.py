"""What is measured leaves the potential as it was."""

from dataclasses import replace

import pytest
import torch

from transferkit.adapters.toy import Toy
from transferkit.data.bundled import bundled
from transferkit.finetuning.strategy import Strategy
from transferkit.preview import measure
from transferkit.preview.graphs import measure_graphs
from transferkit.preview.measure import Trial, measure_steps, peak_memory
from transferkit.training.consistency import Consistency
from transferkit.training.excursion import Excursions
from transferkit.training.loss import Loss
from transferkit.training.optimiser import Optimiser

DATA = bundled("gpaw-pbe-r2scan")[:20]


def trial(potential, **options):
    need = frozenset({"energy", "forces"})
    return Trial(potential, Strategy(), Loss(), Optimiser(), need, "default", structures=4, **options)


@pytest.mark.parametrize("ema", [None, 0.9])
def test_steps_cost_and_change_nothing(ema):
    potential = Toy.load("demo")
    before = {name: tensor.clone() for name, tensor in potential.state_dict().items()}
    built = measure_graphs(potential, DATA, "default", seconds=30.0).built
    graphs = [built[s] for s in range(len(DATA))]
    costs = measure_steps(trial(potential, ema=ema), DATA[:16], graphs[:16], DATA[16:], graphs[16:])
    assert all(span.likely > 0 for span in (costs.step, costs.evaluate, costs.predict, costs.energy))
    assert costs.steps >= measure.FEWEST
    size = sum(t.numel() * t.element_size() for t in potential.state_dict().values())
    assert costs.checkpoint > (3 if ema is None else 4) * size
    assert all(torch.equal(tensor, before[name]) for name, tensor in potential.state_dict().items())


def test_steps_aside_are_measured_too(monkeypatch):
    potential, loss = Toy.load("demo"), Loss(consistency=Consistency(1.2, 0.01))
    built = measure_graphs(potential, DATA, "default", seconds=30.0, skin=loss.skin).built
    graphs = [built[s] for s in range(len(DATA))]
    seen = []
    load = Excursions.load
    monkeypatch.setattr(Excursions, "load", lambda *a, **k: seen.append(1) or load(*a, **k))
    costs = measure_steps(replace(trial(potential), loss=loss), DATA[:16], graphs[:16], DATA[16:], graphs[16:])
    assert len(seen) == costs.steps + measure.WARM_UP


def test_a_plan_is_of_a_copy():
    potential = Toy.load("demo")
    plan = trial(potential).plan()
    assert plan.n_trainable == plan.n_total > 0
    assert all(p.requires_grad for p in potential.adapter.parameters())


def test_memory_is_that_of_the_process():
    assert 1e7 < peak_memory() < 1e12
