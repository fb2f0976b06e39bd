"""Bundles and checkpoints: missing, damaged, foreign, or in need of trust."""

import json
import pickle
from pathlib import Path

import torch

import transferkit as tk
from transferkit.adapters.bundle import ENTRIES, INFO, TENSORS, description_hash, write_bundle
from transferkit.adapters.toy import Toy

from .case import Case, nothing, text


def bundle(folder: Path) -> Path:
    return write_bundle(Toy.load("demo"), folder / "mine")


def describe(path, entries):
    """Write a description anew, with the hash that it would have had."""
    info = json.loads(path.read_text()) | entries
    if all(info.get(name) is not None for name in ENTRIES):
        info["sha256"] = description_hash(info)
    path.write_text(json.dumps(info))


def changed(**entries):
    """A bundle whose description says something else."""
    return lambda folder: describe(bundle(folder) / INFO, entries)


def relicensed(folder):
    path = bundle(folder) / INFO
    path.write_text(path.read_text().replace('"licence": "MIT"', '"licence": "none"'))


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
    tensors.pop(min(tensors))
    save_file(tensors, path / TENSORS)
    describe(path / INFO, {"tensors": {"sha256": weights_hash(tensors)}})


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
    Case(
        "no bundle there", nothing, opened, ("mine does not exist", "model.json and model.safetensors", "<run>/model")
    ),
    Case(
        "a folder without a bundle",
        lambda f: (f / "mine").mkdir(),
        opened,
        ("mine holds no saved potential", "<run>/model"),
    ),
    Case("a file for a bundle", text("mine", "x"), opened, ("mine is not a folder", "<run>/model")),
    Case(
        "no tensors",
        damaged(lambda p: (p / TENSORS).unlink()),
        opened,
        ("model.safetensors missing", "Copy both files"),
    ),
    Case("no description", damaged(lambda p: (p / INFO).unlink()), opened, ("model.json missing", "Copy both files")),
    Case(
        "tensors cut short",
        damaged(lambda p: (p / TENSORS).write_bytes((p / TENSORS).read_bytes()[:-50])),
        opened,
        ("model.safetensors is cut short or damaged", "Copy it again"),
    ),
    Case(
        "description cut short",
        damaged(lambda p: (p / INFO).write_text((p / INFO).read_text()[:-50])),
        opened,
        ("model.json is damaged, it is not JSON", "Copy it again"),
    ),
    Case(
        "description is a list",
        damaged(lambda p: (p / INFO).write_text("[]")),
        opened,
        ("format None", "this version reads format 1"),
    ),
    Case("format of a later version", changed(format=7), opened, ("format 7", "Update transferkit")),
    Case("format of an earlier version", changed(format=0), opened, ("format 0", "Train again")),
    Case("heads missing", changed(heads=None), opened, ("its entry 'heads' is missing or wrong", "Copy it again")),
    Case(
        "adapter not known", changed(adapter="orb"), opened, ("adapter 'orb'", "Known: chgnet", "Install the package")
    ),
    Case("adapter misspelt", changed(adapter="chgnt"), opened, ("adapter 'chgnt'", "Did you mean 'chgnet'?")),
    Case(
        "configuration of another network",
        changed(config={}),
        opened,
        ("says of adapter 'toy': lacks 'config'", "train again"),
    ),
    Case("a description changed by hand", relicensed, opened, ("was changed after it was written", "Copy it again")),
    Case("tensors of another potential", mixed, opened, ("their hashes differ", "Copy both again")),
    Case("a tensor missing", lacking_tensor, opened, ("lacks 'embedding.weight'", "train again")),
    Case(
        "a bundle of another adapter",
        bundle,
        load("chgnet", "mine"),
        ("holds a potential of adapter 'toy', and adapter 'chgnet'", "Write toy instead"),
    ),
    Case(
        "chgnet file that is text",
        text("m.pth.tar", "hello"),
        load("chgnet", "m.pth.tar"),
        ("m.pth.tar is not a CHGNet checkpoint", "Take the file anew"),
    ),
    Case(
        "chgnet file cut short",
        lambda f: (
            torch.save({"model": torch.zeros(99)}, f / "m.pth.tar"),
            (f / "m.pth.tar").write_bytes((f / "m.pth.tar").read_bytes()[:300]),
        ),
        load("chgnet", "m.pth.tar"),
        ("m.pth.tar", "zip archive", "Take the file anew"),
    ),
    Case(
        "chgnet file with code in it",
        saved({"model": Evil()}),
        load("chgnet", "model.pth.tar"),
        ("it holds code (print), which is not run", "Trainer.save"),
    ),
    Case(
        "chgnet file of something else",
        saved({"weights": torch.zeros(3)}),
        load("chgnet", "model.pth.tar"),
        ("it has no entry 'model'", "Trainer.save"),
    ),
    Case(
        "chgnet file without E0",
        saved({"model": {"model_args": {}, "state_dict": {"a": torch.zeros(2)}}}),
        load("chgnet", "model.pth.tar"),
        ("no elemental energies", "Trainer.save"),
    ),
    Case(
        "chgnet checkpoint misspelt",
        nothing,
        lambda _: tk.load("chgnet", checkpoint="0.3"),
        ("no checkpoint called '0.3'", "Did you mean '0.3.0'?"),
    ),
    Case(
        "mace file without trust",
        pickled,
        load("mace", "model.model"),
        ("model.model: a MACE model is a pickle", "trust=True", "--trust"),
    ),
    Case(
        "mace file that is a foreign pickle",
        pickled,
        load("mace", "model.model", trust=True),
        ("model.model cannot be opened as a MACE model", "Take the file anew"),
    ),
    Case(
        "mace file that is text",
        text("m.model", "hello"),
        load("mace", "m.model", trust=True),
        ("m.model cannot be opened as a MACE model", "Take the file anew"),
    ),
    Case(
        "mace checkpoint misspelt",
        nothing,
        lambda _: tk.load("mace", checkpoint="medum"),
        ("mace has no checkpoint called 'medum'", "Did you mean 'medium'?"),
    ),
    Case(
        "toy checkpoint misspelt",
        nothing,
        lambda _: tk.load("toy", checkpoint="demmo"),
        ("toy has no checkpoint called 'demmo'", "Did you mean 'demo'?"),
    ),
    Case("no such adapter", nothing, lambda _: tk.load("sevenet"), ("'sevenet'", "Known: chgnet, mace, toy")),
    Case(
        "no such head",
        nothing,
        lambda _: tk.load("toy").calculator(head="r2SCAN"),
        ("no head called 'r2SCAN'", "Known: default"),
    ),
    Case(
        "a head twice",
        nothing,
        lambda _: tk.load("toy").add_head("default", copy_of="default"),
        ("already has a head called 'default'", "choose another name"),
    ),
    Case(
        "a head of no shape",
        nothing,
        lambda _: tk.load("toy").add_head("r2SCAN", copy_of="default", shape="last_linear"),
        ("no head of the shape 'last_linear'", "Did you mean 'last-linear'?"),
    ),
    Case(
        "a copy of no head",
        nothing,
        lambda _: tk.load("toy").add_head("r2SCAN", copy_of="PBE"),
        ("no head called 'PBE'", "Known: default"),
    ),
    Case(
        "dtype of no adapter",
        nothing,
        lambda _: tk.load("chgnet", dtype="float16"),
        ("no dtype is called 'float16'", "Did you mean 'float64'?"),
    ),
    Case(
        "device of no machine",
        nothing,
        lambda _: tk.load("toy", device="gpuu"),
        ("no device is called 'gpuu'", "Known: auto, cpu"),
    ),
    Case(
        "export over a folder",
        nothing,
        lambda f: tk.load("toy").export(f),
        ("is a folder, and an export is a file", "Name one in it"),
    ),
]
