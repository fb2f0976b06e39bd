"""One run from recipe to page, with the toy potential."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

import transferkit as tk
from transferkit import api, division, pipeline, resolve
from transferkit.adapters.potential import ReferencedPotential
from transferkit.data.store import read_parquet, write_parquet
from transferkit.errors import CheckpointError, Interrupted, RecipeError, RunFolderError
from transferkit.evaluation.predict import network_energy, predict
from transferkit.recipe import Recipe
from transferkit.reference.elemental import ElementalReference
from transferkit.training import loop

pytestmark = pytest.mark.usefixtures("unrendered")


def recipe(**changes):
    plain = {
        "name": "one",
        "data": {"source": "bundled:gpaw-pbe-r2scan", "fidelity": "r2SCAN", "split": {"fold": 0}},
        "adapter": {"name": "toy"},
        "training": {"steps": 3, "batch": {"structures": 8}},
        "tracking": {"wandb": None},
    }
    return Recipe.model_validate(plain | changes)


@pytest.fixture(scope="module")
def folder(tmp_path_factory, unrendered):
    return pipeline.run(recipe(), output=tmp_path_factory.mktemp("runs") / "one", smoke=True)


def test_run_writes_everything_it_promises(folder):
    names = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}
    wanted = {
        "recipe.yaml",
        "provenance.json",
        "split.json",
        "reference.json",
        "metrics.jsonl",
        "result.json",
        "index.html",
    }
    assert wanted <= names
    assert "model/model.safetensors" in names
    assert not {n for n in names if n.endswith((".pt", ".pth", ".pkl", ".tar"))}, "no pickles"


def test_result_says_what_was_done(folder):
    result = json.loads((folder / "result.json").read_text())
    assert result["fold"] == 0
    assert result["training"]["steps"] == pipeline.SMOKE_STEPS
    assert result["data"]["counts"]["train"] == division.SMOKE_STRUCTURES
    assert set(result["tests"]) == {"known materials", "unseen compositions"}
    assert result["strategy"]["trainable"] == result["strategy"]["total"] > 0
    assert {row["policy"] for row in result["reference"]["table"]["rows"]} >= {"residual", "refit", "keep"}


def test_a_refused_pickle_is_mended_by_trust_in_the_same_folder(tmp_path, monkeypatch):
    def guarded(*names, trust, **options):
        if not trust:
            raise CheckpointError("a pickle")
        return load(*names, **options)

    load = api.load
    monkeypatch.setattr(api, "load", guarded)
    with pytest.raises(CheckpointError):
        pipeline.run(recipe(), output=tmp_path / "run", smoke=True)
    assert not (tmp_path / "run").exists()
    mended = recipe(adapter={"name": "toy", "trust": True})
    assert (pipeline.run(mended, output=tmp_path / "run", smoke=True) / "result.json").exists()


def test_stored_predictions_are_those_of_the_stored_potential(folder):
    labels = read_parquet(folder / "predictions" / "labels-unseen compositions.parquet")
    stored = read_parquet(folder / "predictions" / "unseen compositions.parquet")
    again = pipeline.evaluate_run(folder, labels)
    error = np.abs(stored.energy - labels.energy) / labels.n_atoms
    assert np.isclose(again.metrics["energy"]["mae"], error.mean(), atol=1e-6)
    assert again.caution == ""


def test_labels_of_another_level_of_theory_are_remarked(folder):
    found = pipeline.evaluate_run(folder, tk.bundled("gpaw-pbe-r2scan", fidelity="PBE")[:4])
    assert "trained on r2SCAN, and these labels are PBE" in str(found)


def test_step_zero_is_the_pretrained_network_plus_the_new_reference(folder):
    labels = read_parquet(folder / "predictions" / "labels-unseen compositions.parquet")
    step0 = read_parquet(folder / "predictions" / "step0-unseen compositions.parquet")
    reference = ElementalReference.from_json(json.loads((folder / "reference.json").read_text()))
    plain = api.load("toy")
    network = predict(plain, labels).energy - plain.reference().total(labels)
    assert np.allclose(step0.energy, network + reference.total(labels), atol=1e-9, rtol=0)


def rows(folder):
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    return [{k: v for k, v in json.loads(line).items() if k != "wall_s"} for line in lines]


def test_a_run_with_stored_graphs_is_the_same_to_the_bit(folder, tmp_path, monkeypatch):
    assert not (folder / "graphs").exists()  # of few atoms they stay in memory
    monkeypatch.setattr(pipeline, "MOST_IN_MEMORY", 10)
    alone = pipeline.run(recipe(), output=tmp_path / "one", smoke=True)
    assert [*(alone / "graphs").rglob("*.arrow")]
    assert rows(alone) == rows(folder)


def test_a_finished_run_is_not_run_again(folder):
    before = (folder / "result.json").stat().st_mtime_ns
    pipeline.run(recipe(), output=folder, smoke=True)
    assert (folder / "result.json").stat().st_mtime_ns == before


@pytest.mark.parametrize("as_", [str, Path])
def test_a_recipe_may_be_given_as_its_file(folder, tmp_path, as_):
    before = (folder / "result.json").stat().st_mtime_ns
    path = tmp_path / "x.yaml"
    path.write_text(yaml.safe_dump(recipe().model_dump(mode="json")))
    assert tk.run(as_(path), output=folder, smoke=True) == folder
    assert (folder / "result.json").stat().st_mtime_ns == before  # it is the same run
    with pytest.raises(RecipeError, match=r"no\.yaml"):
        tk.run(as_(tmp_path / "no.yaml"), output=folder)


def test_an_interrupted_run_goes_on_where_a_forward_pass_has_other_last_digits(tmp_path, monkeypatch):
    def stop_at_two(session, module, index, loaded, *, asked):
        return original(session, module, index, loaded, asked=asked or session.state.progress.step == 1)

    original, energies = loop.step, network_energy
    short = recipe(data={"source": "bundled:gpaw-pbe-r2scan", "fidelity": "r2SCAN", "subset": 40, "split": {"fold": 0}})
    monkeypatch.setattr(loop, "step", stop_at_two)
    with pytest.raises(Interrupted, match="interrupted at step 2"):
        pipeline.run_one(short, tmp_path / "x", quiet=True)
    monkeypatch.setattr(loop, "step", original)
    # as on a GPU, where sums are taken in another order each time
    monkeypatch.setattr("transferkit.evaluation.predict.network_energy", lambda *a, **k: energies(*a, **k) + 1e-9)
    pipeline.run_one(short, tmp_path / "x", quiet=True)
    rows = (tmp_path / "x" / "metrics.jsonl").read_text().splitlines()
    assert json.loads((tmp_path / "x" / "result.json").read_text())["training"]["steps"] == 3
    assert json.loads(rows[0])["step"] == 0


def test_other_data_under_the_same_name_are_another_run(tmp_path, monkeypatch):
    data = tk.bundled("gpaw-pbe-r2scan")
    options = {"source": str(tmp_path / "own.parquet"), "fidelity": "r2SCAN", "subset": 40, "split": {"fold": 0}}
    own = recipe(data=options)
    write_parquet(data, tmp_path / "own.parquet")
    original = loop.step
    monkeypatch.setattr(loop, "step", lambda *a, **k: original(*a, **(k | {"asked": True})))
    with pytest.raises(Interrupted):
        pipeline.run_one(own, tmp_path / "x", quiet=True)
    write_parquet(data.with_labels(energy=data.energy + 1.0), tmp_path / "own.parquet")
    with pytest.raises(RunFolderError, match=r"holds a checkpoint of run .*: the same options, but other data"):
        pipeline.run_one(own, tmp_path / "x", quiet=True)


def test_from_scratch_starts_with_random_weights():
    scratch = recipe(strategy={"kind": "from-scratch"}, reference={"policy": "refit"}, seed=3)
    a, b = pipeline.start(scratch), pipeline.start(scratch.model_copy(update={"seed": 4}))
    assert any(not np.array_equal(p.detach(), q.detach()) for p, q in zip(a.parameters(), b.parameters(), strict=True))
    assert isinstance(a, ReferencedPotential)


def test_fold_follows_the_seed_where_the_recipe_says_so():
    from transferkit.data.source import open_data

    data = open_data("bundled:gpaw-pbe-r2scan", "r2SCAN")
    plain = recipe(data={"source": "bundled:gpaw-pbe-r2scan", "fidelity": "r2SCAN", "split": {"fold": "seed"}}, seed=8)
    assert division.divide(plain, data).info["fold"] == 8 % 6


def test_evaluating_a_folder_without_a_model_is_refused(tmp_path):
    with pytest.raises(RunFolderError, match="no trained potential"):
        pipeline.evaluate_run(tmp_path, tk.bundled("gpaw-pbe-r2scan")[:2])


def test_only_determined_validation_structures_choose_the_best_weights():
    data = tk.bundled("gpaw-pbe-r2scan")
    parts = tk.split(data, by="composition", seed=0)
    without_oxygen = parts.with_train(parts.train[np.array([8 not in s.numbers for s in parts.train])])
    chosen, caution = pipeline.choosers(without_oxygen)
    assert 0 < len(chosen) < len(parts.valid)
    assert not any(8 in s.numbers for s in parts.valid[chosen])
    assert f"{len(parts.valid) - len(chosen)} of {len(parts.valid)}" in caution
    assert pipeline.choosers(parts)[1] is None


def test_where_none_is_determined_all_choose_and_it_is_said():
    parts = tk.split(tk.bundled("gpaw-pbe-r2scan"), by="composition", seed=0)
    chosen, caution = pipeline.choosers(parts.with_train(parts.train[:1]))
    assert len(chosen) == len(parts.valid)
    assert "none of the" in caution


def test_a_subset_of_a_smoke_run_is_never_larger_than_asked_for():
    data = tk.bundled("gpaw-pbe-r2scan")
    small = recipe(data={"source": "bundled:gpaw-pbe-r2scan", "fidelity": "r2SCAN", "subset": 30})
    assert len(division.divide(small, data, smoke=True).train) <= 30
    known = division.divide(small, data).tests.get("known materials")
    assert known is None or set(known.composition) <= set(division.divide(small, data).train.composition)


def test_copies_stand_beside_the_training_part_and_the_reference_is_fitted_without_them():
    data = tk.bundled("gpaw-pbe-r2scan")
    options = {"data": {"source": "bundled:gpaw-pbe-r2scan", "fidelity": "r2SCAN", "subset": 30}}
    plain = pipeline.divide(recipe(**options), data)
    augmentation = {"kind": "taylor", "length": 0.01, "copies": 2}
    parts = pipeline.divide(recipe(**options, training={"steps": 2, "augmentation": augmentation}), data)
    assert [len(parts.train), len(parts.fitted_on), parts.info["counts"]["train"]] == [90, 30, 90]
    assert parts.fitted_on.hash == plain.train.hash
    assert [part.hash for part in parts.tests.values()] == [part.hash for part in plain.tests.values()]
    assert "60 displaced copies of its 30 structures (taylor, 0.01 Å)" in parts.warnings[-1]


def test_a_run_killed_before_its_page_gets_one(folder):
    (folder / "index.html").unlink()
    pipeline.run(recipe(), output=folder, smoke=True)
    assert (folder / "index.html").exists()


def test_the_recipe_says_where_and_how_data_are_read(tmp_path, monkeypatch):
    class Seen(Exception):
        pass

    def stop(*asked, limits, **_):
        raise Seen(asked)

    options = {"source": "a.xyz", "fidelity": "PBE", "label_convention": "mp2020", "keys": {"energy": "REF_energy"}}
    options["units"] = {"energy": "Ha"}
    wanted = Recipe.model_validate({"name": "x", "data": options, "adapter": {"name": "toy"}, "training": {"steps": 1}})
    monkeypatch.setattr(resolve, "open_sifted", stop)
    with pytest.raises(Seen) as caught:
        pipeline.run_one(wanted, tmp_path / "x", quiet=True)
    assert caught.value.args[0] == tuple(options.values())


def test_a_smoke_run_leaves_the_folder_of_the_real_run_free(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    seen = []
    monkeypatch.setattr(pipeline, "run_one", lambda _, folder, **__: seen.append(str(folder)) or folder)
    pipeline.run(recipe(), smoke=True)
    pipeline.run(recipe())
    assert seen == ["runs/one-smoke", "runs/one"]


@pytest.mark.parametrize("name", ["toy", "chgnet"])
def test_a_second_head_is_trained_next_to_the_first_and_the_first_stays(name, tmp_path, capsys):
    adapter = {"name": name, "new_head": {"name": "r2SCAN"}}
    changes = {"adapter": adapter, "strategy": {"kind": "heads"}, "training": {"steps": 2, "batch": {"structures": 4}}}
    data = {"source": "bundled:gpaw-pbe-r2scan", "fidelity": "r2SCAN", "subset": 12}
    folder = pipeline.run(recipe(**changes, data=data), output=tmp_path / "two")
    said = capsys.readouterr().err
    assert f"{name}: head r2SCAN is trained, next to default" in said
    assert "their predictions change" not in said
    result = json.loads((folder / "result.json").read_text())
    assert result["adapter"]["head"] == "r2SCAN"
    assert result["adapter"]["heads"]["r2SCAN"] == "r2SCAN"
    trainable = {n for n, block in result["strategy"]["blocks"].items() if block["trainable"]}
    assert trainable == {"readout.r2SCAN", "magmom.r2SCAN"}
    bundle, plain = tk.open_bundle(folder), api.load(name)
    some = tk.bundled("gpaw-pbe-r2scan", fidelity="PBE")[:6]
    one, two = predict(plain, some), predict(bundle, some, head="default")
    assert all(np.array_equal(getattr(one, p), getattr(two, p)) for p in ("energy", "forces", "stress", "magmoms"))
    r2scan = tk.bundled("gpaw-pbe-r2scan")[:6]
    assert pipeline.evaluate_run(folder, r2scan).caution == ""
    assert np.array_equal(predict(bundle, r2scan).energy, predict(bundle, r2scan, head="r2SCAN").energy)
    assert not np.array_equal(predict(bundle, r2scan).energy, predict(plain, r2scan).energy)
    if name == "chgnet":  # it knows that its first head learnt PBE
        assert np.array_equal(predict(bundle, some).energy, one.energy)
    for head in ("default", "r2SCAN"):
        opened = api.load(name, bundle.export(tmp_path / f"{head}.file", head))
        assert np.allclose(predict(opened, some).energy, predict(bundle, some, head=head).energy, atol=1e-4, rtol=0)


def test_a_recipe_goes_on_from_a_run(folder, tmp_path):
    checkpoint = {"name": "toy", "checkpoint": str(folder)}
    again = pipeline.start(recipe(adapter=checkpoint))
    before = ReferencedPotential.open(folder / "model")
    assert all(np.array_equal(v, before.state_dict()[k]) for k, v in again.state_dict().items())
    run = pipeline.run(recipe(adapter=checkpoint), output=tmp_path / "next", smoke=True)
    assert json.loads((run / "result.json").read_text())["adapter"]["checkpoint"] == folder.name
    # where it lies is kept for whoever goes on
    assert yaml.safe_load((run / "recipe.yaml").read_text())["adapter"]["checkpoint"] == str(folder)


def test_the_bundle_of_a_run_holds_its_recipe_and_where_it_came_from(folder):
    info = json.loads((folder / "model" / "model.json").read_text())
    assert info["recipe"] == recipe().model_dump(mode="json")
    assert info["provenance"] == json.loads((folder / "provenance.json").read_text())


def test_a_run_tells_what_was_read_and_that_conventions_differ(tmp_path, monkeypatch, capsys):
    toy = api.load("toy")
    learnt = toy.with_reference(replace(toy.reference(), label_convention="mp2020", fidelity="PBE"))
    monkeypatch.setattr(pipeline, "start", lambda _: learnt)
    data = {"source": "bundled:gpaw-pbe-r2scan", "fidelity": "PBE", "subset": 40, "split": {"fold": 0}}
    folder = pipeline.run(recipe(data=data), output=tmp_path / "raw", smoke=True)
    result = json.loads((folder / "result.json").read_text())
    assert result["data"]["read_as"] == {"entries": {}, "aside": {}}
    assert any("trained on mp2020 energies" in finding for finding in result["data"]["findings"])
    assert "trained on mp2020 energies" in capsys.readouterr().err
    data["convert"] = {"to": "mp2020", "hubbard": "materials-project"}
    folder = pipeline.run(recipe(data=data), output=tmp_path / "converted", smoke=True)
    result = json.loads((folder / "result.json").read_text())
    assert result["label_convention"] == "mp2020"
    assert not any("trained on mp2020 energies" in finding for finding in result["data"]["findings"])


def test_what_the_limits_of_a_recipe_let_through_is_no_finding(tmp_path):
    data = tk.bundled("gpaw-pbe-r2scan", fidelity="r2SCAN")[:60]
    forces = data.forces.copy()
    forces[0], forces[1] = [0.0, 0.0, 300.0], [0.0, 0.0, -300.0]
    write_parquet(data.with_labels(forces=forces), tmp_path / "a.parquet")
    source = {"source": str(tmp_path / "a.parquet"), "fidelity": "r2SCAN", "quarantine": {"largest_force": 500.0}}
    run = pipeline.run(recipe(data=source), output=tmp_path / "x", smoke=True)
    told = json.loads((run / "result.json").read_text())["data"]
    assert told["quarantine"]["taken"] == 0
    assert not [finding for finding in told["findings"] if "force above" in finding]
