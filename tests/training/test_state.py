"""What a checkpoint holds is all there is: a state that was saved and restored goes on alike."""

import json

import pytest
import torch

from transferkit.finetuning.strategy import Strategy, apply
from transferkit.training.ema import Ema
from transferkit.training.optimiser import Optimiser, Schedule, make
from transferkit.training.state import State


def state_of(potential):
    plan = apply(potential, Strategy("full"))
    settings = Optimiser(schedule="plateau")
    return State(potential, make(settings, plan.groups), Schedule(settings, 10), Ema(plan.parameters, 0.9))


def move(state, seed):
    generator = torch.Generator().manual_seed(seed)
    for group in state.optimiser.param_groups:
        for p in group["params"]:
            p.grad = torch.randn(p.shape, generator=generator, dtype=p.dtype)
    state.optimiser.step()
    state.ema.update()
    state.schedule.evaluated(1.0)
    state.progress.step += 1


def test_goes_on_alike(potential):
    from copy import deepcopy

    first, second = state_of(deepcopy(potential)), state_of(deepcopy(potential))
    for seed in range(3):
        move(first, seed)
    first.keep_best(0.25)
    info, tensors = first.save()
    second.restore(json.loads(json.dumps(info)), {k: v.clone() for k, v in tensors.items()})
    for state in (first, second):
        move(state, 7)
    a, b = first.save(), second.save()
    assert a[0] == b[0]
    assert a[1].keys() == b[1].keys()
    assert all(torch.equal(a[1][k], b[1][k]) for k in a[1])
    assert any(k.startswith("optimiser.") for k in a[1])


def test_the_best_weights_are_a_copy(potential):
    state = state_of(potential)
    state.keep_best(1.0)
    before = {k: v.clone() for k, v in state.best.items()}
    move(state, 0)
    assert all(torch.equal(state.best[k], before[k]) for k in before)
    assert not torch.equal(state.model.state_dict()["adapter.embedding.weight"], before["adapter.embedding.weight"])


def test_the_best_is_the_lowest_and_others_count_the_wait(potential):
    state = state_of(potential)
    for step, loss in enumerate((3.0, 1.0, 2.0, 1.0)):
        state.progress.step, state.progress.epoch = step, step + 1
        state.keep_best(loss)
    assert (state.progress.best_step, state.progress.best_epoch, state.progress.best_loss) == (1, 2, 1.0)
    assert state.progress.waited == 2


def test_the_average_is_what_is_evaluated(potential):
    state = state_of(potential)
    weight = potential.adapter.embedding.weight
    move(state, 0)
    raw = weight.detach().clone()
    with state.evaluated_weights():
        assert torch.equal(weight, state.ema.average[0])
    assert torch.equal(weight, raw)
    state.ema = None
    with state.evaluated_weights():
        assert torch.equal(weight, raw)


def test_other_weights_do_not_fit(potential):
    from transferkit.adapters.toy import Toy

    info, tensors = state_of(potential).save()
    with pytest.raises(RuntimeError, match="size mismatch"):
        state_of(Toy.scratch("tiny")).restore(info, tensors)
