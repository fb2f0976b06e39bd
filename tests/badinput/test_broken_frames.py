"""A few broken frames among many: a run goes on without them, and says which, where and why."""

import json

import numpy as np
import pytest
from ase.io import write

import transferkit as tk
from transferkit.data.readers import to_ase
from transferkit.errors import DataError
from transferkit.pipeline import run
from transferkit.recipe import Recipe
from transferkit.resolve import read_data
from transferkit.run_folder import RunWriter

pytestmark = pytest.mark.usefixtures("unrendered")


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    path = tmp_path_factory.mktemp("broken") / "own.extxyz"
    frames = to_ase(tk.bundled("gpaw-pbe-r2scan", fidelity="r2SCAN"))
    frames[3].calc.results["energy"] = np.nan
    frames[9].calc.results["forces"][0, 1] = 250.0
    write(path, frames)
    return path


def recipe(source, **data):
    plain = {
        "name": "own",
        "data": {"source": str(source), "fidelity": "r2SCAN", "split": {"fold": 0}} | data,
        "adapter": {"name": "toy"},
        "training": {"steps": 1},
        "tracking": {"wandb": None},
    }
    return Recipe.model_validate(plain)


def test_a_run_takes_them_out_and_writes_them_down(source, tmp_path, capsys):
    folder = run(recipe(source), output=tmp_path / "run", smoke=True)
    taken = [json.loads(line) for line in (folder / "quarantine.jsonl").read_text().splitlines()]
    assert [(t["reason"], t["value"]) for t in taken] == [
        ("energy is NaN or infinite", "nan"),
        ("largest force above 100 eV/Å", pytest.approx(250.0, rel=0.01)),
    ]
    assert "frame 3" in taken[0]["where"]
    stored = json.loads((folder / "result.json").read_text())["data"]
    assert stored["quarantine"] == {
        "taken": 2,
        "reasons": {"energy is NaN or infinite": 1, "largest force above 100 eV/Å": 1},
        "file": "quarantine.jsonl",
    }
    said = capsys.readouterr().err
    assert "2 of 367 frames are broken or implausible" in said
    assert "quarantine.jsonl" in said


def test_without_a_quarantine_the_run_is_refused(source, tmp_path):
    with pytest.raises(DataError, match=r"frame 3 .*energy is NaN or infinite: nan\. Mend or remove the frame"):
        run(recipe(source, quarantine=None), output=tmp_path / "run", smoke=True)


def test_a_limit_of_the_recipe_counts(source):
    assert len(read_data(recipe(source, quarantine={"largest_force": 5.0})).taken) == 4
    assert len(read_data(recipe(source, quarantine={"largest_force": None})).taken) == 1


def test_nothing_is_written_where_nothing_was_taken(source, tmp_path):
    (tmp_path / "quarantine.jsonl").write_text("of an earlier try\n")
    assert RunWriter(tmp_path).quarantine(read_data(recipe("bundled:gpaw-pbe-r2scan"))) is None
    assert not (tmp_path / "quarantine.jsonl").exists()
