"""The verbs of a notebook, with the toy potential."""

import numpy as np
import pytest

import transferkit as tk
from transferkit import api
from transferkit.errors import AdapterNotInstalled, CheckpointError, ReferenceFitError, UnknownAdapter
from transferkit.evaluation.predict import network_energy, predict


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


def test_a_poor_policy_is_warned_about_with_its_numbers(parts):
    done = api.compare_policies(tk.load("toy"), parts.train, policy="keep")
    assert "residual" in done.warning
    assert f"{done.table['keep'].mean:.3f}" in done.warning


def test_difference_names_the_structure_whose_source_label_is_missing(parts):
    pbe = tk.bundled("gpaw-pbe-r2scan", fidelity="PBE")
    first = str(parts.train.id[0])
    with pytest.raises(ReferenceFitError, match=first):
        api.compare_policies(tk.load("toy"), parts.train, policy="difference", source_data=pbe[pbe.id != first])


def test_difference_refuses_labels_of_the_same_level(parts):
    same = tk.bundled("gpaw-pbe-r2scan", fidelity="r2SCAN")
    with pytest.raises(ReferenceFitError, match="source_data holds r2SCAN labels, as the data themselves do"):
        api.compare_policies(tk.load("toy"), parts.train, policy="difference", source_data=same)


def test_labels_without_energies_cannot_be_referenced(parts):
    with pytest.raises(ReferenceFitError, match="none of the structures has an energy"):
        api.compare_policies(tk.load("toy"), parts.train.without("energy"))


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
    found = tk.evaluate(api.compare_policies(model, parts.train[without]).potential, parts.train[sodium])
    assert found.undetermined == tuple(parts.train.id[sodium])
    assert f"{len(sodium)} of them hold an element whose E0 was not determined" in str(found)
    assert found.to_json()["undetermined"] == list(found.undetermined)


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
