"""One call trains a copy, keeps the best by validation, and continues to the same digits."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from transferkit.adapters.chgnet import ChgnetAdapter
from transferkit.adapters.graphs import build_graphs
from transferkit.errors import DataError, RecipeError, RunFolderError, UnknownHead, UnsupportedProperty
from transferkit.evaluation.predict import predict
from transferkit.finetuning.strategy import Strategy
from transferkit.training.fit import fit
from transferkit.training.loss import Loss
from transferkit.training.optimiser import Optimiser, Schedule

SCRIPT = Path(__file__).with_name("small_run.py")


def weights(potential):
    return {k: v.clone() for k, v in potential.state_dict().items()}


def same(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[k], b[k]) for k in a)


def timeless(history):
    return [{k: v for k, v in row.items() if k != "wall_s"} for row in history]


@pytest.fixture
def run(potential, train, valid):
    def call(**options):
        defaults = {"structures": 8, "quiet": True, "optimiser": Optimiser(learning_rate=1e-2)}
        if "epochs" not in options:
            defaults["steps"] = 7
        return fit(potential, train, valid, **{**defaults, **options})

    return call


def test_learns_and_leaves_the_callers_potential_alone(run, potential):
    before = weights(potential)
    flags = [p.requires_grad for p in potential.parameters()]
    result = run(epochs=5, strategy=Strategy("heads"))
    assert same(weights(potential), before)
    assert [p.requires_grad for p in potential.parameters()] == flags
    assert result.history[-1]["valid"]["loss"] < result.history[0]["valid"]["loss"]
    assert (result.steps, result.epochs, result.stopped) == (15, 5, "finished")
    assert result.wall_s > 0
    assert all(p.grad is None for p in result.potential.parameters())


def test_steps_cut_the_last_epoch_and_the_last_step_is_evaluated(run):
    result = run(steps=7)  # 24 structures in batches of 8: three steps an epoch
    assert [(row["epoch"], row["step"]) for row in result.history] == [(0, 0), (1, 3), (2, 6), (3, 7)]
    assert (result.steps, result.epochs) == (7, 3)


def test_evaluations_by_step_and_by_epoch(run):
    by_step = run(steps=7, evaluate_every=2, evaluate_unit="steps")
    assert [row["step"] for row in by_step.history] == [0, 2, 4, 6, 7]
    by_epoch = run(epochs=5, evaluate_every=2)
    assert [row["epoch"] for row in by_epoch.history] == [0, 2, 4, 5]


def test_small_sets_anneal_as_far_as_large_ones(run):
    rates = [row["learning_rate"] for row in run(steps=7, evaluate_every=1, evaluate_unit="steps").history]
    assert rates[1] == pytest.approx(1e-2)
    assert rates[-1] == pytest.approx(1e-4)


def test_rows_hold_what_the_schema_says(run, tmp_path):
    result = run(folder=tmp_path)
    maes = {"loss", "energy_mae", "forces_mae", "stress_mae", "magmoms_mae"}
    for row in result.history:
        assert set(row) == {"epoch", "step", "wall_s", "learning_rate", "train", "valid"}
        assert set(row["train"]) == set(row["valid"]) == maes
    assert set(result.history[0]["train"].values()) == {None}  # nothing was trained before training
    assert all(v is not None for v in result.history[1]["train"].values())
    lines = (tmp_path / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(text) for text in lines] == result.history


def test_the_reported_errors_are_those_of_the_potential(run, potential, valid):
    from transferkit.typing import PROPERTIES

    row = run(steps=1).history[0]["valid"]
    graphs = build_graphs(potential, valid)
    out = potential(potential.adapter.collate(graphs, [0] * len(graphs)), need=frozenset(PROPERTIES))
    assert row["energy_mae"] == pytest.approx(
        np.mean(np.abs(out.energy.detach().numpy() - valid.energy) / valid.n_atoms), rel=1e-9
    )
    assert row["forces_mae"] == pytest.approx(np.mean(np.abs(out.forces.numpy() - valid.forces)), rel=1e-9)
    assert row["stress_mae"] == pytest.approx(np.mean(np.abs(out.stress.numpy() - valid.stress)), rel=1e-9)
    assert row["magmoms_mae"] == pytest.approx(np.mean(np.abs(out.magmoms.detach().numpy() - valid.magmoms)), rel=1e-9)


def test_never_worse_on_validation_than_the_start(run, potential):
    result = run(optimiser=Optimiser(learning_rate=3.0, schedule="constant"))
    losses = [row["valid"]["loss"] for row in result.history]
    assert min(losses) == losses[0]  # such steps only do harm
    assert (result.best_step, result.best_epoch) == (0, 0)
    assert "step 0" in result.notes[-1]
    assert same(weights(result.potential), weights(potential))


def test_the_best_weights_are_returned_and_not_the_last(run, potential, train, valid, monkeypatch):
    monkeypatch.setattr(
        Schedule, "factor", lambda _, step: 1.0 if step < 4 else 1000.0
    )  # from then on it only does harm
    result = run(steps=8, evaluate_unit="steps")
    losses = [row["valid"]["loss"] for row in result.history]
    assert result.best_step == int(np.argmin(losses))
    assert 0 < result.best_step <= 4
    again = fit(result.potential, train, valid, structures=8, steps=1, quiet=True)
    assert again.history[0]["valid"]["loss"] == pytest.approx(min(losses), rel=1e-12)


def test_the_last_weights_are_returned_where_asked_for(run, potential):
    result = run(optimiser=Optimiser(learning_rate=0.3, schedule="constant"), keep="last")
    losses = [row["valid"]["loss"] for row in result.history]
    assert losses[0] < losses[-1]  # they do harm, and are handed back all the same
    assert (result.best_step, result.best_epoch) == (result.steps, result.epochs)
    assert not same(weights(result.potential), weights(potential))
    assert not any("step 0" in note for note in result.notes)


def test_patience_counts_from_the_lowest_loss_also_where_the_last_weights_are_kept(run):
    result = run(steps=50, optimiser=Optimiser(learning_rate=3.0), patience=2, evaluate_unit="steps", keep="last")
    assert (result.stopped, result.steps, result.best_step) == ("patience", 2, 2)


def test_patience_ends_training(run):
    result = run(steps=50, optimiser=Optimiser(learning_rate=3.0), patience=2, evaluate_unit="steps")
    assert (result.stopped, result.steps, result.best_step) == ("patience", 2, 0)


def test_the_average_is_what_is_evaluated_and_returned(run):
    plain, averaged = run(), run(ema=0.5)
    assert averaged.history[0]["valid"] == plain.history[0]["valid"]
    assert averaged.history[-1]["valid"]["loss"] != plain.history[-1]["valid"]["loss"]
    assert averaged.history[1]["train"]["loss"] == plain.history[1]["train"]["loss"]  # the raw weights walk alike
    assert not same(weights(plain.potential), weights(averaged.potential))


def test_a_clip_that_never_binds_changes_nothing_and_one_that_does_changes_the_walk(run):
    plain = weights(run().potential)
    assert same(weights(run(clip=1e9).potential), plain)
    # Adam ignores the size of gradients, but not that only some steps are clipped
    assert not same(weights(run(clip=0.5).potential), plain)


def test_the_seed_is_the_order(run):
    first, again, other = run(seed=1), run(seed=1), run(seed=2)
    assert timeless(first.history) == timeless(again.history)
    assert same(weights(first.potential), weights(again.potential))
    assert timeless(first.history)[1] != timeless(other.history)[1]


def test_graphs_can_be_brought_along(run, potential, train, valid):
    result = run(graphs=build_graphs(potential, train), valid_graphs=build_graphs(potential, valid))
    assert timeless(result.history) == timeless(run().history)


def test_default_weights_do_not_mind_data_without_moments(potential, train, valid):
    bare_train, bare_valid = train.without("magmoms"), valid.without("magmoms")
    result = fit(potential, bare_train, bare_valid, steps=4, structures=8, quiet=True)
    assert result.absent == ("magmoms",)
    assert "no magmoms" in result.notes[0]
    assert result.history[-1]["valid"]["magmoms_mae"] is None
    before, after = weights(potential), weights(result.potential)
    assert result.best_step > 0
    moments = [k for k in before if "moments" in k]
    assert moments
    assert all(torch.equal(before[k], after[k]) for k in moments)  # nothing to learn from, so nothing moved


def test_batches_without_a_label_are_skipped_for_that_label(potential, train, valid):
    from dataclasses import replace

    only = np.zeros(len(train), dtype=bool)
    only[0] = True
    sparse = replace(train, mask={**train.mask, "energy": only})
    result = fit(potential, sparse, valid, steps=6, structures=3, quiet=True, evaluate_unit="steps")
    seen = [row["train"]["energy_mae"] for row in result.history[1:]]
    assert None in seen  # a batch with no energy at all
    assert all(np.isfinite(row["train"]["loss"]) for row in result.history[1:])


def test_e0_trains_with_its_own_rate(potential, train, valid):
    loose = potential.with_reference(potential.reference(), trainable=True)
    optimiser = Optimiser(learning_rate=1e-3, reference_learning_rate=0.5, schedule="constant")
    result = fit(
        loose, train, valid, strategy=Strategy("frozen"), optimiser=optimiser, steps=1, structures=24, quiet=True
    )
    if result.best_step:
        moved = (result.potential.e0 - loose.e0).detach().abs().numpy()[0]
        assert moved[train.elements] == pytest.approx(0.5, rel=1e-3)
        assert not moved[np.setdiff1d(np.arange(len(moved)), train.elements)].any()
    else:
        pytest.fail("the step should have helped")


OPTIONS = {
    "strategy": Strategy("gradual", every=2, unit="steps"),
    "optimiser": Optimiser("adamw", learning_rate=1e-2, schedule="plateau", plateau_patience=1, weight_decay=0.01),
    "ema": 0.9,
    "clip": 1.0,
    "evaluate_every": 4,
    "evaluate_unit": "steps",
    "steps": 10,
    "resume": True,
}


class TestResume:
    @pytest.mark.parametrize("stop_after", [1, 2, 5, 8])
    def test_interrupted_anywhere_and_resumed_is_uninterrupted_to_the_bit(
        self, run, tmp_path, monkeypatch, interrupt_after, stop_after
    ):
        whole = run(**OPTIONS, folder=tmp_path / "whole")
        interrupt_after(stop_after)
        first = run(**OPTIONS, folder=tmp_path / "cut")
        assert (first.stopped, first.steps) == ("interrupted", stop_after)
        monkeypatch.undo()
        rest = run(**OPTIONS, folder=tmp_path / "cut")
        assert (rest.stopped, rest.steps) == ("finished", 10)
        assert timeless(rest.history) == timeless(whole.history)
        assert same(weights(rest.potential), weights(whole.potential))
        assert rest.best_step == whole.best_step
        states = [tensors_in(tmp_path / name) for name in ("whole", "cut")]
        assert same(*states)  # the last weights and the optimiser too
        lines = (tmp_path / "cut" / "metrics.jsonl").read_text().splitlines()
        assert [json.loads(text)["step"] for text in lines] == [0, 4, 8, 10]

    def test_chgnet_too(self, train, valid, tmp_path, monkeypatch, interrupt_after):
        potential = ChgnetAdapter.load("0.3.0")

        def call(name):
            return fit(
                potential, train[:6], valid[:3], structures=2, steps=3, folder=tmp_path / name, resume=True, quiet=True
            )

        whole = call("whole")
        interrupt_after(2)
        assert call("cut").stopped == "interrupted"
        monkeypatch.undo()
        rest = call("cut")
        assert timeless(rest.history) == timeless(whole.history)
        assert same(*(tensors_in(tmp_path / name) for name in ("whole", "cut")))

    def test_an_interrupted_run_gives_back_a_usable_potential(self, run, tmp_path, interrupt_after):
        interrupt_after(5)
        first = run(**OPTIONS, folder=tmp_path)
        assert first.stopped == "interrupted"
        assert first.best_step in {0, 4}
        assert all(torch.isfinite(v).all() for v in weights(first.potential).values())

    def test_a_second_ctrl_c_keeps_the_checkpoint_before(self, run, tmp_path, monkeypatch):
        from transferkit.training import loop

        original = loop.step

        def step(session, *args, **kwargs):
            if session.state.progress.step == 6:
                raise KeyboardInterrupt
            return original(session, *args, **kwargs)

        monkeypatch.setattr(loop, "step", step)
        assert run(**OPTIONS, folder=tmp_path / "cut").stopped == "interrupted"
        assert [p.name for p in (tmp_path / "cut" / "checkpoint").iterdir()] == ["step-000000004"]
        monkeypatch.undo()
        rest, whole = run(**OPTIONS, folder=tmp_path / "cut"), run(**OPTIONS)
        assert timeless(rest.history) == timeless(whole.history)

    def test_a_killed_process_is_taken_up_again(self, small_run, tmp_path):
        command = [sys.executable, str(SCRIPT), str(tmp_path / "killed"), "5", "6"]
        killed = subprocess.run(command, env=os.environ | {"OMP_NUM_THREADS": "1"}, timeout=120, check=False)
        assert killed.returncode == -signal.SIGKILL
        assert [p.name for p in (tmp_path / "killed" / "checkpoint").iterdir()] == ["step-000000004"]
        whole, rest = (small_run.run(tmp_path / name, structures=5) for name in ("whole", "killed"))
        assert timeless(rest.history) == timeless(whole.history)
        assert same(weights(rest.potential), weights(whole.potential))

    def test_a_finished_run_is_not_trained_again(self, run, tmp_path, monkeypatch):
        from transferkit.training import loop

        whole = run(**OPTIONS, folder=tmp_path)
        monkeypatch.setattr(loop, "step", lambda *_, **__: pytest.fail("it trained"))
        again = run(**OPTIONS, folder=tmp_path)
        assert again.stopped == "finished"
        assert again.history == whole.history
        assert same(weights(again.potential), weights(whole.potential))

    def test_a_run_out_of_patience_stays_so(self, run, tmp_path):
        options = {"steps": 50, "optimiser": Optimiser(learning_rate=3.0), "patience": 2, "evaluate_unit": "steps"}
        first = run(**options, folder=tmp_path, resume=True)
        again = run(**options, folder=tmp_path, resume=True)
        assert first.stopped == again.stopped == "patience"
        assert first.steps == again.steps == 2

    def test_checkpoints_between_evaluations(self, run, tmp_path, monkeypatch):
        from transferkit.training import checkpoint

        seen, original = [], checkpoint.save
        monkeypatch.setattr(checkpoint, "save", lambda *args: (seen.append(args[1]), original(*args))[1])
        run(steps=7, folder=tmp_path, evaluate_every=5, evaluate_unit="steps", save_every=3)
        assert seen == [0, 3, 5, 6, 7]

    def test_another_runs_folder_is_refused(self, run, tmp_path):
        run(folder=tmp_path, identity="first")
        with pytest.raises(RunFolderError, match="run 'first', but this is run 'second'"):
            run(folder=tmp_path, identity="second", resume=True)

    def test_a_run_without_a_name_knows_its_settings(self, run, tmp_path):
        run(folder=tmp_path, seed=1)
        with pytest.raises(RunFolderError):
            run(folder=tmp_path, seed=2, resume=True)
        assert run(folder=tmp_path, seed=1, resume=True).steps == 7

    def test_without_resume_it_starts_over(self, run, tmp_path, monkeypatch, interrupt_after):
        interrupt_after(5)
        run(**OPTIONS, folder=tmp_path)
        monkeypatch.undo()
        assert run(**{**OPTIONS, "resume": False}, folder=tmp_path).steps == 10
        assert (tmp_path / "metrics.jsonl").read_text().count("\n") == 4


def tensors_in(folder):
    from transferkit.training.checkpoint import load

    return load(folder / "checkpoint")[1]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"epochs": 1, "steps": 1}, RecipeError, "exactly one of epochs and steps"),
        ({"ema": 2.0}, RecipeError, "between 0 and 1"),
        ({"loss": Loss(weights={})}, DataError, "no label has a weight"),
        ({"strategy": Strategy("frozen")}, RecipeError, "nothing would be trained"),
    ],
)
def test_mistakes_are_refused_before_anything_is_written(run, tmp_path, options, error, message):
    with pytest.raises(error, match=message):
        run(**options, folder=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_weight_for_what_the_adapter_cannot_predict_is_refused(run, potential, monkeypatch):
    from dataclasses import replace

    limited = replace(type(potential.adapter).capabilities, properties=frozenset({"energy", "forces", "stress"}))
    monkeypatch.setattr(type(potential.adapter), "capabilities", limited)
    with pytest.raises(UnsupportedProperty, match="magmoms"):
        run()
    assert run(loss=Loss(weights={"energy": 1.0, "forces": 1.0})).steps == 7


def test_empty_parts_are_refused(potential, train, valid):
    with pytest.raises(DataError, match="training part is empty"):
        fit(potential, train[:0], valid, steps=1, quiet=True)
    with pytest.raises(DataError, match="validation part is empty"):
        fit(potential, train, valid[:0], steps=1, quiet=True)


def test_one_structure_is_enough(potential, train, valid):
    assert fit(potential, train[:1], valid[:1], steps=2, quiet=True).steps == 2


def test_says_what_it_trains(run, capsys):
    run(quiet=False, strategy=Strategy("heads"))
    err = capsys.readouterr().err
    assert "parameters are trainable" in err
    assert "valid loss" in err


def test_the_tracker_hears_settings_and_rows(run):
    class Ear:
        def __init__(self):
            self.config, self.rows = None, []

        def start(self, config, history):
            self.config = config
            assert history == []

        def log(self, row):
            self.rows.append(row)

        def figures(self, _):
            pytest.fail("only whoever started the loop calls these")

        model = finish = figures

    ear = Ear()
    result = run(tracker=ear, config={"recipe": "r"})
    assert ear.rows == result.history
    assert ear.config["recipe"] == "r"
    assert ear.config["strategy"]["trainable"] == result.plan.n_trainable
    assert ear.config["loss"]["weights"]["stress"] == 0.1
    json.dumps(ear.config)


@pytest.mark.parametrize("kind", ["adam", "adamw"])
def test_the_head_of_the_data_trains_and_the_other_keeps_every_bit(potential, train, valid, kind):
    potential = potential.with_reference(replace(potential.reference(), fidelity="PBE"), trainable=True)
    potential.add_head(train.fidelity, "default")
    result = fit(
        potential,
        train,
        valid,
        strategy=Strategy("heads"),
        optimiser=Optimiser(kind, learning_rate=1e-2, weight_decay=0.1),
        steps=4,
        structures=6,
        ema=0.9,
        quiet=True,
    )
    assert result.best_step > 0
    own = {f"adapter.{part}.1." for part in ("readouts", "moments")}
    for name, before in potential.state_dict().items():
        after = result.model.state_dict()[name]
        if name == "e0":
            assert torch.equal(before[0], after[0])
            assert not torch.equal(before[1], after[1])
        elif not name.startswith(tuple(own)):
            assert torch.equal(before, after), name
    assert any(
        not torch.equal(v, result.model.state_dict()[k]) for k, v in potential.state_dict().items() if "readouts.1" in k
    )
    for p in ("energy", "forces", "stress", "magmoms"):
        one, two = (getattr(predict(m, valid, head="default"), p) for m in (potential, result.model))
        assert np.array_equal(one, two), p
    assert not [note for note in result.notes if "their predictions change" in note]


def test_a_shared_network_that_trains_is_said_to_change_the_other_head(potential, train, valid):
    potential.add_head(train.fidelity, "default")
    result = fit(potential, train, valid, steps=1, quiet=True)
    assert [note for note in result.notes if note.endswith("interaction.1 with r2SCAN: default")]


def test_a_trained_head_stands_for_the_level_of_theory_of_its_labels(potential, train, valid):
    result = fit(potential, train, valid, steps=2, optimiser=Optimiser(learning_rate=1e-3), quiet=True)
    assert potential.fidelities == {"default": None}
    assert result.model.fidelities == {"default": train.fidelity if result.best_step else None}


def test_data_of_no_head_are_refused(potential, train, valid):
    potential.add_head("other", "default")
    with pytest.raises(UnknownHead, match="the data are r2SCAN"):
        fit(potential, train, valid, steps=1, quiet=True)
