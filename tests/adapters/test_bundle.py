"""Bundles: complete, checked, opened without a pickle; every way to spoil one has its own words."""

import json
import pickle
from importlib.util import find_spec

import pytest
import torch
from safetensors.torch import load_file, save_file

import transferkit as tk
from transferkit.adapters.bundle import (
    ENTRIES,
    FORMAT,
    bundled_potential,
    description_hash,
    is_bundle,
    open_bundle,
    read_info,
)
from transferkit.adapters.toy import Toy
from transferkit.errors import AdapterNotInstalled, CheckpointError, UnknownAdapter
from transferkit.provenance import weights_hash


@pytest.fixture
def folder(tmp_path):
    potential = Toy.scratch("tiny", seed=1)
    potential.add_head("r2SCAN", "default", Toy.load("demo").reference())
    potential.adapter.licence = "CC BY-NC 4.0"
    return potential.save(tmp_path / "model", recipe={"name": "x"}, provenance={"seed": 3})


def change(folder, **entries):
    info = json.loads((folder / "model.json").read_text()) | entries
    if "sha256" in info and set(ENTRIES) <= set(info):  # as if it had been written so
        info["sha256"] = description_hash(info)
    (folder / "model.json").write_text(json.dumps(info))


def test_a_bundle_says_everything_about_itself(folder):
    info = read_info(folder)
    tensors = load_file(folder / "model.safetensors")
    assert info["format"] == FORMAT
    assert (info["adapter"], info["heads"], info["licence"]) == ("toy", ["default", "r2SCAN"], "CC BY-NC 4.0")
    assert (info["recipe"], info["provenance"]) == ({"name": "x"}, {"seed": 3})
    assert info["tensors"] == {"count": len(tensors), "sha256": weights_hash(tensors)}
    assert {"transferkit", "torch"} <= set(info["versions"])
    assert {"kind", "undetermined", "covariance_eV2", "fidelity", "source"} <= set(info["references"][1])


def test_the_licence_travels_with_the_weights(folder):
    assert open_bundle(folder).adapter.licence == "CC BY-NC 4.0"


def test_a_run_folder_is_opened_by_its_model(folder):
    assert is_bundle(folder.parent)
    assert tk.open_bundle(folder.parent).adapter.heads == ("default", "r2SCAN")


@pytest.mark.parametrize("name", ["toy", "chgnet", "mace"])
def test_no_pickle_is_opened(name, tmp_path, monkeypatch):
    if name == "mace" and find_spec("mace") is None:
        pytest.skip("mace-torch is not installed")
    tiny = tk.scratch(name, "tiny", seed=1)
    tiny.add_head("r2SCAN", "default")
    saved = tiny.save(tmp_path / "model")

    def refuse(*_, **__):
        raise RuntimeError("a pickle was opened")

    for owner, function in ((torch, "load"), (pickle, "load"), (pickle, "loads"), (pickle, "Unpickler")):
        monkeypatch.setattr(owner, function, refuse)
    for potential in (open_bundle(saved), tk.load(name, saved, device="cpu")):
        assert all(torch.equal(v, tiny.state_dict()[k]) for k, v in potential.state_dict().items())
    assert sorted(p.name for p in saved.iterdir()) == ["model.json", "model.safetensors"]


def test_it_is_a_checkpoint_to_start_from(folder):
    potential = tk.load("toy", str(folder.parent), device="cpu", dtype="float64")
    assert potential.adapter.embedding.weight.dtype == torch.float64
    assert potential.adapter.heads == ("default", "r2SCAN")
    with pytest.raises(CheckpointError, match=r"adapter 'toy', and adapter 'chgnet' was asked for. Write toy"):
        bundled_potential("chgnet", folder)
    with pytest.raises(CheckpointError, match="does not compute in"):
        bundled_potential("toy", folder, dtype=torch.float16)


