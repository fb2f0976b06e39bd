import pandas as pd

from transferkit.scaling.analysis_contrast import contrast, not_compared, ordered, pairs
from transferkit.scaling.study_points import fit_rows


def table(**columns):
    return pd.DataFrame(columns)


def test_scratch_is_set_against_what_agrees_in_all_else():
    rows = table(
        curve=["a", "a-scratch", "b", "b-scratch"],
        contrast=["transfer", "scratch", "transfer", "scratch"],
        **{"reference.fit_on": ["subset", "subset", "training", "training"]},
    )
    assert list(pairs(rows)) == [("a", "a-scratch"), ("b", "b-scratch")]


def test_a_varied_strategy_counts_as_well():
    rows = table(curve=["s", "t"], **{"strategy.kind": ["from-scratch", "full"]})
    assert list(pairs(rows)) == [("t", "s")]
    assert ordered(rows) == ["t", "s"]


def test_without_scratch_the_first_is_set_against_the_others():
    assert list(pairs(table(curve=["a", "b", "c"], size=[1, 1, 1]))) == [("a", "b"), ("a", "c")]


def test_other_data_are_set_against_nothing():
    assert list(pairs(table(curve=["a", "b", "c"], parts=["x", "x", "y"]))) == [("a", "b")]
    rows = table(curve=["a", "s"], contrast=["transfer", "scratch"], parts=["x", "y"])
    assert list(pairs(rows)) == []


def told(rows, transfer="transfer", scratch="scratch"):
    return contrast(rows, transfer, scratch, offset=False, level=0.95, loss="least-squares", unit="eV/atom")


def test_crossing_and_factors_of_pairs(study_table):
    found = told(fit_rows(study_table())[0])
    assert found["paired"]
    assert found["crossing"]["below"] == "transfer"
    assert [row["size"] for row in found["factors"]] == [12, 21, 38, 67, 120]
    assert not found["refused"]


def test_chains_that_one_curve_lacks_leave_the_others_paired(study_table):
    rows = fit_rows(study_table())[0]
    fewer = rows[(rows["curve"] == "scratch") | (rows["chain"] < 3)]
    assert told(fewer)["paired"]
    assert told(fewer)["crossing"] == told(rows[rows["chain"] < 3])["crossing"] != told(rows)["crossing"]


def test_without_a_law_it_says_why(study_table):
    rows = fit_rows(study_table(sizes=(67, 90, 120)))[0]
    assert "less than a decade" in told(rows)["refused"]
    assert told(rows)["crossing"] is None
    assert "need a law" in not_compared("a", "b")["refused"]


def test_curves_are_called_by_their_own_names(study_table):
    rows = fit_rows(study_table().replace({"curve": {"transfer": "residual", "scratch": "random"}}))[0]
    assert "below it residual is better, above it random" in told(rows, "residual", "random")["crossing"]["says"]
