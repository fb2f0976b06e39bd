import json

import pytest

from transferkit.errors import RunFolderError
from transferkit.scaling.collect import Collected
from transferkit.scaling.study_report import about, is_study, report_study


@pytest.fixture
def folder(tmp_path):
    """A study folder as the runner leaves it, without its points."""
    told = {
        "name": "a-study",
        "question": "Does it pay?",
        "abscissa": "compositions",
        "budget": "fixed steps: 20 steps",
        "planned": 50,
        "finished": 50,
        "missing": [],
        "axes": {"contrast": ["transfer", "scratch"]},
        "points": [{"key": "k", "identity": "k"}],
        "recipe": {"data": {"fidelity": "r2SCAN"}, "tracking": {"wandb": None}},
    }
    (tmp_path / "study.json").write_text(json.dumps(told))
    return tmp_path


@pytest.fixture
def found(study_table):
    def make(**options):
        table = study_table(**options)
        return Collected(table, table.assign(composition="NaCl"), ["something was left out"])

    return make


def test_tables_analysis_and_page_are_written(folder, found):
    page = report_study(folder, found(chains=3))
    text = page.read_text(encoding="utf-8")
    assert "Does it pay?" in text
    assert "Something was left out." in text
    assert {"points.csv", "points.parquet", "compositions.parquet", "study.json", "figures"} <= {
        p.name for p in folder.iterdir()
    }
    assert json.loads((folder / "study.json").read_text())["analysis"]["sections"]


def test_a_study_without_a_finished_point_has_a_page_too(folder, study_table):
    told = json.loads((folder / "study.json").read_text())
    missing = [{"point": "seed=0 (k)", "state": "failed", "why": "the disk was full"}]
    (folder / "study.json").write_text(json.dumps(told | {"finished": 0, "missing": missing}))
    text = report_study(folder, Collected(study_table()[:0], study_table()[:0], [])).read_text(encoding="utf-8")
    assert "no point has finished" in text
    assert "the disk was full" in text


def test_synthetic_levels_of_theory_are_marked(folder, found):
    told = json.loads((folder / "study.json").read_text())
    told["recipe"]["data"]["fidelity"] = "synthetic-PBE(CHGNet-0.3.0)"
    (folder / "study.json").write_text(json.dumps(told))
    assert "Synthetic labels." in report_study(folder, found(chains=2)).read_text(encoding="utf-8")


def test_data_and_versions_come_from_the_first_finished_point(folder):
    (folder / "points" / "k").mkdir(parents=True)
    result = {
        "adapter": {"name": "toy", "licence": "MIT"},
        "data": {"hash": "abc", "pool": {"structures": 300, "compositions": 130}},
        "fidelity": "r2SCAN",
        "versions": {"torch": "2"},
    }
    (folder / "points" / "k" / "result.json").write_text(json.dumps(result))
    told = about(folder, json.loads((folder / "study.json").read_text()))
    assert told["origin"]["data"] == "abc"
    assert told["versions"] == {"torch": "2"}
    assert not told["synthetic"]
    assert told["pool"] == 130


def test_chains_that_hold_nearly_the_whole_pool_are_a_caveat(folder, found):
    (folder / "points" / "k").mkdir(parents=True)
    result = {"data": {"pool": {"structures": 300, "compositions": 130}}}
    (folder / "points" / "k" / "result.json").write_text(json.dumps(result))
    assert "of the 130 compositions" in report_study(folder, found(chains=3)).read_text(encoding="utf-8")


def test_what_is_no_study_is_refused(tmp_path):
    assert not is_study(tmp_path)
    with pytest.raises(RunFolderError, match=r"holds no study\.json"):
        report_study(tmp_path)
