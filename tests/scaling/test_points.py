import numpy as np
import pandas as pd
import pytest

from transferkit.errors import ScalingError
from transferkit.scaling.points import checked, points_of, read_points

ROWS = pd.DataFrame({"size": [10, 100, 10, 100], "error": [4.0, 2.0, 1.0, 0.5], "chain": [0, 0, 1, 1]})


def test_csv_and_parquet_are_read(tmp_path):
    ROWS.to_csv(tmp_path / "points.csv", index=False)
    ROWS.to_parquet(tmp_path / "p.parquet")
    for path in (tmp_path / "points.csv", tmp_path / "p.parquet"):
        assert read_points(path).equals(ROWS)


@pytest.mark.parametrize(
    ("table", "part"),
    [
        (ROWS.rename(columns={"size": "sizes"}), "no column 'size'. Nearest: 'sizes'"),
        (ROWS.drop(columns="error"), "no column 'error'. Columns: chain, size"),
        (ROWS.rename(columns={"chain": "chian"}), "'chian', which nothing reads. Did you mean 'chain'"),
        (ROWS.assign(error=["4", "2", "1,5", "1"]), "row 3: error '1,5' is not a number"),
        (ROWS.assign(error=["4", "2", "NaN", "1"]), "Leave out points without a result"),
        (ROWS.iloc[:0], "no rows"),
        (ROWS.assign(when="Final"), "row 1: when is 'Final'. Did you mean 'final'"),
    ],
)
def test_mistakes_in_a_table(table, part):
    with pytest.raises(ScalingError) as error:
        checked(table)
    assert part in str(error.value)


def test_only_final_points_are_fitted():
    both = pd.concat([ROWS.assign(when="step0"), ROWS.assign(when="final", error=1.0)])
    assert (checked(both)["error"] == 1.0).all()
    assert len(checked(ROWS.assign(when="step0"))) == 4


def test_seeds_of_one_chain_are_averaged_and_seeds_alone_are_chains():
    seeds = pd.concat([ROWS.assign(seed=0), ROWS.assign(seed=1, error=ROWS["error"] * 4)])
    found = points_of(checked(seeds), "a")
    assert np.allclose(sorted(found.errors), sorted(ROWS["error"] * 2.5))
    alone = points_of(checked(ROWS.rename(columns={"chain": "seed"})), "a")
    assert alone.chains.tolist() == [0, 0, 1, 1]
    assert points_of(checked(ROWS.drop(columns="chain")), "a").chains is None


def test_errors_of_compositions_become_means():
    table = pd.concat([ROWS.assign(composition=c, error=ROWS["error"] * f) for c, f in (("MgO", 0.5), ("Si", 1.5))])
    found = points_of(checked(table), "a")
    assert sorted(found.compositions) == ["MgO", "Si"]
    assert np.allclose((found.compositions["MgO"] + found.compositions["Si"]) / 2, found.errors)
    assert found.errors.tolist() == [4.0, 2.0, 1.0, 0.5]
    with pytest.raises(ScalingError, match="'Si' of 'a' stands twice at size 10"):
        points_of(pd.concat([table, table.iloc[4:5]]), "a")
    with pytest.raises(ScalingError, match=r"a point of 'a' \(chain 0, size 10\) has no error of composition 'Si'"):
        points_of(pd.concat([table.iloc[:4], table.iloc[5:]]), "a")


def test_a_point_without_a_chain():
    with pytest.raises(ScalingError, match="size 100 has no chain"):
        points_of(checked(ROWS.assign(chain=[0, 0, 1, None])), "a")


def test_no_table(tmp_path):
    with pytest.raises(ScalingError, match="no file"):
        read_points(tmp_path / "x.csv")
    (tmp_path / "x.csv").write_text("")
    with pytest.raises(ScalingError, match="cannot be read as a table"):
        read_points(tmp_path / "x.csv")


def test_sodium_nitride_is_a_composition(tmp_path):
    (tmp_path / "c.csv").write_text("size,error,composition,chain\n10,0.2,NaN,0\n10,,MgO,0\n")
    table = read_points(tmp_path / "c.csv")
    assert table["composition"].tolist() == ["NaN", "MgO"]
    assert table["error"].isna().tolist() == [False, True]
