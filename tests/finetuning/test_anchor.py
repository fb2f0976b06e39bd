"""Anchors: the gradient is that of the penalty, strong ones hold, important weights are held most, E0 and frozen ones not."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import transferkit as tk
from transferkit.adapters.toy import Toy
from transferkit.errors import DataError, RecipeError, RunFolderError
from transferkit.finetuning.anchor import Anchor, Pull, fisher
from transferkit.finetuning.strategy import Strategy, apply
from transferkit.training import loop
from transferkit.training.fit import fit
from transferkit.training.optimiser import Optimiser

HEADS = ("magmom", "readout")


@pytest.fixture(scope="module")
def data():
    return tk.bundled("gpaw-pbe-r2scan")[:6]


@pytest.fixture
def potential():
    return Toy.load("demo", dtype=torch.float64)


@pytest.fixture(scope="module")
def graphs(data):
    return [Toy.load("demo").graph(s) for s in data]


def move(plan, size=0.1, seed=0):
    """Every parameter that trains, away from where it was."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for p in plan.parameters:
            p.add_(size * torch.randn(p.shape, generator=generator, dtype=p.dtype))


@pytest.mark.parametrize("on", ["all", "backbone", "heads"])
@pytest.mark.parametrize("elastic", [False, True])
def test_what_is_added_is_the_gradient_of_the_penalty(potential, graphs, on, elastic):
    plan = apply(potential, Strategy())
    pull = Pull(Anchor(0.3, on, fisher(potential, graphs) if elastic else None), potential, plan)
    assert pull.penalty() == 0.0
    move(plan)
    before = {}
    for group in plan.groups:
        for p in group.params:
            p.grad = torch.randn_like(p)
            before[p] = p.grad.clone()
    pull.add_gradients()
    step = 1e-6
    for group in plan.groups:
        held = on == "all" or (group.name.startswith(HEADS) == (on == "heads"))
        for p in group.params:
            added = (p.grad - before[p]).flatten()
            assert held or not added.any()
            for k in {0, p.numel() // 2, p.numel() - 1}:
                flat = p.data.view(-1)
                here, values = flat[k].item(), []
                for side in (step, -step):
                    flat[k] = here + side
                    values.append(pull.penalty())
                flat[k] = here
                assert added[k].item() == pytest.approx((values[0] - values[1]) / (2 * step), rel=1e-4, abs=1e-7)


def test_the_same_strength_means_the_same_for_both_kinds(potential, graphs):
    plan = apply(potential, Strategy())
    pulls = [Pull(Anchor(0.5, importance=i), potential, plan) for i in (None, fisher(potential, graphs))]
    start = [p.detach().clone() for p in plan.parameters]
    with torch.no_grad():  # all weights moved alike: only then is the penalty the mean of the importance
        for p in plan.parameters:
            p.add_(0.1)
    n = sum(p.numel() for p in start)
    assert [pull.penalty() for pull in pulls] == pytest.approx([0.5 * n * 0.01] * 2)


def descend(potential, anchor, graphs, labels, *, steps=60, rate=1e-3):
    """Plain gradient descent on the energies; how far each parameter went."""
    plan = apply(potential, Strategy())
    pull = Pull(anchor, potential, plan)
    start = [p.detach().clone() for p in plan.parameters]
    batch = potential.collate(graphs)
    for _ in range(steps):
        for p in plan.parameters:
            p.grad = None
        out = potential(batch, need=frozenset({"energy"}))
        (((out.energy - labels) / batch.n_atoms) ** 2).mean().backward()
        pull.add_gradients()
        with torch.no_grad():
            for p in plan.parameters:
                if p.grad is not None:
                    p.sub_(rate * p.grad)
    return [(p - s).detach() for p, s in zip(plan.parameters, start, strict=True)], pull


def test_a_strong_anchor_keeps_the_weights(potential, graphs, data):
    labels = torch.tensor(data.energy)
    free, _ = descend(Toy.load("demo", dtype=torch.float64), Anchor(0.0), graphs, labels)
    held, pull = descend(potential, Anchor(400.0), graphs, labels)
    far, near = (sum(float((x**2).sum()) for x in moved) for moved in (free, held))
    assert near < 1e-2 * far
    assert pull.penalty() == pytest.approx(400.0 * near)


def test_elastic_weights_hold_important_directions_more(potential, graphs):
    importance = fisher(potential, graphs[:3])
    names = {id(p): n for n, p in potential.named_parameters()}
    flat = torch.cat([importance[names[id(p)]].flatten() for p in apply(potential, Strategy()).parameters])
    matters = flat > flat.quantile(0.95)
    with torch.no_grad():  # other structures are to lie half an eV per atom higher
        batch = potential.collate(graphs[3:])
        labels = potential(batch, need=frozenset({"energy"})).energy + 0.5 * batch.n_atoms
    squares = {}
    for kind, given in (("l2-sp", None), ("ewc", importance)):
        model = Toy.load("demo", dtype=torch.float64)
        moved, _ = descend(model, Anchor(1.0, importance=given), graphs[3:], labels, steps=100, rate=1e-4)
        square = torch.cat([x.flatten() for x in moved]) ** 2
        squares[kind] = float(square[matters].sum()), float(square[~matters].sum())
    assert squares["ewc"][0] < 0.5 * squares["l2-sp"][0]
    assert squares["ewc"][1] > 0.8 * squares["l2-sp"][1]


def test_fisher_is_the_mean_square_of_the_derivative(potential, graphs):
    found = fisher(potential, graphs, forces=False)["adapter.readouts.0.2.weight"]
    weight = potential.adapter.readouts[0][2].weight
    step, values = 1e-5, []
    for graph in graphs:
        ends = []
        for side in (step, -step):
            with torch.no_grad():
                weight[0, 3] += side
                ends.append(potential(potential.collate([graph]), need=frozenset({"energy"})).energy.item())
                weight[0, 3] -= side
        values.append(((ends[0] - ends[1]) / (2 * step) / graph.n_atoms) ** 2)
    assert found[0, 3].item() == pytest.approx(np.mean(values), rel=1e-5)


def test_of_many_structures_some_are_taken_by_the_seed(potential, graphs):
    seen = []
    found = fisher(potential, graphs, structures=2, seed=1, progress=lambda *n: seen.append(n))
    assert seen == [(1, 2), (2, 2)]
    again, other = (fisher(potential, graphs, structures=2, seed=s) for s in (1, 2))
    name = "adapter.readouts.0.2.weight"
    assert torch.equal(found[name], again[name])
    assert not torch.equal(found[name], other[name])


def test_random_directions_of_forces_give_the_sum_over_components(potential, data):
    # A cell without symmetry, so that forces depend on the weights.
    atoms = data[5]
    shaken = atoms.positions + np.random.default_rng(1).normal(scale=0.1, size=atoms.positions.shape)
    graph = potential.graph(replace(atoms.structure(0), positions=shaken))
    weight, name = potential.adapter.readouts[0][2].weight, "adapter.readouts.0.2.weight"
    potential.requires_grad_()
    out = potential(potential.collate([graph]), need=frozenset({"forces"}), create_graph=True)
    exact = (
        sum(
            torch.autograd.grad(component, weight, retain_graph=True)[0][0, 3] ** 2
            for component in out.forces.flatten()
        )
        / out.forces.numel()
    )
    without = fisher(potential, [graph], forces=False)[name][0, 3]
    drawn = [fisher(potential, [graph], seed=s)[name][0, 3] - without for s in range(150)]
    assert float(torch.stack(drawn).mean()) == pytest.approx(float(exact), rel=0.3)


def test_frozen_parameters_and_e0_are_untouched_and_blocks_that_open_later_are_held(potential):
    model = potential.with_reference(potential.reference(), trainable=True)
    plan = apply(model, Strategy("gradual", every=2, unit="steps"))
    pull = Pull(Anchor(1.0), model, plan)
    move(plan)
    pull.add_gradients()
    embedding = model.adapter.embedding.weight
    assert model.e0.grad is None
    assert embedding.grad is None
    assert model.adapter.readouts[0][2].weight.grad is not None
    plan.open(epoch=1, step=100)
    pull.add_gradients()
    assert embedding.grad.abs().max() > 0
    assert model.e0.grad is None


def test_a_resumed_run_is_pulled_to_where_the_run_began(potential):
    """A Pull is made before a checkpoint is restored, so it needs no place in one."""
    plan = apply(potential, Strategy())
    pull = Pull(Anchor(1.0), potential, plan)
    move(plan)
    state = {k: v.clone() for k, v in potential.state_dict().items()}
    expected = pull.penalty()

    again = Toy.load("demo", dtype=torch.float64)
    second = Pull(Anchor(1.0), again, apply(again, Strategy()))
    again.load_state_dict(state)
    assert second.penalty() == expected


def test_what_no_data_reach_stays_as_it_is_and_what_has_moved_is_pulled(potential):
    plan = apply(potential, Strategy())
    pull = Pull(Anchor(1.0), potential, plan)
    embedding = potential.adapter.embedding.weight
    with torch.no_grad():
        embedding.add_(0.5)
    pull.add_gradients()
    assert embedding.grad == pytest.approx(torch.ones_like(embedding))
    assert all(p.grad is None for p in plan.parameters if p is not embedding)


class TestInARun:
    """Of a run with the loop, checkpoints and the optimiser."""

    def run(self, strength, folder=None, kind="l2-sp", **options):
        data, potential = tk.bundled("gpaw-pbe-r2scan"), Toy.load("demo", dtype=torch.float64)
        importance = None
        if kind == "ewc":
            importance = fisher(potential, [potential.graph(s) for s in data[:4]])
        return potential, fit(
            potential,
            data[:12],
            data[12:16],
            steps=6,
            structures=4,
            optimiser=Optimiser(learning_rate=1e-3, schedule="constant"),
            anchor=None if strength is None else Anchor(strength, importance=importance),
            folder=folder,
            resume=True,
            quiet=True,
            **options,
        )

    def test_resumed_is_uninterrupted_to_the_bit(self, tmp_path, monkeypatch):
        _, whole = self.run(0.1, tmp_path / "whole", kind="ewc")
        original = loop.step

        def stopping(session, *args, **kwargs):
            return original(session, *args, **kwargs) or session.state.progress.step == 3

        monkeypatch.setattr(loop, "step", stopping)
        assert self.run(0.1, tmp_path / "cut", kind="ewc")[1].stopped == "interrupted"
        monkeypatch.undo()
        _, rest = self.run(0.1, tmp_path / "cut", kind="ewc")
        assert rest.stopped == "finished"
        assert rest.history[-1]["train"]["anchor"] == whole.history[-1]["train"]["anchor"] > 0
        expected = whole.potential.state_dict()
        assert all(torch.equal(value, expected[name]) for name, value in rest.potential.state_dict().items())

    def test_another_anchor_is_another_run(self, tmp_path):
        self.run(0.1, tmp_path)
        with pytest.raises(RunFolderError):
            self.run(0.2, tmp_path)

    def test_a_strong_one_keeps_the_weights_near(self):
        last = {strength: self.run(strength)[1].history[-1]["train"]["anchor"] for strength in (1e-9, 100.0)}
        free, held = (penalty / strength for strength, penalty in last.items())
        assert 0 < held < 0.3 * free

    def test_frozen_weights_stay_to_the_bit(self):
        potential, result = self.run(1.0, strategy=Strategy("heads"))
        before, after = potential.blocks(), result.potential.blocks()
        for name, parameters in before.items():
            same = all(torch.equal(a, b) for a, b in zip(parameters, after[name], strict=True))
            assert same or name.startswith(HEADS)


def test_other_heads_have_no_importance_and_are_not_changed(potential, graphs):
    potential.add_head("r2SCAN", copy_of="default")
    found = fisher(potential, graphs, "default")
    assert not found["adapter.readouts.1.2.weight"].any()
    assert found["adapter.readouts.0.2.weight"].any()
    assert all(p.grad is None for p in potential.parameters())


class TestMistakes:
    def test_settings(self):
        with pytest.raises(RecipeError, match=r"anchor.on: nothing is called 'backbon'. Did you mean 'backbone'\?"):
            Anchor(1.0, on="backbon")
        for wrong in (-1.0, float("nan")):
            with pytest.raises(RecipeError, match=r"anchor.strength must be zero or positive"):
                Anchor(wrong)

    def test_nothing_to_hold(self, potential):
        plan = apply(potential, Strategy("heads"))
        with pytest.raises(RecipeError, match=r"trains only magmom\.default, readout\.default: nothing would be held"):
            Pull(Anchor(1.0, on="backbone"), potential, plan)

    def test_importance_of_another_potential(self, potential, graphs):
        found = fisher(potential, graphs)
        potential.add_head("r2SCAN", copy_of="default")
        with pytest.raises(RecipeError, match=r"has nothing for adapter\.\w+\.1.* after its heads were added"):
            Pull(Anchor(1.0, importance=found), potential, apply(potential, Strategy()))

    def test_importance_that_holds_nothing(self, potential, graphs):
        potential.add_head("r2SCAN", copy_of="default")
        plan = apply(potential, Strategy("heads"), heads=["r2SCAN"])
        with pytest.raises(RecipeError, match=r"has a mean of 0\.0 over what is held"):
            Pull(Anchor(1.0, importance=fisher(potential, graphs, "default")), potential, plan)

    def test_no_structures(self, potential):
        with pytest.raises(DataError, match="there are none"):
            fisher(potential, [])


def test_the_record_tells_importances_apart(potential, graphs):
    one, two = (Anchor(1.0, importance=fisher(potential, graphs[:n])).to_json() for n in (2, 3))
    assert one["kind"] == "ewc"
    assert one["importance"] != two["importance"]
