import numpy as np
import pandas as pd
import pytest

from transferkit.errors import ScalingError
from transferkit.scaling.mixed_points import mixed_points, read_mixed

HIGH, LOW = (v.ravel() for v in np.meshgrid([10.0, 30.0, 100.0], [0.0, 100.0, 1000.0]))


def table(**change):
    rows = pd.DataFrame({"n_high": HIGH, "n_low": LOW, "error": np.linspace(1, 2, 9), "chain": "a"})
    return pd.concat([rows, rows.assign(chain="b")]).assign(**change)


def test_rows_may_come_in_any_order():
    one = read_mixed(table())
    other = read_mixed(table().sample(frac=1, random_state=0))
    assert np.array_equal(one.errors, other.errors)
    assert one.chains == ("a", "b")
    assert one.errors.shape == (2, 9)
    assert not one.both


def test_seeds_are_chains_where_there_are_no_chains():
    assert read_mixed(table().rename(columns={"chain": "seed"})).chains == ("a", "b")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: t.drop(columns="n_low"), "no column 'n_low'"),
        (lambda t: t.assign(error=["many", *t["error"][1:]]), "row 1: error 'many' is not a number"),
        (lambda t: t.assign(chain=[None, *t["chain"][1:]]), "row 1 has no chain"),
        (lambda t: t.drop(columns="chain"), "stands twice and there are no chains"),
        (lambda t: t.assign(chain="a"), "stands twice in chain 'a'"),
        (lambda t: t.iloc[:-1], "chain 'b' has no error for 100 expensive and 1000 cheap labels"),
        (lambda t: t.assign(n_high=t["n_high"] - 10), "n_high of point 0 is 0.*another law"),
        (lambda t: t.assign(error=-t["error"]), "error of point 0 is -1"),
        (lambda t: t[t["n_high"] > 10], "2 different numbers of expensive labels"),
        (lambda t: t[t["n_low"] < 1000], "2 different numbers of cheap labels"),
        (lambda t: t.iloc[:0], "no points"),
    ],
)
def test_points_that_cannot_be(change, said):
    with pytest.raises(ScalingError, match=said):
        read_mixed(change(table()))


def test_cheap_labels_in_step_with_expensive_ones_are_refused():
    high = np.array([10.0, 30.0, 100.0, 300.0])
    with pytest.raises(ScalingError, match="in step"):
        mixed_points(high, 5 * high, 1 / high, None)


def test_shapes_that_differ():
    with pytest.raises(ScalingError, match=r"n_low \(8,\)"):
        mixed_points(HIGH, LOW[1:], HIGH, None)


def test_warnings_name_what_is_thin():
    few = mixed_points(HIGH**0.5, LOW, np.ones(9), None)
    assert "One chain" in few.warnings[0]
    assert "a factor of 3.16" in few.warnings[1]
    assert "Two chains" in read_mixed(table()).warnings[0]


def test_without_leaves_one_mix_out():
    points = read_mixed(table())
    rest = points.without(4)
    assert rest.errors.shape == (2, 8)
    assert (points.n_high[4], points.n_low[4]) not in set(zip(rest.n_high, rest.n_low, strict=True))
