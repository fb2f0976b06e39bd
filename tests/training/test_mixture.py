"""Sets beside the target: who comes when depends on counters alone, and the target's own run stays what it is."""

from collections import Counter
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import transferkit as tk
from transferkit.adapters.graphs import build_graphs
from transferkit.adapters.toy import Toy
from transferkit.errors import DataError, RecipeError, UnknownHead
from transferkit.finetuning.anchor import Anchor
from transferkit.finetuning.strategy import Strategy
from transferkit.training import checkpoint
from transferkit.training.consistency import Consistency
from transferkit.training.excursion import Excursions
from transferkit.training.feed import feed_of
from transferkit.training.fit import fit
from transferkit.training.loss import Loss
from transferkit.training.mixture import FINEST, Beside, Draw, Mixture
from transferkit.training.optimiser import Optimiser
from transferkit.training.state import Progress

RATIOS = [0.5, 1.0, 2.5]


@pytest.fixture(scope="module")
def model():
    """Three heads, of which one is never trained here."""
    potential = Toy.load("demo", dtype=torch.float64)
    for name in ("r2SCAN", "PBE"):
        potential.add_head(name, "default")
    return potential


@pytest.fixture(scope="module")
def pbe():
    return tk.bundled("gpaw-pbe-r2scan", fidelity="PBE")[40:80]


@pytest.fixture(scope="module")
def target(train):
    """Energies alone."""
    return train.without("forces", "stress", "magmoms")


@pytest.fixture(scope="module")
def beside(model, pbe):
    def make(n=20, **options):
        data = options.pop("data", pbe[:n])
        return Beside(data, build_graphs(model, data, head="PBE"), options.pop("head", "PBE"), **options)

    return make


@pytest.fixture(scope="module")
def feed(model, target):
    graphs = build_graphs(model, target, head="r2SCAN")

    def make(*sets, edges=10**6, structures=5, seed=3):
        return feed_of(model, target, graphs, "r2SCAN", sets, edges=edges, structures=structures, seed=seed)

    return make


@pytest.fixture
def run(model, target, valid):
    def call(*sets, **options):
        defaults = {"structures": 8, "quiet": True, "optimiser": Optimiser(learning_rate=1e-2)}
        if "epochs" not in options:
            defaults["steps"] = 4
        return fit(model, target, valid, beside=sets, **{**defaults, **options})

    return call


def weights(potential):
    return {k: v.clone() for k, v in potential.state_dict().items()}


def same(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[k], b[k]) for k in a)


def timeless(history):
    return [{k: v for k, v in row.items() if k != "wall_s"} for row in history]


class TestDraw:
    @settings(deadline=None, max_examples=50)
    @given(
        size=st.integers(1, 30),
        ratio=st.fractions(Fraction(1, 10), 3, max_denominator=FINEST),
        cuts=st.lists(st.integers(0, 200), min_size=1, max_size=6),
    )
    def test_wherever_the_run_is_cut_the_same_rows_come_and_all_equally_often(self, size, ratio, cuts):
        draw = Draw("PBE", first=7, size=size, ratio=ratio, seed=1)
        places = [0, *sorted(cuts)]
        parts = [draw.rows(a, b) for a, b in pairwise(places)]
        rows = np.concatenate(parts)
        assert rows.tolist() == draw.rows(0, places[-1]).tolist()
        assert len(rows) == int(places[-1] * ratio)
        assert [len(part) for part in parts] == [draw.counts(a, b).sum() for a, b in pairwise(places)]
        used = np.bincount(rows - 7, minlength=size)
        assert used.max() - used.min() <= 1
        assert draw.counts(0, 50).max() - draw.counts(0, 50).min() <= 1

    def test_a_long_run_of_a_fine_ratio_counts_right(self):
        draw, far = Draw("PBE", 0, 10, Fraction(2_999_999, FINEST), 0), 10**12
        assert draw.counts(far, far + 5).sum() == draw.before(far + 5) - draw.before(far)

    def test_sets_passes_and_seeds_have_orders_of_their_own(self):
        draw = Draw("PBE", 0, 40, Fraction(1), 0)
        first = draw.rows(0, 40).tolist()
        others = [draw.rows(40, 80), replace(draw, seed=1).rows(0, 40), replace(draw, name="xTB").rows(0, 40)]
        assert all(sorted(rows.tolist()) == sorted(first) != first and rows.tolist() != first for rows in others)


