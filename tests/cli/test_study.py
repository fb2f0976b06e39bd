"""The verb ``study``: it runs here, says how far it is, and refuses what is no study."""

import json

import pytest

STUDY = """\
name: tiny
data: {source: "bundled:gpaw-pbe-r2scan", fidelity: r2SCAN, split: {fold: 0}, subset: {compositions: 8, frames: 1}}
adapter: {name: toy, device: cpu}
training: {steps: 2, evaluate_every: 1, evaluate_unit: steps, batch: {structures: 8}}
tracking: {wandb: null}
contrast: scratch
vary: {data.subset.compositions: [8, 16], seed: [0, 1]}
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "s.yaml"
    path.write_text(STUDY)
    return path


def test_status_starts_nothing(run, read, file, tmp_path):
    found = read("study", file, "--output", tmp_path / "x", "--status")
    assert (found["planned"], found["counts"]["waiting"]) == (8, 8)
    assert "8 points, 8 waiting" in run("study", file, "--output", tmp_path / "x", "--status").stdout
    assert not (tmp_path / "x").exists()


def test_a_smoke_run_carries_out_a_few_points(read, file, tmp_path):
    found = read("study", file, "--output", tmp_path / "x", "--smoke", "--workers", "1")
    assert (found["planned"], found["counts"]["finished"]) == (3, 3)
    told = json.loads((tmp_path / "x" / "study.json").read_text())
    assert {point["curve"] for point in told["points"]} == {"transfer", "scratch"}
    assert (tmp_path / "x" / "points.csv").exists()
    assert (tmp_path / "x" / "index.html").exists()
    result = json.loads(next((tmp_path / "x").glob("points/*/result.json")).read_text())
    assert result["training"]["steps"] == 2


def test_what_is_no_study(run, file, smoke, tmp_path):
    assert "has no vary" in run("study", smoke, code=2).stderr
    assert "--workers is for this machine" in run("study", file, "--on", "c.yaml", "--workers", "2", code=2).stderr
    assert "so it is a study: use `transferkit study`" in run("run", file, "--output", tmp_path / "x", code=2).stderr
    assert "recipes/cluster/" in run("study", file, "--on", "none.yaml", "--output", tmp_path / "y", code=2).stderr


def test_check_counts_points_and_names_the_verb(run, file, tmp_path):
    text = run("check", file, "--output", tmp_path / "x").stdout
    assert "8 points: 2 curves (transfer; scratch), 8, 16 compositions, 2 chains" in text
    assert "Next    transferkit study" in text
