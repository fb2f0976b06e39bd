import json

import pytest

from transferkit.scaling.analysis import analyse


def section(table, **options):
    (found,) = analyse(table, **options)["sections"]
    return found


def curve(found, name):
    return next(c for c in found["curves"] if c["curve"] == name)


def test_laws_crossing_factors_and_forecasts_are_those_of_the_table(study_table):
    found = section(study_table(), offset=False)
    transfer, scratch = curve(found, "transfer"), curve(found, "scratch")
    assert transfer["fit"]["exponent"] == pytest.approx(0.25, abs=0.05)
    assert scratch["fit"]["exponent"] == pytest.approx(0.55, abs=0.05)
    assert [row["size"] for row in transfer["forecast"]] == [240, 600, 1200]
    assert transfer["forecast"][0]["error"] == pytest.approx(0.15 * 240**-0.25, rel=0.1)
    (contrast,) = found["contrasts"]
    assert (contrast["transfer"], contrast["scratch"], contrast["paired"]) == ("transfer", "scratch", True)
    assert contrast["crossing"]["size"] == pytest.approx((2.0 / 0.15) ** (1 / 0.3), rel=0.5)
    factor = contrast["factors"][-1]
    assert factor["factor"] == pytest.approx(factor["scratch_size"] / factor["size"])
    assert 3 < factor["factor"] < 20
    assert transfer["step0"] == pytest.approx([2 * e for e in transfer["mean"]], rel=0.01)


def test_it_is_plain_data_without_infinities(study_table):
    json.dumps(analyse(study_table(transfer=(0.15, 0.3), scratch=(2.0, 0.31), noise=0.1)), allow_nan=False)


def test_a_crossing_that_may_lie_anywhere_further_has_no_upper_end(study_table):
    (contrast,) = section(study_table(transfer=(0.15, 0.3), scratch=(0.3, 0.32), noise=0.05, chains=3))["contrasts"]
    assert None in [end for piece in contrast["crossing"]["pieces"] for end in piece]


def test_below_a_decade_no_law_is_fitted_and_the_reason_is_told(study_table):
    found = section(study_table(sizes=(67, 90, 120)))
    assert [c["fit"] for c in found["curves"]] == [None, None]
    assert "less than a decade" in found["curves"][0]["refused"]
    assert found["curves"][0]["mean"]
    assert found["contrasts"][0]["crossing"] is None
    assert "need a law" in found["contrasts"][0]["refused"]


def test_a_chain_that_is_not_finished_waits_and_the_others_are_fitted(study_table):
    table = study_table()
    found = section(table[~((table["chain"] == 4) & (table["size"] == 120) & (table["curve"] == "transfer"))])
    assert curve(found, "transfer")["waiting"] == ["4"]
    assert curve(found, "transfer")["fit"]["chains"] == 4
    assert curve(found, "scratch")["fit"]["chains"] == 5


def test_without_any_whole_chain_there_is_no_law_yet(study_table):
    table = study_table(chains=1)
    found = section(table[table["size"] < 60].assign(curve="transfer").drop_duplicates(["size", "when"]))
    assert found["curves"][0]["fit"] is None
    assert found["curves"][0]["interval"] == [None] * 3


def test_curves_from_scratch_come_last_whatever_their_name(study_table):
    table = study_table()
    assert [c["curve"] for c in section(table.sort_values("curve"))["curves"]] == ["transfer", "scratch"]


def test_targets_are_the_callers(study_table):
    found = section(study_table(), targets={"energy": (0.03,)})
    assert [row["target"] for row in curve(found, "transfer")["targets"]] == [0.03]
