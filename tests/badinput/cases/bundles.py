"""Bundles and checkpoints: missing, damaged, foreign, or in need of trust."""

import json
import pickle
from pathlib import Path

import torch

import transferkit as tk
from transferkit.adapters.bundle import INFO, TENSORS, write_bundle
from transferkit.adapters.toy import Toy

from .case import Case, nothing, raw, text


def bundle(folder: Path) -> Path:
    return write_bundle(Toy.load("demo"), folder / "mine")


def changed(**entries):
    """A bundle whose description says something else."""

    def make(folder):
        path = bundle(folder) / INFO
        path.write_text(json.dumps(json.loads(path.read_text()) | entries))

    return make


def damaged(change):
    """A bundle on which somebody laid hands."""

    def make(folder):
        change(bundle(folder))

    return make


def mixed(folder):
    """The tensors of another potential."""
    bundle(folder)
    write_bundle(Toy.scratch("full", seed=1), folder / "other")
    (folder / "other" / TENSORS).replace(folder / "mine" / TENSORS)


def lacking_tensor(folder):
    from safetensors.torch import load_file, save_file

    from transferkit.provenance import weights_hash

    path = bundle(folder)
    tensors = load_file(path / TENSORS)
    tensors.pop(sorted(tensors)[0])
    save_file(tensors, path / TENSORS)
    info = json.loads((path / INFO).read_text())
    info["tensors"]["sha256"] = weights_hash(tensors)
    (path / INFO).write_text(json.dumps(info))


def opened(folder):
    return tk.open_bundle(folder / "mine")


def load(adapter, checkpoint, **options):
    return lambda folder: tk.load(adapter, checkpoint=str(folder / checkpoint), **options)


class Evil:
    """A pickle that would run something."""

    def __reduce__(self):
        return (print, ("ran",))


def saved(content):
    return lambda folder: torch.save(content, folder / "model.pth.tar")


def pickled(folder):
    (folder / "model.model").write_bytes(pickle.dumps(Evil()))


CASES = [
    Case("no bundle there", nothing, opened, ()),
    Case("a folder without a bundle", lambda f: (f / "mine").mkdir(), opened, ()),
    Case("a file for a bundle", text("mine", "x"), opened, ()),
    Case("no tensors", damaged(lambda p: (p / TENSORS).unlink()), opened, ()),
    Case("no description", damaged(lambda p: (p / INFO).unlink()), opened, ()),
    Case("tensors cut short", damaged(lambda p: (p / TENSORS).write_bytes((p / TENSORS).read_bytes()[:-50])), opened, ()),
    Case("description cut short", damaged(lambda p: (p / INFO).write_text((p / INFO).read_text()[:-50])), opened, ()),
    Case("description is a list", damaged(lambda p: (p / INFO).write_text("[]")), opened, ()),
    Case("format of a later version", changed(format=7), opened, ()),
    Case("format of an earlier version", changed(format=0), opened, ()),
    Case("heads missing", changed(heads=None), opened, ()),
    Case("adapter not known", changed(adapter="orb"), opened, ()),
    Case("adapter misspelt", changed(adapter="chgnt"), opened, ()),
    Case("configuration of another network", changed(config={}), opened, ()),
    Case("tensors of another potential", mixed, opened, ()),
    Case("a tensor missing", lacking_tensor, opened, ()),
    Case("a bundle of another adapter", bundle, load("chgnet", "mine"), ()),
    Case("chgnet file that is text", text("m.pth.tar", "hello"), load("chgnet", "m.pth.tar"), ()),
    Case("chgnet file cut short", lambda f: (torch.save({"model": torch.zeros(99)}, f / "m.pth.tar"), (f / "m.pth.tar").write_bytes((f / "m.pth.tar").read_bytes()[:300])), load("chgnet", "m.pth.tar"), ()),
    Case("chgnet file with code in it", saved({"model": Evil()}), load("chgnet", "model.pth.tar"), ()),
    Case("chgnet file of something else", saved({"weights": torch.zeros(3)}), load("chgnet", "model.pth.tar"), ()),
    Case("chgnet file without E0", saved({"model": {"model_args": {}, "state_dict": {"a": torch.zeros(2)}}}), load("chgnet", "model.pth.tar"), ()),
    Case("chgnet checkpoint misspelt", nothing, lambda f: tk.load("chgnet", checkpoint="0.3"), ()),
    Case("mace file without trust", pickled, load("mace", "model.model"), ()),
    Case("mace file that is a foreign pickle", pickled, load("mace", "model.model", trust=True), ()),
    Case("mace file that is text", text("m.model", "hello"), load("mace", "m.model", trust=True), ()),
    Case("mace checkpoint misspelt", nothing, lambda f: tk.load("mace", checkpoint="medum"), ()),
    Case("toy checkpoint misspelt", nothing, lambda f: tk.load("toy", checkpoint="demmo"), ()),
    Case("no such adapter", nothing, lambda f: tk.load("sevenet"), ()),
    Case("no such head", nothing, lambda f: tk.load("toy").calculator(head="r2SCAN"), ()),
    Case("a head twice", nothing, lambda f: tk.load("toy").add_head("default", copy_of="default"), ()),
    Case("a copy of no head", nothing, lambda f: tk.load("toy").add_head("r2SCAN", copy_of="PBE"), ()),
    Case("dtype of no adapter", nothing, lambda f: tk.load("chgnet", dtype="float16"), ()),
    Case("device of no machine", nothing, lambda f: tk.load("toy", device="gpu"), ()),
    Case("export over a folder", nothing, lambda f: tk.load("toy").export(f), ()),
]