class TestBatches:
    def test_without_other_sets_nothing_is_mixed(self, feed):
        assert feed().mixture is None

    @pytest.mark.parametrize("ratio", RATIOS)
    @pytest.mark.parametrize("n", [1, 3, 20])
    def test_steps_and_the_order_of_the_target_are_what_they_are_alone(self, feed, beside, ratio, n):
        alone, mixed = feed(), feed(beside(n, ratio=ratio))
        for epoch in (1, 2, 5):
            wanted = [batch.tolist() for batch in alone.epoch(epoch)]
            assert [batch[: len(w)].tolist() for batch, w in zip(mixed.epoch(epoch), wanted, strict=True)] == wanted
            assert all((batch[len(w) :] >= 24).all() for batch, w in zip(mixed.epoch(epoch), wanted, strict=True))
        assert mixed.steps(3) == alone.steps(3)

    @pytest.mark.parametrize("ratio", RATIOS)
    def test_every_batch_has_the_ratio_and_every_structure_its_turn(self, feed, beside, ratio):
        mixed = feed(beside(ratio=ratio), beside(3))
        batches = [batch for epoch in range(1, 8) for batch in mixed.epoch(epoch)]
        source = mixed.mixture.source
        for batch in batches:
            counts = np.bincount(source[batch], minlength=3)
            assert abs(counts[1] - ratio * counts[0]) < 1
            assert counts[2] == counts[0]
        used = Counter(np.concatenate(batches).tolist())
        for number, times in ((0, 7.0), (1, 7 * 24 * ratio / 20), (2, 7 * 24 / 3)):
            seen = [used[row] for row in np.flatnonzero(source == number).tolist()]
            assert max(seen) - min(seen) <= 1
            assert np.mean(seen) == pytest.approx(times)

    def test_the_edge_budget_counts_both(self, feed, beside):
        budget = 4000
        mixed = feed(beside(ratio=1.0), edges=budget, structures=None)
        batches = mixed.epoch(1)
        assert len(batches) > len(feed(edges=budget, structures=None).epoch(1))
        for batch in batches:
            assert mixed.edges[batch].sum() <= budget or (batch < 24).sum() == 1
        assert (
            np.concatenate([batch[batch < 24] for batch in batches]).tolist()
            == np.concatenate(feed().epoch(1)).tolist()
        )

    def test_a_set_more_leaves_the_others_as_they_were(self, feed, beside):
        one, two = feed(beside(7)), feed(beside(7), beside(20, head="default"))
        for a, b in zip(one.epoch(2), two.epoch(2), strict=True):
            assert b[: len(a)].tolist() == a.tolist()

    def test_head_labels_and_source_belong_together(self, feed, beside, target, pbe):
        mixed = feed(beside(5))
        batch, labels = mixed.load(np.array([4, 24, 25]), hidden=False, device=torch.device("cpu"))
        assert batch.head.tolist() == [1, 2, 2]
        assert labels.source.tolist() == [0, 1, 1]
        assert labels.energy.tolist() == [target.energy[4], *pbe.energy[:2]]
        assert labels.mask["stress"][:, 0, 0].tolist() == [False, True, True]
        atoms = [target.n_atoms[4], pbe.n_atoms[0] + pbe.n_atoms[1]]
        assert labels.source_of("forces").tolist() == [0] * atoms[0] + [1] * atoms[1]
        assert mixed.data.id[24] == f"PBE:{pbe.id[0]}"

    def test_a_structure_may_be_there_twice(self, feed, beside, pbe):
        assert len(feed(beside(data=pbe[[0, 0, 1]])).data) == 27


