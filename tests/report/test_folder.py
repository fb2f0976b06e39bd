import json
from pathlib import Path

import numpy as np
import pytest

from transferkit.data.store import write_parquet
from transferkit.errors import RunFolderError
from transferkit.report.folder import called_from, read_json, read_run, smoke_option, strictest_first


def test_everything_is_read(run_folder):
    run = read_run(run_folder())
    assert [entry["step"] for entry in run.history] == list(range(0, 151, 15))
    assert run.e0["O"] == -8.0
    assert set(run.predictions) == {"known materials", "unseen compositions"}
    assert run.notes == []
    one = run.predictions["known materials"]
    assert np.abs(one.final.energy - one.labels.energy).mean() < np.abs(one.step0.energy - one.labels.energy).mean()


def test_missing_pieces_are_said(run_folder):
    folder = run_folder()
    for name in ("metrics.jsonl", "reference.json", "provenance.json", "recipe.yaml"):
        (folder / name).unlink()
    (folder / "predictions" / "labels-known materials.parquet").unlink()
    run = read_run(folder)
    said = " ".join(run.notes)
    for name in ("metrics.jsonl", "reference.json", "provenance.json", "recipe.yaml", "labels-known materials.parquet"):
        assert name in said
    assert set(run.predictions) == {"unseen compositions"}


def test_half_a_line_of_a_killed_process_is_left_out_and_said(run_folder):
    folder = run_folder()
    with (folder / "metrics.jsonl").open("a") as file:
        file.write('{"step": 165, "val')
    run = read_run(folder)
    assert run.history[-1]["step"] == 150
    assert any("Line 12" in note for note in run.notes)


def test_later_line_of_a_step_counts_after_resuming(run_folder):
    folder = run_folder()
    with (folder / "metrics.jsonl").open("a") as file:
        file.write(json.dumps({"step": 15, "valid": {"energy_mae": 0.5}}) + "\n")
    run = read_run(folder)
    assert len(run.history) == 11
    assert run.history[1]["valid"]["energy_mae"] == 0.5


def test_predictions_of_other_structures_are_refused(run_folder, make_structures):
    folder = run_folder()
    write_parquet(make_structures(n=5), folder / "predictions" / "known materials.parquet")
    with pytest.raises(RunFolderError, match=r"known materials.*different structures"):
        read_run(folder)


@pytest.mark.parametrize("content", ["{not json", "[1, 2]"])
def test_damaged_result_is_an_error_that_names_it(tmp_path, content):
    (tmp_path / "result.json").write_text(content)
    with pytest.raises(RunFolderError, match=r"result\.json.*Run the recipe again"):
        read_run(tmp_path)


def test_absent_file_is_an_error_that_names_it(tmp_path):
    with pytest.raises(RunFolderError, match=r"comparison\.json does not exist"):
        read_json(tmp_path / "comparison.json")


def test_strictest_test_stands_first():
    assert strictest_first(["random frames", "unseen materials", "random frames"]) == [
        "unseen materials",
        "random frames",
    ]


def test_commands_name_the_folder_from_the_working_folder(tmp_path, monkeypatch):
    (tmp_path / "runs" / "a b").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert called_from(Path("runs/a b")) == ("'runs/a b'", "where the run was started")
    monkeypatch.chdir(tmp_path / "runs" / "a b")
    name, place = called_from(tmp_path / "runs" / "a b")
    assert name == "'a b'"
    assert "from the folder that holds this one" in place


@pytest.mark.parametrize(("content", "option"), [('{"smoke": true}', " --smoke"), ('{"smoke": false}', ""), (None, "")])
def test_a_folder_knows_whether_its_run_is_a_smoke_run(tmp_path, content, option):
    if content:
        (tmp_path / "identity.json").write_text(content)
    assert smoke_option(tmp_path) == option
