"""Labels in the wrong unit, elements that training lacks: a run says so, with the numbers, and shows it on its page."""

import json

import numpy as np
import pytest

import transferkit as tk
from transferkit.data.readers.frames import to_ase
from transferkit.pipeline import run
from transferkit.recipe import Recipe
from transferkit.units import HARTREE, KBAR

pytestmark = pytest.mark.usefixtures("unrendered")


def write(path, data):
    from ase.io import write as write_frames

    write_frames(path, to_ase(data), format="extxyz")
    return path


def carry_out(source, tmp_path, **changes):
    plain = {
        "name": "own",
        "data": {"source": str(source), "fidelity": "r2SCAN", "split": {"fold": 0}},
        "adapter": {"name": "toy"},
        "training": {"steps": 1},
        "tracking": {"wandb": None},
    }
    folder = run(Recipe.model_validate(plain | changes), output=tmp_path / "run", smoke=True)
    return json.loads((folder / "result.json").read_text()), (folder / "index.html").read_text()


@pytest.fixture
def data():
    return tk.bundled("gpaw-pbe-r2scan", fidelity="r2SCAN")


def test_energies_in_hartree_are_noticed(tmp_path, data):
    source = write(tmp_path / "ha.extxyz", data.with_labels(energy=data.energy / HARTREE))
    result, page = carry_out(source, tmp_path)
    said = [f for f in result["data"]["findings"] if "Hartree" in f or " Ha" in f]
    assert said
    assert said[0].startswith("warning")
    assert "Look at the data" in page


def test_stress_in_kbar_is_noticed(tmp_path, data):
    source = write(tmp_path / "kbar.extxyz", data.with_labels(stress=data.stress / KBAR))
    result, _ = carry_out(source, tmp_path)
    assert any("stress" in f and "kbar" in f for f in result["data"]["findings"])


def test_sound_labels_raise_no_suspicion(tmp_path, data):
    result, page = carry_out(write(tmp_path / "fine.extxyz", data), tmp_path)
    assert result["data"]["findings"] == []
    assert "Look at the data" not in page


def test_structures_with_an_element_that_only_a_test_part_holds_are_counted_apart(tmp_path, data):
    parts = tk.split(data, by="composition", seed=0)
    lonely = str(parts.test.composition[0])
    symbol = parts.test.structure(0).formula
    element = int(parts.test.structure(0).numbers[0])
    holds = np.array([element in s.numbers for s in data])
    kept = data[~holds | (data.composition.astype(str) == lonely)]
    by_seed = {"data": {"source": str(tmp_path / "own.extxyz"), "fidelity": "r2SCAN"}}
    for seed in range(30):
        if lonely in set(tk.split(kept, by="composition", seed=seed).test.composition):
            break
    result, page = carry_out(write(tmp_path / "own.extxyz", kept), tmp_path, seed=seed, **by_seed)
    apart = result["tests"]["unseen compositions"]["undetermined"]
    assert apart["ids"], symbol
    assert apart["final"]["energy"]["n"] == len(apart["ids"])
    assert any("none of training" in w for w in result["data"]["warnings"])
    assert "Counted apart" in page
