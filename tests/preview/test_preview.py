"""The whole preview: of a run, of a comparison, and of one that cannot start."""

import json

import pytest

from transferkit.comparison import jobs
from transferkit.cores import cores
from transferkit.preview.preview import free_bytes, preview
from transferkit.run_folder import claim

ARMS = {"compare": {"all": {}, "readout": {"strategy": {"kind": "frozen", "train": ["readout"]}}}, "seeds": [0, 1]}


@pytest.fixture(scope="module")
def run(recipe, tmp_path_factory):
    return preview(recipe(), output=tmp_path_factory.mktemp("preview") / "run")


@pytest.fixture(scope="module")
def comparison(recipe, tmp_path_factory):
    return preview(recipe(**ARMS), output=tmp_path_factory.mktemp("preview") / "all", startup=1.0)


def test_a_run(run):
    facts = run.facts
    assert run.can_start
    assert (facts["kind"], facts["mistakes"]) == ("run", [])
    assert facts["read"][0]["structures"] == 367
    assert facts["split"][0]["structures"]["train"] == 40
    assert facts["train"][0]["strategy"]["trainable"] == facts["train"][0]["strategy"]["total"]
    cost = facts["cost"]["variants"][""]
    assert cost["steps"] == 6
    assert 0 < cost["step_s"]["low"] <= cost["step_s"]["likely"] <= cost["step_s"]["high"]
    assert facts["cost"]["wall_s"]["likely"] >= cost["run_s"]["likely"]
    assert facts["write"]["bytes"] > 0


def test_nothing_is_written(recipe, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    preview(recipe())
    assert list(tmp_path.iterdir()) == []


def test_a_comparison_counts_every_run(comparison):
    facts = comparison.facts
    assert list(facts["cost"]["variants"]) == ["all", "readout"]
    assert (facts["cost"]["runs"], facts["write"]["runs"]) == (4, 4)
    assert facts["cost"]["cores"] == cores()
    one = facts["cost"]["variants"]["all"]["run_s"]["likely"]
    assert facts["cost"]["work_s"]["likely"] > 3 * one
    assert facts["train"][1]["strategy"]["trainable"] < facts["train"][0]["strategy"]["trainable"]


def test_facts_are_json(run, comparison):
    for found in (run, comparison):
        json.dumps(found.facts, allow_nan=False)


def test_what_is_finished_takes_no_time(recipe, tmp_path):
    wanted = recipe(seeds=[0, 1])
    claim(tmp_path / "x", wanted, smoke=False, resume=True)
    for job in jobs(wanted, tmp_path / "x"):
        claim(job.folder, job.recipe, smoke=False, resume=True)
        (job.folder / "result.json").write_text("{}")
    facts = preview(wanted, output=tmp_path / "x").facts
    assert facts["write"]["finished"] == 2
    assert facts["cost"] is None


def test_a_mistake_of_one_variant_names_it(recipe, tmp_path):
    wrong = {"compare": {"all": {}, "none": {"strategy": {"kind": "frozen", "train": ["readuot"]}}}}
    found = preview(recipe(**wrong), output=tmp_path / "x")
    assert not found.can_start
    assert [m["where"] for m in found.facts["mistakes"]] == [["none, seed 0"]]
    assert "all" in found.facts["cost"]["variants"]


def test_a_full_disk_is_a_mistake(recipe, tmp_path, monkeypatch):
    monkeypatch.setattr("transferkit.preview.preview.free_bytes", lambda _: 10)
    (mistake,) = preview(recipe(), output=tmp_path / "x").facts["mistakes"]
    assert "are free" in mistake["what"]


def test_a_smoke_run_is_short(recipe, tmp_path):
    assert preview(recipe(), output=tmp_path / "x", smoke=True).facts["cost"]["variants"][""]["steps"] == 2


def test_room_is_that_of_the_folder_above(tmp_path):
    assert free_bytes(tmp_path / "not" / "there") > 0


@pytest.mark.slow
def test_the_estimate_is_near_what_happens(recipe, tmp_path):
    import resource
    import subprocess
    import sys

    import yaml

    wanted = recipe(training={"steps": 300, "batch": {"structures": 8}})
    found = preview(wanted, output=tmp_path / "x")
    (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(wanted.model_dump(mode="json", exclude_none=True)))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [
        sys.executable,
        "-m",
        "transferkit",
        "run",
        str(tmp_path / "tiny.yaml"),
        "tracking.wandb=null",
        "--output",
        str(tmp_path / "x"),
    ]
    subprocess.run(command, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime  # other tests run beside this one
    assert found.facts["cost"]["wall_s"]["low"] / 3 < used < found.facts["cost"]["wall_s"]["high"] * 3
