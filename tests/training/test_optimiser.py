"""Rates per block, and schedules whose shape does not depend on the number of steps."""

import pytest
import torch
from torch import nn

from transferkit.errors import RecipeError
from transferkit.finetuning.plan import Group
from transferkit.training.optimiser import Optimiser, Schedule, make


def groups():
    return [
        Group("embedding", (nn.Parameter(torch.ones(1)),), 0.1),
        Group("readout", (nn.Parameter(torch.ones(1)),)),
        Group("reference", (nn.Parameter(torch.ones(1, dtype=torch.float64)),)),
    ]


@pytest.mark.parametrize("total", [5, 30, 3000])
def test_cosine_starts_at_the_top_and_ends_at_the_floor_at_every_length(total):
    schedule = Schedule(Optimiser(floor=0.02), total)
    assert schedule.factor(0) == 1.0
    assert schedule.factor(total - 1) == pytest.approx(0.02)
    assert schedule.factor((total - 1) // 2) == pytest.approx(0.51, abs=0.3 / total + 1e-9 if total % 2 else 0.5)
    values = [schedule.factor(s) for s in range(total)]
    assert values == sorted(values, reverse=True)


def test_warm_up_is_a_share_of_all_steps():
    schedule = Schedule(Optimiser(warmup=0.1), 100)
    assert [schedule.factor(s) for s in range(10)] == pytest.approx([(s + 1) / 11 for s in range(10)])
    assert schedule.factor(10) == 1.0
    assert schedule.factor(99) == pytest.approx(0.01)


def test_one_step_is_a_full_one():
    assert Schedule(Optimiser(), 1).factor(0) == 1.0


def test_constant():
    assert {Schedule(Optimiser(schedule="constant"), 10).factor(s) for s in range(10)} == {1.0}


def test_plateau_drops_after_waiting_and_never_below_the_floor():
    schedule = Schedule(Optimiser(schedule="plateau", plateau_patience=2, plateau_factor=0.1, floor=0.05), 100)
    factors = []
    for loss in (1.0, 0.9, 0.9, 0.95, 0.8, 0.8, 0.8, 0.8, 0.8):
        schedule.evaluated(loss)
        factors.append(schedule.factor(50))
    assert factors == pytest.approx([1, 1, 1, 0.1, 0.1, 0.1, 0.05, 0.05, 0.05])


def test_only_plateau_listens():
    schedule = Schedule(Optimiser(schedule="constant", plateau_patience=1), 100)
    for _ in range(5):
        schedule.evaluated(1.0)
    assert schedule.factor(0) == 1.0


def test_plateau_continues():
    first = Schedule(Optimiser(schedule="plateau", plateau_patience=2), 10)
    first.evaluated(1.0)
    first.evaluated(1.0)
    second = Schedule(Optimiser(schedule="plateau", plateau_patience=2), 10)
    second.restore(first.state())
    for schedule in (first, second):
        schedule.evaluated(1.0)
    assert first.factor(0) == second.factor(0) == 0.5


def test_every_block_has_its_rate_and_e0_its_own_without_decay():
    settings = Optimiser("adamw", learning_rate=0.01, weight_decay=0.1, reference_learning_rate=0.5)
    optimiser = make(settings, groups())
    rate = Schedule(settings, 3).set(optimiser, 1)
    by_name = {g["name"]: g for g in optimiser.param_groups}
    assert rate == pytest.approx(0.01 * 0.505)
    assert [by_name[n]["lr"] for n in ("embedding", "readout", "reference")] == pytest.approx(
        [0.001 * 0.505, 0.01 * 0.505, 0.5 * 0.505]
    )
    assert [by_name[n]["weight_decay"] for n in ("embedding", "readout", "reference")] == [0.1, 0.1, 0.0]


def test_decay_is_decoupled_under_adamw_only():
    shrunk = {}
    for kind in ("adam", "adamw"):
        parts = groups()
        optimiser = make(Optimiser(kind, learning_rate=0.1, weight_decay=0.5), parts)
        for group in parts:
            group.params[0].grad = torch.full_like(group.params[0], 1e-30)
        Schedule(Optimiser(kind, learning_rate=0.1), 1).set(optimiser, 0)
        optimiser.step()
        shrunk[kind] = parts[1].params[0].item()
        assert parts[2].params[0].item() == pytest.approx(1.0)
    assert shrunk["adamw"] == pytest.approx(1 - 0.1 * 0.5)
    assert shrunk["adam"] == pytest.approx(0.9)  # the decay is a gradient, and Adam makes every gradient a full step


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "adan"}, "Did you mean 'adam'"),
        ({"schedule": "cosin"}, "Did you mean 'cosine'"),
        ({"learning_rate": 0.0}, "learning_rate is out of range: 0.0"),
        ({"reference_learning_rate": -1.0}, "reference_learning_rate"),
        ({"warmup": 1.0}, "warmup"),
        ({"floor": 2.0}, "floor"),
        ({"weight_decay": -0.1}, "weight_decay"),
        ({"plateau_factor": 1.0}, "plateau_factor"),
        ({"plateau_patience": 0}, "plateau_patience"),
    ],
)
def test_nonsense_is_refused(options, message):
    with pytest.raises(RecipeError, match=message):
        Optimiser(**options)
