"""Verbs that look at what is there: what they print, as text and as JSON, and how they end."""

from functools import cache

import pytest
from ase.io import write

from transferkit.data.bundled import bundled
from transferkit.data.readers import to_ase
from transferkit.data.store import read_parquet

PBE, R2SCAN = "bundled:gpaw-pbe-r2scan@PBE", "bundled:gpaw-pbe-r2scan@r2SCAN"


def test_adapters(run, read, monkeypatch):
    from transferkit.adapters import overview

    monkeypatch.setattr(overview, "overview", cache(overview.overview))  # every checkpoint is opened once
    found = {row["name"]: row for row in read("adapters")}
    assert found["toy"]["installed"]
    text = run("adapters").stdout
    assert "0.3.0" in text
    assert "mp2020" in text
    assert "energy, forces, magmoms, stress; float32, float64; new heads: readout, last-linear, embedding" in text
    assert found["toy"]["head_shapes"] == ["readout", "last-linear", "embedding"]


def test_adapters_mark_what_is_far_restricted_or_broken(monkeypatch, run):
    from transferkit.adapters import overview

    blank = {"elements": None, "heads": ["default"], "fidelity": None, "kind": None, "label_convention": None}
    far = {"name": "large", "here": False, "licence": "ASL", "non_commercial": True, "problem": None, **blank}
    odd = {
        "name": "odd",
        "here": True,
        "licence": "",
        "non_commercial": False,
        "problem": "it cannot be opened",
        **blank,
    }
    mine = {
        "name": "mine",
        "installed": True,
        "version": "1.0",
        "properties": ["energy"],
        "dtypes": ["float32"],
        "head_shapes": ["readout"],
    }
    gone = {"name": "gone", "installed": False, "version": None, "problem": "Run: pip install gone", "checkpoints": []}
    monkeypatch.setattr(overview, "overview", lambda: [mine | {"checkpoints": [far, odd]}, gone])
    text = run("adapters").stdout
    assert "large *" in text
    assert "[1] ASL" in text
    assert "[1] !" in text
    assert "*   not on this machine" in text
    assert "!   for non-commercial use only" in text
    assert "odd: it cannot be opened" in text
    assert "gone cannot be used: Run: pip install gone" in text


def test_describe(few, run, read):
    assert read("describe", few)
    assert "6 structures" in run("describe", few).stdout


def test_convert_keeps_every_digit(few, tmp_path, read):
    result = read("convert", few, tmp_path / "new" / "out.parquet")
    assert result["structures"] == 6
    assert result["hash"] == bundled("gpaw-pbe-r2scan")[:6].hash


def test_convert_writes_parquet_only(few, tmp_path, run):
    ended = run("convert", few, tmp_path / "out.xyz", code=2)
    assert "should end in .parquet" in ended.stderr


def test_keys_say_which_entry_is_the_label(tmp_path, run, read):
    from ase.io import write

    from transferkit.data.readers import to_ase

    frames = to_ase(bundled("gpaw-pbe-r2scan")[:6])
    for atoms in frames:
        atoms.info |= {"REF_energy": 2 * atoms.get_potential_energy(), "name": atoms.info.pop("id")}
    path = tmp_path / "two.extxyz"
    write(path, frames)
    assert "keys=" in run("describe", f"{path}@r2SCAN", code=2).stderr
    keys = ("--key", "energy=REF_energy", "--key", "id=name", "--key", "forces=", "--key", "stress=stress")
    assert read("describe", f"{path}@r2SCAN", *keys)["labels"] == {"energy": 6, "forces": 0, "stress": 6, "magmoms": 0}
    assert read("reference", f"{path}@r2SCAN", *keys)["structures"] == 6
    read("convert", f"{path}@r2SCAN", tmp_path / "out.parquet", *keys)
    kept = read_parquet(tmp_path / "out.parquet")
    assert kept.id.tolist() == bundled("gpaw-pbe-r2scan").id[:6].tolist()
    assert kept.energy == pytest.approx(2 * bundled("gpaw-pbe-r2scan").energy[:6])
    assert "Write NAME=KEY" in run("describe", path, "--key", "energy", code=2).stderr


def test_gap_before_and_after_referencing(run, read):
    found = read("gap", PBE, R2SCAN)
    assert found["pearson_raw"] < 0.3
    assert found["pearson_referenced"] > 0.98
    assert "after referencing" in run("gap", PBE, R2SCAN).stdout


def test_convert_to_another_convention(tmp_path, read):
    result = read("convert", PBE, tmp_path / "a.parquet", "--to-convention", "mp2020", "--hubbard", "materials-project")
    assert result["label_convention"] == "mp2020"
    assert read_parquet(tmp_path / "a.parquet").label_convention == "mp2020"


def test_a_gap_of_two_entries_of_one_file(tmp_path, run, read):
    pbe, r2scan = (bundled("gpaw-pbe-r2scan", fidelity=f)[:40] for f in ("PBE", "r2SCAN"))
    frames = to_ase(pbe.without("forces", "stress"))
    for atoms, energy in zip(frames, r2scan.energy, strict=True):
        atoms.info = {"id": atoms.info["id"], "r2scan_energy": energy}
    write(tmp_path / "both.extxyz", frames)
    a, b = f"{tmp_path}/both.extxyz@PBE", f"{tmp_path}/both.extxyz@r2SCAN"
    assert "--key energy=r2scan_energy" in " ".join(run("gap", a, b, code=2).stderr.split())
    assert read("gap", a, b, "--key-b", "energy=r2scan_energy")["n_pairs"] == 40


def test_describe_writes_a_page(few, tmp_path, run, read):
    page = tmp_path / "new" / "data.html"
    assert read("describe", few, "--page", page)["page"] == str(page)
    assert "<html" in page.read_text(encoding="utf-8")
    assert f"Written to {page}" in run("describe", few, "--page", page).stdout
