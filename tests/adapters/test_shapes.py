"""What a head shares and what is its own; also while it trains, is averaged, is interrupted and goes on."""

import pytest
import torch
from torch import nn

import transferkit as tk
from transferkit.adapters.shapes import SHAPES, Fidelity, copied, last_layers, vector_of, with_fidelity, with_vector
from transferkit.adapters.toy import Toy
from transferkit.training import loop
from transferkit.training.fit import fit

LIKE = torch.zeros(1)


class Branches(nn.Module):
    """Two readouts side by side, the second of two layers, and a number beside them."""

    def __init__(self):
        super().__init__()
        self.parts = nn.ModuleList([nn.Linear(2, 1), nn.Sequential(nn.Linear(2, 3), nn.LayerNorm(3), nn.Linear(3, 1))])
        self.register_buffer("scale", torch.ones(()))


def test_the_last_layers_of_branches():
    module = Branches()
    assert [id(m) for m in last_layers(module)] == [id(module.parts[0]), id(module.parts[1][2])]
    assert last_layers(nn.Sequential(nn.Linear(1, 1), nn.SiLU(), nn.Identity())) != []
    assert list(last_layers(nn.Sequential(nn.SiLU()))) == []


def test_last_linear_shares_what_comes_before_and_no_buffer():
    old = Branches()
    new = copied(old, "last-linear", like=LIKE)
    assert new.parts[1][0] is old.parts[1][0]
    assert new.parts[1][1] is old.parts[1][1]
    assert new.parts[0] is not old.parts[0]
    new.scale += 1
    assert old.scale.item() == 1
    own = {id(p) for p in new.parameters()} - {id(p) for p in old.parameters()}
    assert sum(p.numel() for p in new.parameters() if id(p) in own) == 3 + 4


@pytest.mark.parametrize("shape", SHAPES)
def test_a_copy_is_equal_and_has_what_its_shape_says(shape):
    old = nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 1))
    new, x = copied(old, shape, like=LIKE), torch.randn(3, 2)
    assert torch.equal(new(x), old(x))
    shared = {id(p) for p in new.parameters()} & {id(p) for p in old.parameters()}
    assert len(shared) == {"readout": 0, "last-linear": 2, "embedding": 4}[shape]


def test_a_vector_starts_at_zero_and_is_copied_by_every_shape():
    place = Fidelity(3)
    assert [vector_of(copied(place, shape, like=LIKE)) is None for shape in SHAPES] == [True, True, False]
    place.learn(LIKE.double())
    assert place.vector.dtype == torch.float64
    place.vector.data += 2
    place.learn(LIKE)  # keeps what is there
    for shape in SHAPES:
        new = copied(place, shape, like=LIKE)
        assert new.vector.tolist() == [2.0] * 3
        assert new.vector is not place.vector


def test_a_vector_acts_on_the_atoms_of_its_head_alone():
    x, head = torch.randn(4, 2), torch.tensor([0, 1, 2, 1])
    places = [Fidelity(2) for _ in range(3)]
    assert with_fidelity(x, places, head) is x
    places[1].learn(LIKE)
    places[1].vector.data += 1
    out = with_fidelity(x, places, head)
    assert torch.equal(out[[0, 2]], x[[0, 2]])
    assert torch.equal(out[[1, 3]], x[[1, 3]] + 1)
    assert torch.equal(with_vector(x, places[1], factor=0.5), x + 2)
    assert torch.equal(with_vector(x, places[0]), x)


@pytest.mark.parametrize("shape", ["last-linear", "embedding"])
def test_training_that_is_interrupted_keeps_what_heads_share(shape, tmp_path, monkeypatch):
    """Everything trains, with averaged weights: stopped and gone on with, it gives the same digits and one shared part."""
    data = tk.bundled("gpaw-pbe-r2scan")[:14]
    potential = Toy.load("demo")
    potential.add_head("r2SCAN", "default", shape=shape)
    shared = potential.blocks()["shared.default"]

    def trained(folder):
        settings = {"ema": 0.9, "steps": 5, "structures": 4, "resume": True, "quiet": True}
        return fit(potential, data[:10], data[10:], folder=tmp_path / folder, **settings)

    whole = trained("whole")
    stop_after(3, monkeypatch)
    assert trained("cut").stopped == "interrupted"
    monkeypatch.undo()
    rest = trained("cut")
    weights = [run.model.state_dict() for run in (whole, rest)]
    assert all(torch.equal(weights[0][k], weights[1][k]) for k in weights[0])
    after = rest.model.blocks()
    assert {name: len(block) for name, block in after.items()} == {n: len(b) for n, b in potential.blocks().items()}
    assert not all(torch.equal(p, q) for p, q in zip(shared, after["shared.default"], strict=True))
    assert any("share embedding to shared.default with r2SCAN: default" in note for note in rest.notes)


def stop_after(steps, monkeypatch):
    original = loop.step

    def step(session, module, index, loaded, *, asked):
        last = session.state.progress.step == steps - 1
        return original(session, module, index, loaded, asked=asked or last)

    monkeypatch.setattr(loop, "step", step)
