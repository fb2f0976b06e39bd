"""A run is checked before its first step, and knows itself again."""

import pytest
import torch

from transferkit.errors import RecipeError
from transferkit.training.loss import Loss
from transferkit.training.session import check_numbers, fingerprint

FINE = {"epochs": None, "steps": 1, "ema": None, "clip": None}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epochs": 3}, "exactly one of epochs and steps; got epochs=3, steps=1"),
        ({"steps": None}, "exactly one"),
        ({"steps": 0}, "steps must be positive; got 0"),
        ({"ema": 1.0}, "between 0 and 1; got 1.0"),
        ({"clip": 0.0}, "clip must be positive; got 0.0"),
        ({"patience": -1}, "patience must be positive; got -1"),
    ],
)
def test_numbers_that_cannot_be_meant(options, message):
    check_numbers(**FINE)
    with pytest.raises(RecipeError, match=message):
        check_numbers(**{**FINE, **options})


def test_the_fingerprint_sees_weights_data_and_settings(potential, train, valid):
    settings = {"loss": Loss(), "steps": 3}
    first = fingerprint(potential, [train, valid], settings)
    assert first == fingerprint(potential, [train, valid], dict(settings))
    assert first != fingerprint(potential, [train, valid], {**settings, "steps": 4})
    assert first != fingerprint(potential, [train, valid], {**settings, "loss": Loss("mse")})
    assert first != fingerprint(potential, [train[:5], valid], settings)
    with torch.no_grad():
        potential.adapter.embedding.weight[0, 0] += 1e-9
    assert first != fingerprint(potential, [train, valid], settings)


def test_the_fingerprint_takes_any_memory_layout(potential, train, valid):
    # checkpoints of others hold columns cut out of wider tables, (n, 1) with a stride of the table
    column = torch.arange(18.0, dtype=torch.float64).reshape(2, 9)[:1, :].T
    assert column.is_contiguous()
    assert column.stride(-1) != 1
    potential.register_buffer("column", column)
    first = fingerprint(potential, [train, valid], {})
    potential.column = column.clone(memory_format=torch.contiguous_format)
    assert first == fingerprint(potential, [train, valid], {})


def test_a_checkpoint_is_due_at_the_end_of_an_epoch_or_in_a_long_one():
    from types import SimpleNamespace

    from transferkit.training.session import SAVE_LONG_S, SAVE_SHORT_S, Session

    def due(**more):
        self = SimpleNamespace(save_every=None, state=SimpleNamespace(progress=SimpleNamespace(step=3)))
        return Session.save_due(self, **more)

    assert not due(epoch_ends=True, since=SAVE_SHORT_S / 2)
    assert due(epoch_ends=True, since=SAVE_SHORT_S)
    assert not due(epoch_ends=False, since=SAVE_SHORT_S)
    assert due(epoch_ends=False, since=SAVE_LONG_S)
    assert not due(epoch_ends=True, since=SAVE_SHORT_S, cost=SAVE_SHORT_S)  # writing would take half of the time
