"""Levels: everything that a recipe reads besides its data, once, before anything is trained."""

import numpy as np
import pytest
from ase.io import write

import transferkit as tk
from transferkit.data.readers import to_ase
from transferkit.division import divide
from transferkit.errors import DataError
from transferkit.levels import Levels, read_levels

DATA = tk.bundled("gpaw-pbe-r2scan", fidelity="r2SCAN")


def test_most_recipes_have_none(several_levels):
    recipe = several_levels()
    found = read_levels(recipe, DATA, divide(recipe, DATA))
    assert (found.companions, found.stage, found.describe(), found.n_atoms, found.hashes) == ((), None, "", 0, [])
    assert Levels().findings(None) == []


def test_sets_are_named_counted_and_described(several_levels):
    recipe = several_levels(beside={}, pretrain={"steps": 1, "labels": ["energy"]})
    found = read_levels(recipe, DATA, divide(recipe, DATA))
    assert list(found.read) == ["beside.0", "pretrain"]
    assert found.n_atoms == 2 * len(DATA.numbers)
    assert len(found.hashes) == 2
    first, second, _ = found.describe().splitlines()
    assert first.startswith("pretrain: PBE, 240 structures (energy 240)")
    assert second.startswith("beside.0: ")


def test_what_looks_wrong_is_led_by_the_name_of_its_set(several_levels, tmp_path):
    frames = to_ase(tk.bundled("gpaw-pbe-r2scan", fidelity="PBE")[np.array([0, 1, 2, 3, 4, 4])])
    for k, atoms in enumerate(frames):
        atoms.info["id"] = f"other:{k}"
        atoms.info.pop("prototype", None)
    write(tmp_path / "pbe.extxyz", frames)
    recipe = several_levels(beside={"source": str(tmp_path / "pbe.extxyz")})
    found = read_levels(recipe, DATA, divide(recipe, DATA))
    assert [f.what for f in found.findings(None) if "duplicate" in f.what] == ["beside.0: 1 exact duplicate"]


def test_conventions_are_checked_over_all_of_them(several_levels, tmp_path):
    frames = to_ase(tk.bundled("gpaw-pbe-r2scan", fidelity="PBE")[:9])
    write(tmp_path / "pbe.extxyz", frames)
    stage = {"source": str(tmp_path / "pbe.extxyz"), "label_convention": "cohesive", "steps": 1}
    recipe = several_levels(beside={}, pretrain=stage)
    with pytest.raises(DataError, match=r"beside\.0 and pretrain are both PBE"):
        read_levels(recipe, DATA, divide(recipe, DATA))
