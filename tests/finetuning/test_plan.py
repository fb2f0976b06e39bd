"""A plan says what trains, how fast, and when it opens."""

import pytest
import torch
from torch import nn

from transferkit.finetuning.plan import Group, Plan


def plan_of(unit="epochs", every=2):
    params = {name: nn.Parameter(torch.zeros(k + 2)) for k, name in enumerate(("input", "middle", "output"))}
    return Plan(
        kind="gradual",
        groups=tuple(Group(name, (p,)) for name, p in params.items()),
        trainable={"input": 2, "middle": 3, "output": 4},
        total={"input": 2, "middle": 3, "output": 4},
        stages=(("output",), ("middle",), ("input",)),
        every=every,
        unit=unit,
    )


def opened(plan):
    return [g.name for g in plan.groups if g.params[0].requires_grad]


@pytest.mark.parametrize(
    ("epoch", "expected"),
    [(1, ["output"]), (2, ["output"]), (3, ["middle", "output"]), (5, ["input", "middle", "output"]), (99, 3)],
)
def test_blocks_open_from_output_to_input_by_epoch(epoch, expected):
    plan = plan_of()
    plan.open(epoch=epoch, step=10**6)
    assert opened(plan) == (["input", "middle", "output"] if expected == 3 else expected)


def test_blocks_open_by_step():
    plan = plan_of(unit="steps", every=10)
    plan.open(epoch=99, step=9)
    assert opened(plan) == ["output"]
    plan.open(epoch=1, step=10)
    assert opened(plan) == ["middle", "output"]


def test_open_depends_on_nothing_before_and_says_when_it_changed_something():
    plan = plan_of()
    assert plan.open(epoch=1, step=0)
    assert not plan.open(epoch=2, step=5)
    assert plan.open(epoch=5, step=9)
    assert plan.open(epoch=1, step=0)  # and back: a function of epoch and step alone
    assert opened(plan) == ["output"]


def test_counts_and_json():
    plan = plan_of()
    assert (plan.n_trainable, plan.n_total, len(plan.parameters)) == (9, 9, 3)
    entry = plan.to_json()
    assert entry["blocks"]["middle"] == {"parameters": 3, "trainable": 3}
    assert (entry["kind"], entry["trainable"], entry["total"]) == ("gradual", 9, 9)


def test_summary_shows_every_block_and_the_stages():
    text = plan_of().summary()
    assert [line.split()[0] for line in text.splitlines()[1:4]] == ["input", "middle", "output"]
    assert "every 2 epochs: output > middle > input" in text
    assert "9 of 9 parameters are trainable" in text
