"""The verbs of a notebook, with the toy potential."""

import numpy as np
import pytest

import transferkit as tk
from transferkit.errors import AdapterNotInstalled, CheckpointError, UnknownAdapter, UnknownHead
from transferkit.evaluation.predict import network_energy, predict
from transferkit.rereferencing import compare_policies


@pytest.fixture(scope="module")
def parts():
    return tk.split(tk.bundled("gpaw-pbe-r2scan", fidelity="r2SCAN"), by="composition", seed=0)


def test_residual_is_the_default_and_the_network_is_untouched(parts, capsys):
    model = tk.load("toy")
    before = network_energy(model, parts.test)
    new = tk.rereference(model, parts.train)
    out = predict(new, parts.test, need=frozenset({"energy"})).energy
    assert np.array_equal(network_energy(model, parts.test), before)
    assert np.allclose(out, before + new.reference().total(parts.test), atol=1e-9, rtol=0)
    assert "residual" in capsys.readouterr().out


def test_the_potential_given_keeps_its_reference(parts):
    model = tk.load("toy")
    before = model.reference().to_mapping()
    tk.rereference(model, parts.train)
    assert model.reference().to_mapping() == before


def test_finetune_leaves_what_it_was_given_as_it_was(parts):
    model = tk.rereference(tk.load("toy"), parts.train)
    before = {k: v.clone() for k, v in model.state_dict().items()}
    run = tk.finetune(model, parts, steps=3, quiet=True)
    assert all(v.equal(before[k]) for k, v in model.state_dict().items())
    assert run.model is not model


def test_frozen_blocks_come_back_bitwise(parts):
    model = tk.load("toy")
    run = tk.finetune(model, parts, strategy="frozen", train=["readout"], steps=3, learning_rate=1e-4, quiet=True)
    for name, block in model.blocks().items():
        same = all(a.equal(b) for a, b in zip(block, run.model.blocks()[name], strict=True))
        assert same or name.startswith("readout"), name


def test_evaluation_prints_what_is_there_and_nothing_else(parts):
    text = str(tk.evaluate(tk.load("toy"), parts.test.without("stress")))
    assert "energy" in text
    assert "stress" not in text


def test_evaluation_names_structures_whose_elements_the_reference_did_not_see(parts):
    model = tk.load("toy")
    assert tk.evaluate(model, parts.test).undetermined == ()
    sodium = np.unique(parts.train.owner[parts.train.numbers == 11])
    without = np.setdiff1d(np.arange(len(parts.train)), sodium)
    found = tk.evaluate(compare_policies(model, parts.train[without]).potential, parts.train[sodium])
    assert found.undetermined == tuple(parts.train.id[sodium])
    assert f"{len(sodium)} of them hold an element whose E0 was not determined" in str(found)
    assert found.to_json()["undetermined"] == list(found.undetermined)
    assert found.determined is None


def test_evaluation_counts_structures_with_a_determined_reference_apart(parts):
    sodium = np.unique(parts.train.owner[parts.train.numbers == 11])
    without = np.setdiff1d(np.arange(len(parts.train)), sodium)
    model = compare_policies(tk.load("toy"), parts.train[without]).potential
    both = tk.evaluate(model, parts.train[np.concatenate([sodium[:3], without[:20]])])
    assert both.undetermined == tuple(parts.train.id[sodium[:3]])
    alone = tk.evaluate(model, parts.train[without[:20]]).metrics
    for name in ("energy", "forces", "stress"):  # another batch, other roundings
        assert both.determined[name]["mae"] == pytest.approx(alone[name]["mae"], rel=1e-6, abs=1e-7)
    assert both.determined["energy"]["mae"] != both.metrics["energy"]["mae"]
    assert "of which 20 with determined E0:" in str(both)


def test_evaluation_of_one_composition_has_no_interval(parts):
    one = parts.test[parts.test.composition == parts.test.composition[0]]
    assert "one composition" in str(tk.evaluate(tk.load("toy"), one))


def test_mistakes_name_the_nearest():
    with pytest.raises(UnknownAdapter, match="Did you mean 'chgnet'"):
        tk.load("chgnt")
    with pytest.raises(CheckpointError, match=r"0\.3\.0"):
        tk.load("chgnet", checkpoint="0.3.1")


def test_a_missing_package_is_not_a_broken_one(monkeypatch):
    from importlib.metadata import EntryPoint

    from transferkit.adapters import registry

    point = EntryPoint("gone", "no_such_package_anywhere.adapter:A", registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda **_: [point])
    with pytest.raises(AdapterNotInstalled, match="no_such_package_anywhere"):
        tk.load("gone")


class TestTwoHeads:
    @pytest.fixture
    def model(self):
        model = tk.load("toy")
        model.add_head("r2SCAN", copy_of="default")
        return model

    def test_the_reference_of_the_head_of_the_data_moves_and_the_other_stays(self, model, parts, capsys):
        kept = model.reference("default").to_mapping()
        moved = tk.rereference(model, parts.train)
        assert "residual" in capsys.readouterr().out
        assert moved.reference("default").to_mapping() == kept
        assert moved.reference("r2SCAN").to_mapping() != kept
        assert moved.fidelities == {"default": None, "r2SCAN": "r2SCAN"}
        assert compare_policies(model, parts.train, head="default").potential.reference("r2SCAN").to_mapping() == kept

    def test_each_head_is_evaluated_by_itself(self, model, parts):
        moved = compare_policies(model, parts.train).potential
        by_rule, named, other = (tk.evaluate(moved, parts.test, head=h) for h in (None, "r2SCAN", "default"))
        assert by_rule.metrics == named.metrics
        assert named.metrics["energy"]["mae"] != other.metrics["energy"]["mae"]

    def test_among_several_there_is_no_default(self, model):
        pbe = tk.bundled("gpaw-pbe-r2scan", fidelity="PBE")[:4]
        for verb in (compare_policies, tk.evaluate, predict, network_energy):
            with pytest.raises(UnknownHead, match=r"the data are PBE.*default .*, r2SCAN"):
                verb(model, pbe)

    def test_finetuning_trains_the_head_of_the_data(self, model, parts):
        run = tk.finetune(model, parts, strategy="heads", steps=1, quiet=True)
        assert run.plan.trainable["readout.default"] == 0
        assert run.plan.trainable["readout.r2SCAN"] > 0
        run = tk.finetune(model, parts, strategy="heads", steps=1, quiet=True, head="default")
        assert run.plan.trainable["readout.r2SCAN"] == 0


def test_labels_of_another_level_than_the_potentials_are_remarked():
    pbe = tk.bundled("gpaw-pbe-r2scan", fidelity="PBE")[:4]
    assert "trained on r2SCAN, and these labels are PBE" in tk.evaluate(tk.load("chgnet", "r2scan"), pbe).caution
    assert "trained on" not in tk.evaluate(tk.load("chgnet", "0.3.0"), pbe).caution


def test_a_published_name_is_never_taken_for_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tk.scratch("toy", "tiny").save(tmp_path / "demo" / "model")
    assert tk.load("toy", "demo").reference()["O"] != 0.0
    assert tk.load("toy", "./demo").reference()["O"] == 0.0
    with pytest.raises(CheckpointError, match="Did you mean 'demo'"):
        tk.load("toy", "demoo")
