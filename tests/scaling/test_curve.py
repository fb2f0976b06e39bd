import numpy as np
import pytest

from transferkit.errors import ScalingError
from transferkit.scaling.curve import curve_of

N = [10.0, 100.0, 1000.0]


def test_points_come_in_any_order_and_chains_are_sorted():
    curve = curve_of([100, 10, 1000, 10, 1000, 100], [2, 3, 1, 6, 4, 5], ["b", "b", "b", "a", "a", "a"])
    assert curve.chains == ("a", "b")
    assert curve.errors.tolist() == [[6, 5, 4], [3, 2, 1]]


def test_a_table_has_one_row_per_chain():
    table = np.array([[3.0, 2, 1], [6, 5, 4]])
    assert curve_of(N, table, [7, 8]).chains == (7, 8)
    assert curve_of(N, table).errors.tolist() == table.tolist()
    assert curve_of(N, [3, 2, 1], ["only"] * 3).chains is None


@pytest.mark.parametrize(
    ("sizes", "errors", "chains", "parts"),
    [
        ([], [], None, ("no points", "at least 3 sizes")),
        ([10, 100], [2, 1], None, ("2 sizes", "10, 100", "at least 3")),
        ([10, 20, 90], [3, 2, 1], None, ("factor of 9", "less than a decade", "up to 100")),
        ([0, 10, 100], [3, 2, 1], None, ("size 0 (point 0", "Leave out points without training data")),
        (N, [3, -1, 1], None, ("error -1 (point 1", "not a positive number")),
        (N, [3, float("nan"), 1], None, ("error nan (point 1",)),
        ([10, 100, 100, 1000], [3, 2, 2, 1], None, ("size 100 stands twice", "(chains)")),
        ([10, 100, 100, 1000], [3, 2, 2, 1], [0, 0, 0, 0], ("size 100 stands twice in chain 0", "the mean over seeds")),
        (
            [*N, 10, 100],
            [3, 2, 1, 3, 2],
            [0, 0, 0, 1, 1],
            ("chain 1 has no error at size 1000", "chains with all sizes: 0"),
        ),
        (N, [3, 2], None, ("shape (3,)", "(2,)")),
        (N, np.array(["a", "b", "c"]), None, ("not all numbers", "Give numbers only")),
        (N, [[3, 2, 1]], [0, 1], ("1 rows and there are 2 chains",)),
    ],
)
def test_one_clear_error_per_mistake(sizes, errors, chains, parts):
    with pytest.raises(ScalingError) as error:
        curve_of(sizes, errors, chains)
    assert all(part in str(error.value) for part in parts)


def test_a_message_names_the_curve():
    with pytest.raises(ScalingError, match="of 'scratch'"):
        curve_of([10, 100], [2, 1], name="scratch")


def test_compositions_are_what_leaving_them_out_does():
    cells = np.random.default_rng(0).lognormal(size=(2, 3, 12))
    named = {f"c{k}": cells[:, :, k] for k in range(12)}
    curve = curve_of(N, cells.mean(axis=-1), compositions=named)
    assert curve.compositions == tuple(sorted(named))
    assert np.allclose(curve.shares.sum(axis=-1), 0)
    left = np.log([np.delete(cells[0, 0], k).mean() for k in range(12)])
    expected = 11 / 12 * (left.mean() - left)
    assert np.allclose(curve.shares[0, 0][[curve.compositions.index(f"c{k}") for k in range(12)]], expected)


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (lambda named: {"c0": named["c0"]}, "errors of 1 compositions"),
        (lambda named: named | {"c0": [1.0]}, "'c0' has 1 errors for 3 points"),
        (lambda named: named | {"c0": np.array([1.0, np.nan, 1.0])}, "'c0' has 2 errors for 3 points"),
        (lambda named: named | {"c0": np.array([9.0, 9.0, 9.0])}, "Give errors that are means over these compositions"),
    ],
)
def test_compositions_that_do_not_fit_the_errors(change, part):
    named = {f"c{k}": np.array([3.0, 2.0, 1.0]) for k in range(6)}
    with pytest.raises(ScalingError, match=part.replace("(", r"\(")):
        curve_of(N, [3, 2, 1], compositions=change(named))
