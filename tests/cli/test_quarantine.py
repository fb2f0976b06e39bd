"""Broken frames on the command line: refused with all of them named, shown, or taken out and written down."""

import json

import numpy as np
import pytest
from ase.io import write

from transferkit.cli.quarantine import limits_of
from transferkit.data.bundled import bundled
from transferkit.data.quarantine import Limits
from transferkit.data.readers import to_ase
from transferkit.errors import DataError


@pytest.fixture(scope="module")
def broken(tmp_path_factory):
    """Sixty frames: two with NaN, one with colliding atoms, one with a huge force."""
    frames = to_ase(bundled("gpaw-pbe-r2scan", fidelity="r2SCAN")[:60])
    frames[3].calc.results["energy"] = np.nan
    frames[7].calc.results["forces"][0, 1] = np.nan
    frames[9].calc.results["forces"][0, 1] = 250.0
    frames[20].positions[1] = frames[20].positions[0] + 0.2
    path = tmp_path_factory.mktemp("broken") / "b.extxyz"
    write(path, frames)
    return f"{path}@r2SCAN"


def test_convert_refuses_and_names_what_mends_it(run, broken, tmp_path):
    said = run("convert", broken, tmp_path / "b.parquet", code=2).output
    assert "2 of 60 frames are broken" in said
    assert "frame 3" in said
    assert "frame 7" in said
    assert "--quarantine" in said
    assert not (tmp_path / "b.parquet").exists()
    path = broken.removesuffix("@r2SCAN")
    assert f"`transferkit convert {path}@r2SCAN OUT.parquet --quarantine`" in said.replace("\n", " ")


def test_convert_takes_out_and_writes_down(run, read, broken, tmp_path):
    result = read("convert", broken, tmp_path / "b.parquet", "--quarantine")
    assert (result["structures"], result["quarantine"]["taken"]) == (56, 4)
    lines = (tmp_path / "b.quarantine.jsonl").read_text().splitlines()
    assert result["quarantine"]["file"] == str(tmp_path / "b.quarantine.jsonl")
    taken = [json.loads(line) for line in lines]
    assert [t["reason"].partition(" ")[0] for t in taken] == ["energy", "forces", "largest", "atoms"]
    assert taken[2]["value"] > 249
    assert "Taken out, and written to" in run("convert", broken, tmp_path / "b.parquet", "--quarantine").output
    # an older list would belong to other data
    sound = read("convert", "bundled:gpaw-pbe-r2scan@PBE", tmp_path / "b.parquet", "--quarantine")
    assert sound["quarantine"] == {"taken": 0, "reasons": {}, "file": None}
    assert not (tmp_path / "b.quarantine.jsonl").exists()


def test_describe_shows_them_and_leaves_them_out_on_request(read, run, broken):
    whole, left = read("describe", broken), read("describe", broken, "--quarantine")
    assert (whole["structures"], left["structures"]) == (58, 56)
    assert whole["quarantine"] == left["quarantine"]
    assert whole["quarantine"]["taken"] == 4
    assert any("atoms collide" in f["what"] for f in whole["findings"])
    assert not any("atoms collide" in f["what"] for f in left["findings"])
    assert "quarantine  4 (" in run("describe", broken).stdout
    assert read("describe", broken, "--limit", "largest_force=none")["quarantine"]["taken"] == 3


def test_limits_without_a_quarantine_are_refused(run, broken, tmp_path):
    assert "Give both" in run("convert", broken, tmp_path / "b.parquet", "--limit", "most=0.5", code=2).output


def test_describe_refuses_the_limit_that_it_cannot_honour(run, broken):
    said = " ".join(run("describe", broken, "--limit", "most=0.5", code=2).output.split())
    assert "describe shows all such frames and refuses none. Leave it out here, and give it to convert" in said


def test_limits():
    assert limits_of(None) == Limits()
    found = limits_of(["largest_force=50", "energy_residual=null", "most=0"])
    assert (found.largest_force, found.energy_residual, found.most) == (50.0, None, 0.0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("largest_froce=50", "Did you mean 'largest_force'"),
        ("largest_force", "has no '='"),
        ("largest_force=big", "is not a number"),
        ("largest_force=-1", "positive"),
        ("most=none", "is not a number"),
        ("energy_deviations=nan", "positive"),
    ],
)
def test_limits_that_are_wrong(text, said):
    with pytest.raises(DataError, match=said):
        limits_of([text])
