"""Who steps aside and where to depends on counters alone; a run with the losses is a run like any other."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from transferkit.adapters.graphs import build_graphs
from transferkit.data.structures import concatenate
from transferkit.errors import GraphError, RecipeError, UnsupportedProperty
from transferkit.finetuning.strategy import Strategy
from transferkit.training.consistency import Consistency
from transferkit.training.excursion import Excursions, check_steps
from transferkit.training.feed import Feed
from transferkit.training.fit import fit
from transferkit.training.loss import Loss, Objective
from transferkit.training.optimiser import Optimiser
from transferkit.training.state import Progress

BOTH = Consistency(1.0, 0.5, 0.5, 0.05)
CPU = torch.device("cpu")
ENERGY = frozenset({"energy"})


def excursions(potential, data, settings=BOTH, *, skin=None):
    graphs = build_graphs(potential, data, skin=settings.skin if skin is None else skin, head="default")
    return Excursions(Feed(data, graphs, potential.adapter, 0, 10**6, 4, seed=3), settings, total=10)


def load(found, index, mine=None, *, progress=None, hidden=False):
    mine = index if mine is None else mine
    return found.load(np.array(index), np.array(mine), hidden=hidden, progress=progress or Progress(), device=CPU)


def test_copies_follow_the_labelled_structures_and_have_no_labels(potential, train):
    batch, labels, moves = load(excursions(potential, train), [3, 5, 8])
    assert batch.n_structures == 9
    assert len(labels.energy) == 3
    assert moves.apart is None
    assert len(labels.forces) == len(moves.first) == len(moves.atoms)
    first_order = load(excursions(potential, train, replace(BOTH, kappa=0.0)), [3, 5, 8])
    assert (first_order[0].n_structures, first_order[2].apart.n_structures) == (6, 3)
    assert load(excursions(potential, train, replace(BOTH, kappa=0.0, pisc=0.0)), [3, 5, 8])[0].n_structures == 3


def test_large_batches_are_not_joined_on_a_cpu(potential, train):
    found = excursions(potential, train)
    batch, _, moves = load(replace(found, most_joined=sum(g.n_edges for g in found.feed.graphs[:2])), [0, 1])
    assert (batch.n_structures, moves.behind, moves.apart.n_structures) == (2, False, 2)


@pytest.mark.parametrize(("fraction", "expected"), [(1.0, 8), (0.5, 4), (0.3, 3), (0.01, 1)])
def test_a_fraction_of_the_batch_takes_part(potential, train, fraction, expected):
    found = excursions(potential, train, replace(BOTH, fraction=fraction))
    index = [1, 2, 4, 6, 9, 11, 13, 20]
    batch, labels, moves = load(found, index)
    assert (len(moves.chosen), batch.n_structures) == (expected, 8 + 2 * expected)
    assert moves.owner.bincount().tolist() == labels.n_atoms[moves.chosen].tolist()
    seen = {
        k for position in range(40) for k in load(found, index, progress=Progress(position=position))[2].chosen.tolist()
    }
    assert seen == set(range(8))  # everybody's turn comes


def test_numbers_follow_from_seed_epoch_place_and_structure(potential, train):
    found = excursions(potential, train)
    moves = load(found, [3, 5])[2]
    assert torch.equal(moves.first, load(found, [3, 5])[2].first)
    assert not torch.equal(moves.first, moves.second)
    for other in (Progress(epoch=2), Progress(position=1)):
        assert not torch.equal(moves.first, load(found, [3, 5], progress=other)[2].first)
    other = replace(found, feed=replace(found.feed, seed=4))
    assert not torch.equal(moves.first, load(other, [3, 5])[2].first)
    last = train.n_atoms[5]
    assert torch.equal(moves.second[-last:], load(found, [9, 5])[2].second[-last:])


@pytest.mark.parametrize("fraction", [1.0, 0.4])
def test_two_ranks_compute_what_one_does(potential, train, fraction):
    settings = replace(BOTH, fraction=fraction)
    found = excursions(potential, train, settings)
    objective = Objective(potential, Loss(weights={"energy": 1.0}, consistency=settings), ENERGY)
    index = [3, 5, 8, 13, 21]
    whole = objective(*load(found, index))[1]
    parts = [objective(*load(found, index, index[rank::2]))[1] for rank in (0, 1)]
    assert torch.allclose(whole, parts[0] + parts[1], rtol=1e-10)
    assert whole[1, 4] == np.ceil(fraction * 5)


def test_a_stand_in_steps_nowhere(potential, train):
    batch, labels, moves = load(excursions(potential, train), [3], hidden=True)
    assert moves is None
    assert batch.n_structures == 1
    assert not labels.mask["energy"].any()


def test_too_little_skin_is_refused_and_the_skin_needed_is_named(potential, train, valid):
    with pytest.raises(GraphError, match=r"skin of 0\.1 Å, and displacements of 0\.05 Å \(uniform\) need 0\.174 Å"):
        excursions(potential, train, skin=0.1)
    assert excursions(potential, train, skin=0.174)
    assert excursions(potential, train, replace(BOTH, direction="random"), skin=0.1)
    graphs = build_graphs(potential, train, head="default")
    with pytest.raises(GraphError, match=r"build_graphs\(\.\.\., skin=0\.174\)"):
        fit(potential, train, valid, graphs=graphs, loss=Loss(consistency=BOTH), steps=1, quiet=True)


def test_adversarial_steps_need_force_labels(potential, train):
    adversarial = replace(BOTH, direction="adversarial")
    with pytest.raises(RecipeError, match=r"24 of 24 training structures have no force labels.*Take uniform or random"):
        excursions(potential, train.without("forces"), adversarial)
    assert excursions(potential, train, adversarial)


def test_atoms_alone_cannot_step_aside(train):
    single = train[np.flatnonzero(train.n_atoms == train.n_atoms.min())]
    lonely = replace(
        single[:1], numbers=single.numbers[:1], positions=single.positions[:1], forces=single.forces[:1],
        magmoms=single.magmoms[:1], offsets=np.array([0, 1]),
    )  # fmt: skip
    with pytest.raises(RecipeError, match=r"all 1 training structures have a single atom.*larger cells"):
        check_steps(BOTH, lonely)
    check_steps(BOTH, concatenate([lonely, single[1:2]]))


def test_an_adapter_without_forces_is_refused(potential, train, monkeypatch):
    without = replace(potential.adapter.capabilities, properties=ENERGY)
    monkeypatch.setattr(type(potential.adapter), "capabilities", without)
    with pytest.raises(UnsupportedProperty, match="does not predict forces"):
        excursions(potential, train)


OPTIONS = {
    "strategy": Strategy("gradual", every=2, unit="steps"),
    "loss": Loss(consistency=replace(BOTH, warmup=0.5, fraction=0.5)),
    "optimiser": Optimiser(learning_rate=1e-2),
    "ema": 0.9,
    "clip": 1.0,
    "evaluate_every": 3,
    "evaluate_unit": "steps",
    "structures": 8,
    "steps": 7,
    "resume": True,
    "quiet": True,
}


@pytest.mark.parametrize("stop_after", [2, 5])
def test_interrupted_and_resumed_is_uninterrupted_to_the_bit(
    potential, everything, tmp_path, interrupt_after, stop_after
):
    train, valid = everything[:24], everything[24:]
    whole = fit(potential, train, valid, **OPTIONS, folder=tmp_path / "whole")
    interrupt_after(stop_after)
    assert fit(potential, train, valid, **OPTIONS, folder=tmp_path / "cut").steps == stop_after
    rest = fit(potential, train, valid, **OPTIONS, folder=tmp_path / "cut")
    assert rest.stopped == "finished"
    rows = [[{k: v for k, v in row.items() if k != "wall_s"} for row in run.history] for run in (whole, rest)]
    assert rows[0] == rows[1]
    other = rest.potential.state_dict()
    assert all(torch.equal(v, other[k]) for k, v in whole.potential.state_dict().items())


def test_both_terms_are_logged_and_change_the_walk(potential, train, valid, tmp_path):
    options = {**OPTIONS, "resume": False}
    found = fit(potential, train, valid, **options, folder=tmp_path)
    lines = [json.loads(text) for text in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert all(row["train"]["pitc_mae"] > 0 and row["train"]["pisc_mae"] > 0 for row in lines[1:])
    assert not any("pitc_mae" in row["valid"] for row in lines)  # validation chooses by labels alone
    plain = fit(potential, train, valid, **options | {"loss": Loss()})
    assert plain.history[0]["valid"] == found.history[0]["valid"]
    assert plain.history[-1]["valid"] != found.history[-1]["valid"]


def test_energies_are_labels_enough(potential, train, valid):
    train, valid = (data.without("forces", "stress", "magmoms") for data in (train, valid))

    def inconsistency(pitc):
        loss = Loss("mse", weights={"energy": 1.0, "forces": 1.0}, consistency=Consistency(pitc, 1e-9, length=0.3))
        found = fit(
            potential, train, valid, loss=loss, optimiser=Optimiser(learning_rate=3e-3), structures=8, steps=16,
            evaluate_every=4, evaluate_unit="steps", quiet=True,
        )  # fmt: skip
        assert found.absent == ("forces",)
        assert all(row["train"]["forces_mae"] is None for row in found.history[1:])
        return found.history[-1]["train"]["pitc_mae"]

    assert inconsistency(1e5) < 0.7 * inconsistency(1e-9)


def test_adversarial_runs(potential, train, valid):
    loss = Loss(consistency=replace(BOTH, direction="adversarial"))
    assert (
        fit(potential, train, valid, loss=loss, steps=3, structures=8, quiet=True).history[-1]["train"]["pitc_mae"] > 0
    )
