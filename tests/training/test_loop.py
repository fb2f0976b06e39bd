"""A NaN stops the run before it reaches the weights, and names what a user needs to know."""

import numpy as np
import pytest
import torch
from torch import nn

from transferkit.errors import TrainingDiverged
from transferkit.training import checkpoint
from transferkit.training.fit import fit
from transferkit.training.loss import Loss
from transferkit.training.optimiser import Optimiser


def poison(potential, monkeypatch, *, at_call, gradient_only=False):
    """Make the energy, or only its gradient, NaN at the n-th training batch."""
    cls, calls = type(potential), []
    original = cls.forward

    def forward(self, batch, **options):
        from dataclasses import replace

        out = original(self, batch, **options)
        calls.append(torch.is_grad_enabled())
        if sum(calls) != at_call or not calls[-1]:
            return out
        if not gradient_only:
            return replace(out, energy=out.energy * torch.nan)
        bad = torch.sqrt((out.energy - out.energy.detach()).abs())  # zero, with an infinite slope
        return replace(out, energy=out.energy + bad * 0.0 + bad)

    monkeypatch.setattr(cls, "forward", forward)


@pytest.fixture
def parts(train, valid):
    return train, valid


@pytest.mark.parametrize("gradient_only", [False, True])
def test_a_nan_stops_the_run_and_the_last_good_checkpoint_stays(potential, parts, tmp_path, monkeypatch, gradient_only):
    poison(potential, monkeypatch, at_call=6, gradient_only=gradient_only)
    what = "norm of the gradient" if gradient_only else "loss"
    with pytest.raises(TrainingDiverged, match=rf"the {what} became nan at step 6 \(learning rate 0.001") as error:
        fit(
            potential, *parts, steps=9, structures=8, folder=tmp_path, quiet=True,
            optimiser=Optimiser(schedule="constant"), loss=Loss(weights={"energy": 1.0}),
        )  # fmt: skip
    assert sum(str(name) in str(error.value) for name in parts[0].id) >= 8  # the structures of that batch
    assert str(tmp_path / "checkpoint") in str(error.value)
    info, tensors = checkpoint.load(tmp_path / "checkpoint")
    assert info["progress"]["step"] == 3
    assert all(torch.isfinite(t).all() for t in tensors.values())


def test_a_validation_loss_that_is_nan_stops_the_run(potential, train, valid):
    with torch.no_grad():
        potential.adapter.embedding.weight[int(valid.numbers[0])] = torch.nan
    elsewhere = [s for s in range(len(train)) if valid.numbers[0] not in train.structure(s).numbers]
    with pytest.raises(TrainingDiverged, match="validation loss became nan"):
        fit(potential, train[elsewhere], valid, steps=1, quiet=True)


def test_the_gradient_is_that_of_the_whole_batch(potential, train, valid, monkeypatch):
    """Against a loss written out by hand: Huber over the batch, each label divided by its own count."""
    from transferkit.adapters.graphs import build_graphs
    from transferkit.typing import PROPERTIES
    from transferkit.units import GPA

    seen = {}

    def keep(self, closure=None):
        seen.update({id(p): p.grad.clone() for g in self.param_groups for p in g["params"] if p.grad is not None})
        seen["norm"] = sum(
            float(p.grad.square().sum()) for g in self.param_groups for p in g["params"] if p.grad is not None
        )

    monkeypatch.setattr(torch.optim.Adam, "step", keep)
    fit(potential, train, valid, steps=1, structures=len(train), quiet=True)

    graphs = build_graphs(potential, train)
    out = potential(potential.adapter.collate(graphs, [0] * len(graphs)), need=frozenset(PROPERTIES), create_graph=True)
    huber = nn.HuberLoss(delta=0.1)
    n_atoms = torch.from_numpy(train.n_atoms.copy())
    target = {p: torch.from_numpy(np.array(getattr(train, p))) for p in PROPERTIES}
    loss = (
        3.0 * huber(out.energy / n_atoms, target["energy"] / n_atoms)
        + 1.0 * huber(out.forces.double(), target["forces"])
        + 0.1 * huber(out.stress.double() / GPA, target["stress"] / GPA)
        + 1.0 * huber(out.magmoms.double(), target["magmoms"])
    )
    loss.backward()
    expected = sum(float(p.grad.square().sum()) for p in potential.parameters() if p.grad is not None)
    assert seen["norm"] == pytest.approx(expected, rel=1e-9)