class TestRuns:
    def test_sets_of_one_head_are_told_apart(self, run, beside):
        result = run(beside(6, ratio=0.5), beside(3, weight=2.0))
        row = result.history[-1]["train"]
        assert list(row["heads"]) == ["r2SCAN", "PBE", "PBE (2)"]
        assert row["loss"] == pytest.approx(
            sum(w * row["heads"][name]["loss"] for name, w in {"r2SCAN": 1.0, "PBE": 1.0, "PBE (2)": 2.0}.items())
        )
        assert row["energy_mae"] == row["heads"]["r2SCAN"]["energy_mae"]
        assert row["forces_mae"] is None
        assert row["heads"]["PBE"]["forces_mae"] > 0
        assert "heads" not in result.history[-1]["valid"]

    def test_what_the_target_lacks_does_not_choose(self, run, beside, valid):
        assert valid.mask["forces"].all()
        row = run(beside(6)).history[0]
        assert row["valid"]["forces_mae"] is None
        assert row["valid"] == run().history[0]["valid"]

    def test_both_heads_learn_and_the_third_keeps_every_bit(self, run, beside, model):
        result = run(beside(), epochs=4)
        rows = [row["train"]["heads"] for row in result.history[1:]]
        assert all(rows[-1][name]["loss"] < rows[0][name]["loss"] for name in ("r2SCAN", "PBE"))
        before, after = weights(model), weights(result.model)
        moved = {k for k in before if not torch.equal(before[k], after[k])}
        assert not {k for k in moved if "readouts.0" in k or "moments.0" in k}
        assert {k for k in moved if "readouts.1" in k}
        assert {k for k in moved if "readouts.2" in k}
        assert result.model.fidelities == {"default": None, "r2SCAN": "r2SCAN", "PBE": "PBE"}
        assert [note for note in result.notes if note.startswith("trained together: r2SCAN (24 r2SCAN")]
        assert [note for note in result.notes if note.endswith("with r2SCAN, PBE: default")]

    def test_forces_of_the_other_level_reach_the_shared_network(self, run, beside, pbe):
        with_forces = run(beside()).model
        without = run(beside(data=pbe[:20].without("forces", "stress"))).model
        assert not torch.equal(with_forces.adapter.embedding.weight, without.adapter.embedding.weight)

    def test_a_weight_scales_the_pull_of_a_set(self, run, beside):
        faint, full = (run(beside(weight=w), epochs=4).history[-1]["train"]["heads"] for w in (1e-6, 1.0))
        assert full["PBE"]["loss"] < faint["PBE"]["loss"]

    def test_one_epoch_of_one_batch_is_the_loss_of_all_at_once(self, run, beside, model, target, pbe):
        result = run(beside(24, data=pbe[:24]), steps=1, structures=24, loss=Loss("mse", weights={"energy": 1.0}))
        row = result.history[-1]["train"]["heads"]
        for name, data in (("r2SCAN", target), ("PBE", pbe[:24])):
            graphs = build_graphs(model, data, head=name)
            energy = model(model.collate(graphs, name), need=frozenset({"energy"})).energy.detach().numpy()
            assert row[name]["loss"] == pytest.approx(np.mean(((energy - data.energy) / data.n_atoms) ** 2), rel=1e-9)

    @pytest.mark.parametrize("stop_after", [1, 5])
    def test_interrupted_and_resumed_is_uninterrupted_to_the_bit(  # noqa: PLR0917
        self, run, beside, tmp_path, monkeypatch, interrupt_after, stop_after
    ):
        sets = (beside(7, ratio=2.5, weight=0.5), beside(3, ratio=0.5, head="default"))
        options = {
            "strategy": Strategy("gradual", every=2, unit="steps"), "ema": 0.9, "clip": 1.0, "steps": 8, "resume": True,
            "evaluate_every": 3, "evaluate_unit": "steps", "anchor": Anchor(1e-2),
            "loss": Loss("rmse+mae", energy_of="structure"),
        }  # fmt: skip
        whole = run(*sets, **options, folder=tmp_path / "whole")
        interrupt_after(stop_after)
        assert run(*sets, **options, folder=tmp_path / "cut").stopped == "interrupted"
        monkeypatch.undo()
        rest = run(*sets, **options, folder=tmp_path / "cut")
        assert rest.stopped == "finished"
        assert timeless(rest.history) == timeless(whole.history)
        assert same(*(checkpoint.load(tmp_path / name / "checkpoint")[1] for name in ("whole", "cut")))
        assert whole.history[0]["train"]["anchor"] == 0.0
        assert whole.history[-1]["train"]["anchor"] > 0.0

    def test_an_anchor_holds_the_weights(self, run, beside, model):
        def moved(**options):
            after = weights(run(beside(5), steps=6, **options).model)
            return float(sum((after[k] - v).square().sum() for k, v in weights(model).items()))

        assert moved(anchor=Anchor(100.0)) < 0.5 * moved()
        assert moved(anchor=Anchor(0.0)) == moved()

    def test_a_strategy_that_opens_heads_alone_opens_those_that_are_trained(self, run, beside, model):
        result = run(beside(), strategy=Strategy("heads"))
        before, after = weights(model), weights(result.model)
        moved = {k for k in before if not torch.equal(before[k], after[k])}
        assert moved
        assert all(".1." in k or ".2." in k for k in moved)

    @pytest.mark.parametrize("kappa", [0.0, 0.5])
    def test_structures_of_the_target_alone_step_aside(self, run, beside, model, target, kappa):
        settings = Consistency(1.0, 0.5, kappa, fraction=0.5)
        graphs = build_graphs(model, target, head="r2SCAN", skin=settings.skin)
        sets = (beside(ratio=2.5),)
        mixed = feed_of(model, target, graphs, "r2SCAN", sets, edges=10**6, structures=4, seed=3)
        found = Excursions(mixed, settings, total=10)
        for position, index in enumerate(mixed.epoch(1)):
            chosen = found.chosen(index, Progress(position=position))
            assert len(chosen) == 2
            assert max(chosen) < 24
        rank_without = index[index >= 24]  # all that one of many ranks may get
        assert found.load(index, rank_without, hidden=False, progress=Progress(), device=torch.device("cpu"))[2] is None
        loss = Loss(consistency=settings)
        row = run(beside(ratio=2.5), loss=loss).history[-1]["train"]
        assert row["heads"]["r2SCAN"]["pitc_mae"] > 0
        assert "pitc_mae" not in row["heads"]["PBE"]
        assert row["loss"] == pytest.approx(sum(one["loss"] for one in row["heads"].values()))

    def test_another_set_is_another_run(self, run, beside, tmp_path):
        run(beside(), steps=1, folder=tmp_path)
        for changed in (beside(19), beside(ratio=0.5), beside(weight=0.5)):
            with pytest.raises(tk.errors.RunFolderError):
                run(changed, steps=1, folder=tmp_path, resume=True)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"ratio": 0.0}, RecipeError, r"beside \(PBE\): ratio must be positive, at least 1e-06; got 0.0"),
        ({"ratio": float("nan")}, RecipeError, "got nan"),
        ({"weight": -1.0}, RecipeError, "weight must be positive; got -1.0. To train without this set, leave it out"),
        ({"data": slice(0, 0)}, DataError, r"the set for head 'PBE' \(PBE\) is empty"),
    ],
)
def test_nonsense_is_refused(beside, pbe, options, error, message):
    if "data" in options:
        options = {"data": pbe[options["data"]]}
    with pytest.raises(error, match=message):
        beside(**options)


def test_graphs_of_other_data_are_refused(model, pbe):
    with pytest.raises(DataError, match=r"beside: 3 graphs were given for 5 structures \(PBE\)"):
        Beside(pbe[:5], build_graphs(model, pbe[:3], head="PBE"), "PBE")


def test_an_unknown_head_and_labels_without_a_weight_are_refused(run, beside, pbe):
    with pytest.raises(UnknownHead, match="Did you mean 'PBE'"):
        run(beside(head="PBF"))
    with pytest.raises(DataError, match=r"the PBE set beside the target \(20 structures\) has none of the labels"):
        run(beside(data=pbe[:20].without("energy")), loss=Loss(weights={"energy": 1.0}))


def test_rows_of_the_target_come_first(model, target, pbe, beside):
    mixture = Mixture(target, build_graphs(model, target, head="r2SCAN"), "r2SCAN", (beside(4),), 0)
    assert mixture.source.tolist() == [0] * 24 + [1] * 4
    assert len(mixture.data) == len(mixture.graphs) == 28
    assert [g.id for g in mixture.graphs][-4:] == pbe.id[:4].tolist()
    assert (mixture.heads, mixture.weights) == (("r2SCAN", "PBE"), {"r2SCAN": 1.0, "PBE": 1.0})
