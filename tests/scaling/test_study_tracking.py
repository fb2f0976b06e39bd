import json

import pytest

from transferkit.scaling.analysis import analyse
from transferkit.scaling.study_tracking import summary, track_study
from transferkit.training import track_study as client


@pytest.fixture
def logged(monkeypatch):
    """What would be sent."""
    calls = []
    monkeypatch.setattr(client, "log_study", lambda folder, table, **more: calls.append((folder, table, more)) or "id")
    return calls


@pytest.fixture
def told(tmp_path, study_table):
    table = study_table(chains=3)
    table.to_csv(tmp_path / "points.csv")
    table.to_parquet(tmp_path / "points.parquet")
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "scaling.png").write_bytes(b"")
    return {
        "name": "a-study",
        "planned": 1,
        "finished": 1,
        "smoke": False,
        "recipe": {"tracking": {"wandb": {"mode": "offline", "project": "p", "group": None}}},
        "analysis": analyse(table),
    }


def test_a_finished_study_is_logged_once(tmp_path, told, logged):
    assert track_study(tmp_path, told) == "id"
    assert track_study(tmp_path, told) is None
    ((_, table, more),) = logged
    assert len(table) == 60
    assert more["group"] == "a-study"
    assert list(more["figures"]) == ["scaling"]
    (tmp_path / "points.csv").write_text("other numbers")
    assert track_study(tmp_path, told) == "id"


@pytest.mark.parametrize("change", [{"finished": 0}, {"smoke": True}, {"recipe": {"tracking": {"wandb": None}}}])
def test_nothing_is_logged_otherwise(tmp_path, told, logged, change):
    assert track_study(tmp_path, told | change) is None
    assert not logged


def test_the_summary_holds_exponents_and_crossings(told):
    energy = summary(told)["unseen compositions"]["energy"]
    assert energy["transfer"]["exponent"] == pytest.approx(0.25, abs=0.1)
    assert energy["crossing transfer scratch"]["size"] > 120
    json.dumps(energy)
