"""The average follows its formula, leaves the raw weights alone, and continues bitwise."""

import pytest
import torch
from torch import nn

from transferkit.training.ema import Ema


def walk(ema, weight, values):
    for value in values:
        weight.data.fill_(value)
        ema.update()


def test_formula_with_growing_decay():
    weight = nn.Parameter(torch.zeros(1, dtype=torch.float64))
    ema = Ema([weight], decay=0.25)
    walk(ema, weight, [1.0, 2.0, 3.0])
    expected = 0.0
    for n, value in enumerate([1.0, 2.0, 3.0], start=1):
        decay = min(0.25, (1 + n) / (10 + n))
        expected = decay * expected + (1 - decay) * value
    assert ema.average[0].item() == pytest.approx(expected, rel=1e-12)


def test_a_short_run_forgets_its_start():
    weight = nn.Parameter(torch.zeros(1))
    ema = Ema([weight], decay=0.9999)
    walk(ema, weight, [1.0] * 150)
    assert ema.average[0].item() > 0.99


def test_weights_come_back_bitwise_even_after_an_error():
    weight = nn.Parameter(torch.tensor([0.1]))
    ema = Ema([weight], decay=0.5)
    weight.data.fill_(0.7)

    def fail_inside():
        with ema.in_place():
            assert weight.item() == pytest.approx(0.1)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_inside()
    assert weight.item() == torch.tensor(0.7).item()
    assert isinstance(weight, nn.Parameter)


def test_continues_bitwise():
    a, b = nn.Parameter(torch.zeros(3)), nn.Parameter(torch.zeros(3))
    first, second = Ema([a], decay=0.9), Ema([b], decay=0.9)
    walk(first, a, [0.1, 0.2])
    second.restore(first.state())
    walk(first, a, [0.3])
    walk(second, b, [0.3])
    assert torch.equal(first.average[0], second.average[0])
    assert first.updates == second.updates == 3
