import pandas as pd
import pytest

from transferkit.scaling.analysis_contrast import contrast, ordered, pairs


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


@pytest.mark.parametrize("fitted", [True, False])
def test_a_contrast_without_laws_says_so(fitted, study_table):
    rows = study_table()
    told = contrast(rows[rows["when"] == "final"], "transfer", "scratch", fitted=fitted, offset=False, level=0.95)
    assert (told["crossing"] is not None) == fitted
    assert bool(told["refused"]) != fitted


def test_curves_are_called_by_their_own_names(study_table):
    rows = study_table().replace({"curve": {"transfer": "residual", "scratch": "random"}})
    told = contrast(rows[rows["when"] == "final"], "residual", "random", fitted=True, offset=False, level=0.95)
    assert "below it residual is better, above it random" in told["crossing"]["says"]
