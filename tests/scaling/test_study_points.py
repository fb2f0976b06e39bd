"""What of a study is fitted: single compositions where points share them, and chains with all sizes."""

import numpy as np
import pandas as pd
import pytest

from transferkit.errors import ScalingError
from transferkit.scaling.study_points import fit_rows, read_study_points
from transferkit.scaling.table import fit_table


def of_all(_):
    return list("ABCDEFGH")


def cells_of(points, names=of_all):
    """Errors of compositions whose mean is the error of the point."""
    rng = np.random.default_rng(0)
    rows = []
    for row in points.to_dict("records"):
        share = np.exp(rng.normal(size=len(names(row))))
        values = row["error"] * share / share.mean()
        rows += [{**row, "composition": c, "error": e} for c, e in zip(names(row), values, strict=True)]
    return pd.DataFrame(rows)


def test_single_compositions_are_fitted_where_all_points_share_them(study_table):
    points = study_table()
    rows, waiting = fit_rows(points, cells_of(points))
    assert set(rows["composition"]) == set("ABCDEFGH")
    assert set(rows["when"]) == {"final"}
    assert waiting == {}
    [bare], [known] = fit_table(points), fit_table(rows)
    assert known.laws["scratch"].exponent == pytest.approx(bare.laws["scratch"].exponent)
    assert "over all compositions like these 8" in known.laws["scratch"].method
    assert known.laws["scratch"].interval.low < bare.laws["scratch"].interval.low


@pytest.mark.parametrize("names", [lambda row: [f"{row['chain']}{k}" for k in range(8)], lambda _: list("ABCD")])
def test_other_compositions_in_every_chain_or_few_are_not(study_table, names):
    points = study_table()
    rows, _ = fit_rows(points, cells_of(points, names))
    assert "composition" not in rows
    assert len(rows) == len(points) / 2


def test_chains_that_lack_a_size_wait(study_table):
    points = study_table(chains=3)
    some = points[(points["chain"] < 2) | (points["size"] < 100) | (points["curve"] == "scratch")]
    rows, waiting = fit_rows(some, cells_of(some))
    assert waiting == {("unseen compositions", "energy", "transfer"): [2]}
    assert set(rows[rows["curve"] == "transfer"]["chain"]) == {0, 1}
    ragged = points[points["size"] < 20 * (points["chain"] + 1)]
    ragged = ragged[(ragged["chain"] > 0) | (ragged["size"] == 12)]
    assert len(fit_rows(ragged[:0])[0]) == 0


def test_where_no_chain_has_all_sizes_all_rows_stay():
    table = pd.DataFrame(
        {
            "curve": "a",
            "test": "t",
            "quantity": "energy",
            "when": "final",
            "error": 0.1,
            "size": [1, 2],
            "chain": [0, 1],
        }
    )
    rows, waiting = fit_rows(table)
    assert len(rows) == 2
    assert list(waiting.values()) == [[0, 1]]


def test_the_folder_of_a_study(tmp_path, study_table):
    with pytest.raises(ScalingError, match=r"holds no points\.csv"):
        read_study_points(tmp_path)
    points = study_table(chains=3)
    some = points[(points["chain"] < 2) | (points["size"] < 100)]
    some.to_csv(tmp_path / "points.csv", index=False)
    rows, notes = read_study_points(tmp_path)
    assert "composition" not in rows
    assert (
        notes[0] == "energy on unseen compositions, transfer: chain 2 has not all sizes yet and is left out of the fit"
    )
    cells_of(some).to_parquet(tmp_path / "compositions.parquet")
    assert "composition" in read_study_points(tmp_path)[0]
    (tmp_path / "compositions.parquet").write_text("x")
    with pytest.raises(ScalingError, match=r"compositions\.parquet cannot be read"):
        read_study_points(tmp_path)
