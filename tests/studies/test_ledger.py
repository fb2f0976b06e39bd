"""Ledger: points, where they stand, and whose folder it is."""

import json

import pytest

from transferkit.errors import RunFolderError
from transferkit.run_folder import write_json
from transferkit.studies.ledger import Ledger, few
from transferkit.vary import points


@pytest.fixture
def ledger(study_recipe, tmp_path):
    return Ledger.of(study_recipe(), tmp_path / "x")


def test_points_and_where_they_stand(ledger, monkeypatch):
    done, failed, begun, running, *_ = ledger.orders()
    ledger.claim()
    write_json(done.folder / "result.json", {})
    write_json(done.stem.with_suffix(".json"), {"state": "done", "seconds": 3.0})
    write_json(failed.stem.with_suffix(".failed.json"), {"why": "no data"})
    (begun.folder / "checkpoint").mkdir(parents=True)
    monkeypatch.setattr("transferkit.studies.ledger.alive", lambda stem: stem == running.stem)
    where = ledger.standings()
    assert [where[one.key].state for one in ledger.orders()] == ["finished", "failed", "begun", "running"] + [
        "waiting"
    ] * 4
    told = ledger.write(notes=["n"], workers=2)
    assert told["counts"] == {"finished": 1, "running": 1, "failed": 1, "begun": 1, "waiting": 4}
    assert (told["planned"], told["finished"], told["abscissa"]) == (8, 1, "compositions")
    assert told["missing"][0]["why"] == "no data"
    assert told["points"][0]["seconds"] == 3.0
    assert json.loads((ledger.folder / "study.json").read_text())["notes"] == ["n"]


def test_what_a_report_added_stays(ledger):
    ledger.claim()
    path = ledger.folder / "study.json"
    write_json(path, json.loads(path.read_text()) | {"analysis": {"a": 1}})
    ledger.write(workers=3)
    ledger.write()
    assert json.loads(path.read_text())["analysis"] == {"a": 1}
    assert json.loads(path.read_text())["workers"] == 3


def test_a_folder_belongs_to_one_study(study_recipe, tmp_path):
    folder = tmp_path / "x"
    Ledger.of(study_recipe(), folder).claim()
    Ledger.of(study_recipe(loss={"energy": 9.0}), folder).claim()  # other points of the same study
    with pytest.raises(RunFolderError, match="holds the study 's', and this is 't'"):
        Ledger.of(study_recipe(name="t"), folder).claim()
    with pytest.raises(RunFolderError, match="holds the real study"):
        Ledger.of(study_recipe(), folder, smoke=True).claim()
    (folder / "result.json").write_text("{}")
    with pytest.raises(RunFolderError, match="holds a run or a comparison"):
        Ledger.of(study_recipe(), folder).examine()


def test_a_strange_folder_is_left_alone(study_recipe, tmp_path):
    (tmp_path / "thesis.txt").write_text("x")
    with pytest.raises(RunFolderError, match="no study of transferkit"):
        Ledger.of(study_recipe(), tmp_path).claim()
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]


def test_half_a_file_of_a_killed_process_is_nothing(study_recipe, tmp_path):
    (tmp_path / "identity.json.partial").write_text("{")
    Ledger.of(study_recipe(), tmp_path).claim()
    assert (tmp_path / "study.json").exists()


def test_a_smoke_run_takes_each_curve_and_the_largest_size(study_recipe):
    chosen = few(points(study_recipe()))
    assert [(p.curve, p.size, p.chain) for p in chosen] == [
        ("transfer", 10, 0),
        ("scratch", 10, 0),
        ("transfer", 20, 0),
    ]


@pytest.mark.parametrize("name", ["points", "states", "graphs"])
def test_a_file_where_a_folder_should_be_is_named(ledger, name):
    ledger.claim()
    (ledger.folder / name).write_text("x")
    with pytest.raises(RunFolderError, match=rf"x/{name} is a file, and a study keeps a folder of that name"):
        ledger.examine()
