"""Pre-training: a stage of its own, whose weights the data begin with, and which goes on where it was interrupted."""

import json
from dataclasses import replace

import numpy as np
import pytest

import transferkit as tk
from transferkit import pipeline, pretraining
from transferkit.adapters.potential import ReferencedPotential
from transferkit.division import divide
from transferkit.errors import DataError, Interrupted, RecipeError
from transferkit.evaluation.judge import determined
from transferkit.pretraining import FOLDER, divide_stage, length_of_stage, read_stage
from transferkit.starting import start
from transferkit.training import loop

pytestmark = pytest.mark.usefixtures("unrendered")
R2SCAN, PBE = (tk.bundled("gpaw-pbe-r2scan", fidelity=f) for f in ("r2SCAN", "PBE"))
STAGE = {"steps": 6, "learning_rate": 0.01, "reference": "refit"}


def run(recipe, folder):
    pipeline.run_one(recipe, folder, quiet=True, page=False)
    return json.loads((folder / "result.json").read_text())


@pytest.fixture(scope="module")
def recipe(several_levels):
    head = {"name": "toy", "new_head": {"name": "r2SCAN"}}
    return several_levels(pretrain=STAGE | {"scratch": "full"}, adapter=head, strategy={"kind": "heads"})


@pytest.fixture(scope="module")
def done(recipe, tmp_path_factory, unrendered):
    folder = tmp_path_factory.mktemp("pretrained") / "run"
    return folder, run(recipe, folder)


def test_both_stages_are_written_down(done):
    folder, result = done
    assert (result["pretrain"]["steps"], result["training"]["steps"]) == (6, 2)
    assert (folder / FOLDER / "metrics.jsonl").exists()
    assert (folder / FOLDER / "checkpoint").is_dir()
    assert json.loads((folder / FOLDER / "reference.json").read_text())["fidelity"] == "PBE"
    assert result["pretrain"]["structures"]["valid"] == 60
    assert result["pretrain"]["policy"] == "refit"
    assert "PBE labels held out of pretrain" in result["forgetting"]["held_out"]


def test_the_data_begin_with_what_was_pre_trained(done):
    folder, _ = done
    trained = ReferencedPotential.open(folder / "model")
    assert trained.adapter.heads == ("default", "r2SCAN")
    assert trained.fidelities == {"default": "PBE", "r2SCAN": "r2SCAN"}
    scratch = tk.scratch("toy", "full", seed=0).state_dict()
    moved = trained.state_dict()["adapter.embedding.weight"] - scratch["adapter.embedding.weight"]
    assert moved.abs().max() > 0  # the data train heads only, so this was the first stage


def test_an_interrupted_stage_goes_on_to_the_same_digits(done, recipe, tmp_path, monkeypatch):
    original = loop.step

    def stop(session, module, index, loaded, *, asked):
        return original(session, module, index, loaded, asked=asked or session.state.progress.step == 1)

    monkeypatch.setattr(loop, "step", stop)
    with pytest.raises(Interrupted, match="step 2 of pre-training"):
        run(recipe, tmp_path / "run")
    monkeypatch.setattr(loop, "step", original)
    assert run(recipe, tmp_path / "run")["pretrain"]["steps"] == 6
    again, before = (ReferencedPotential.open(f / "model").state_dict() for f in (tmp_path / "run", done[0]))
    assert all(bool((again[name] == before[name]).all()) for name in before)


def test_the_stage_sees_nothing_that_the_data_test_on(recipe):
    parts = divide(recipe, R2SCAN)
    stage = divide_stage(recipe, read_stage(recipe).kept, R2SCAN, parts)
    tested, chosen = set(parts.test.composition), set(parts.valid.composition)
    assert not (tested | chosen) & set(stage.train.composition)
    assert set(stage.valid.composition) == chosen
    assert set(parts.test.id) <= set(stage.held.id)


def test_a_set_of_other_chemistry_brings_its_own_validation_part(recipe):
    few = R2SCAN[:120]
    parts = tk.split(few, seed=0)
    others = PBE[np.flatnonzero(~np.isin(PBE.composition.astype(str), few.composition.astype(str)))]
    stage = divide_stage(recipe, others, few, parts)
    assert len(stage.valid)
    assert not set(stage.valid.composition) & set(stage.train.composition)


def test_what_e0_cannot_know_does_not_choose_in_this_stage_either(recipe, monkeypatch, tmp_path):
    parts = divide(recipe, R2SCAN)
    stage = divide_stage(recipe, read_stage(recipe).kept, R2SCAN, parts)
    train = stage.train[np.array([8 not in s.numbers for s in stage.train])]
    known = determined(train, stage.valid)
    seen = []

    def stop(_model, _train, valid, **options):
        seen.append((len(valid), len(options["valid_graphs"]), options["identity"]))
        raise Interrupted("here")

    monkeypatch.setattr(pretraining, "fit", stop)
    for one in (stage, replace(stage, train=train)):
        with pytest.raises(Interrupted):
            pretraining.pretrain(recipe, start(recipe), one, folder=tmp_path, store=None, resume=False, quiet=True)
    assert [row[:2] for row in seen] == [(len(known), len(known)), (known.sum(), known.sum())]
    assert 0 < known.sum() < len(known)
    assert seen[0][2] != seen[1][2]  # a checkpoint of other training structures is not gone on with


def test_nothing_left_is_a_mistake(recipe):
    parts = divide(recipe, R2SCAN)
    with pytest.raises(DataError, match=r"pretrain .*: nothing is left to train on"):
        divide_stage(recipe, PBE[np.isin(PBE.id, parts.test.id)], R2SCAN, parts)


def test_structures_that_cannot_step_aside_are_refused_before_anything_is_trained(several_levels):
    adversarial = several_levels(
        pretrain=STAGE, loss={"consistency": {"pitc": 1.0, "pisc": 0.1, "direction": "adversarial"}}
    )
    parts = divide(adversarial, R2SCAN)
    with pytest.raises(RecipeError, match="pretrain structures have no force labels"):
        divide_stage(adversarial, PBE.without("forces"), R2SCAN, parts)
    assert len(divide_stage(adversarial, PBE, R2SCAN, parts).train)


def test_length_and_batches(recipe):
    found = length_of_stage(recipe)
    assert (found["steps"], found["epochs"], found["structures"]) == (6, None, 8)
    assert length_of_stage(recipe, steps=1)["steps"] == 1
