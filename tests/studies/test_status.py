"""Status: counts, reasons and the time left, from the folder alone."""

import pytest

from transferkit.run_folder import write_json
from transferkit.studies.ledger import Ledger
from transferkit.studies.status import in_time, status


@pytest.fixture
def ledger(study_recipe, tmp_path):
    return Ledger.of(study_recipe(), tmp_path / "x")


def finish(order, seconds):
    write_json(order.folder / "result.json", {})
    write_json(order.stem.with_suffix(".json"), {"state": "done", "seconds": seconds})


def test_nothing_is_started_and_nothing_is_written(ledger):
    found = status(ledger)
    assert found.facts["counts"]["waiting"] == 8
    assert found.facts["left_s"] is None
    assert "time left is not known" in str(found)
    assert not ledger.folder.exists()


def test_time_left_follows_curve_and_size(ledger):
    orders = ledger.orders()  # chain 0: transfer 10, scratch 10, transfer 20, scratch 20; chain 1 the same
    for order, seconds in zip(orders[:4], (10.0, 30.0, 20.0, 60.0), strict=True):
        finish(order, seconds)
    found = status(ledger, workers=2)
    assert found.facts["left_s"] == pytest.approx(120)
    assert found.facts["left_wall_s"] == pytest.approx(60)
    assert "2.0 min of work left, 1.0 min on 2 workers" in str(found)


def test_a_size_that_has_not_finished_is_taken_from_a_line(study_recipe, tmp_path):
    ledger = Ledger.of(study_recipe(vary={"data.subset.compositions": [10, 20, 40]}), tmp_path)
    for order, seconds in zip(ledger.orders(), (10.0, 20.0), strict=False):
        finish(order, seconds)
    assert status(ledger).facts["left_s"] == pytest.approx(40)


def test_failures_say_why(ledger):
    one = ledger.orders()[0]
    write_json(one.stem.with_suffix(".failed.json"), {"why": "DataError: no forces"})
    text = str(status(ledger))
    assert f"failed: {one.label} (points/{one.key}): DataError: no forces" in text


def test_everything_finished(ledger):
    for order in ledger.orders():
        finish(order, 1.0)
    assert "everything is finished" in str(status(ledger))


def test_times_in_words():
    assert [in_time(s) for s in (5, 90, 5400, 172800)] == ["5 s", "1.5 min", "1.5 h", "2.0 days"]