def test_folders_without_a_bundle(tmp_path):
    with pytest.raises(CheckpointError, match=r"does not exist: model\.json and model\.safetensors missing"):
        open_bundle(tmp_path / "nothing")
    with pytest.raises(CheckpointError, match=r"holds no saved potential.*<run>/model"):
        open_bundle(tmp_path)


@pytest.mark.parametrize("name", ["model.json", "model.safetensors"])
def test_half_a_bundle(folder, name):
    (folder / name).unlink()
    for path in (folder, folder.parent):
        with pytest.raises(CheckpointError, match=f"not complete: {name} missing"):
            open_bundle(path)


def test_formats_of_other_versions(folder):
    change(folder, format=FORMAT + 1)
    with pytest.raises(CheckpointError, match=f"format {FORMAT + 1}; this version reads format {FORMAT}. Update"):
        open_bundle(folder)
    change(folder, format=None)
    with pytest.raises(CheckpointError, match=r"format None.*Train again"):
        open_bundle(folder)


def test_a_damaged_description(folder):
    change(folder, references="none")
    with pytest.raises(CheckpointError, match="damaged: its entry 'references'"):
        open_bundle(folder)
    (folder / "model.json").write_text("{")
    with pytest.raises(CheckpointError, match="not JSON"):
        open_bundle(folder)


def test_tensors_that_are_cut_short(folder):
    file = folder / "model.safetensors"
    whole = file.read_bytes()
    for kept in (len(whole) // 2, 4, 0):
        file.write_bytes(whole[:kept])
        with pytest.raises(CheckpointError, match=r"model\.safetensors is cut short or damaged"):
            open_bundle(folder)


def test_one_changed_number_is_found(folder):
    file = folder / "model.safetensors"
    tensors = load_file(file)
    tensors["e0"][1, 8] += 1e-3
    save_file(tensors, file)
    with pytest.raises(CheckpointError, match="their hashes differ"):
        open_bundle(folder)


@pytest.mark.parametrize("spoil", ["adapter.embedding.weight", "e0"])
@pytest.mark.parametrize("how", ["missing", "another shape"])
def test_tensors_that_do_not_fit_their_description(folder, spoil, how):
    file = folder / "model.safetensors"
    tensors = load_file(file)
    if how == "missing":
        del tensors[spoil]
    else:
        tensors[spoil] = tensors[spoil][:1].clone()
    save_file(tensors, file)
    change(folder, tensors={"sha256": weights_hash(tensors)})
    with pytest.raises(CheckpointError, match=r"do not fit what model\.json says of adapter 'toy'"):
        open_bundle(folder)


def test_adapters_that_are_not_there(folder, monkeypatch):
    change(folder, adapter="toi")
    with pytest.raises(
        UnknownAdapter, match=r"holds a potential of adapter 'toi'.*Did you mean 'toy'.*Install the package"
    ):
        open_bundle(folder)
    from importlib.metadata import EntryPoint

    from transferkit.adapters import registry

    gone = EntryPoint("toi", "no_such_package_anywhere.adapter:A", registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda **_: [gone])
    with pytest.raises(AdapterNotInstalled, match=r"holds a potential of adapter 'toi'.*no_such_package_anywhere"):
        open_bundle(folder)


def test_saving_again_replaces_the_potential(folder):
    Toy.load("demo").save(folder)
    assert open_bundle(folder).adapter.heads == ("default",)


def test_a_description_changed_by_hand_is_refused(folder):
    file = folder / "model.json"
    file.write_text(file.read_text().replace('"CC BY-NC 4.0"', '"MIT"'))
    with pytest.raises(CheckpointError, match=r"model\.json was changed after it was written"):
        open_bundle(folder)


def test_recipe_and_provenance_may_be_annotated(folder):
    info = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps(info | {"provenance": {"note": "for the paper"}}))
    assert open_bundle(folder).adapter.heads == ("default", "r2SCAN")
