import json

import numpy as np
import pandas as pd
import pytest

from transferkit.errors import ScalingError
from transferkit.scaling.simulation import Truth, simulate
from transferkit.scaling.table import fit_table, gain_of

N = np.array([20.0, 60, 200, 600])


@pytest.fixture(scope="module")
def table():
    study = simulate(np.random.default_rng(0), [Truth(0.3, 0.3), Truth(1.5, 0.6)], N, chains=3)
    rows = [
        {"curve": curve, "size": n, "chain": k, "error": study.errors[c, k, i], "quantity": "energy", "unit": "eV/atom"}
        for c, curve in enumerate(("transfer", "scratch"))
        for k in range(3)
        for i, n in enumerate(N)
    ]
    return pd.DataFrame(rows)


def test_every_curve_and_both_together(table):
    [found] = fit_table(table, targets=[0.05], at=[1000])
    assert set(found.laws) == {"transfer", "scratch"}
    [gain] = found.gains.values()
    assert gain.paired
    assert found.laws["transfer"].unit == "eV/atom"
    assert len(found.factors["transfer", "scratch"]) == 2
    text = str(found)
    assert all(
        part in text for part in ("transfer:", "scratch:", "transfer against scratch:", "50 meV/atom needs size")
    )
    told = json.loads(json.dumps(found.to_json()))
    assert told["gains"][0]["crossing"]["size"] == gain.crossing.size
    assert told["errors_at"]["scratch"][0]["size"] == 1000


def test_other_names_and_unknown_ones(table):
    named = table.assign(curve=table["curve"].map({"transfer": "residual", "scratch": "random"}))
    assert fit_table(named)[0].gains == {}
    [found] = fit_table(named, transfer="residual", scratch="random")
    assert list(found.gains) == [("residual", "random")]
    assert "residual (transfer) against random (scratch):" in str(found)
    [found] = fit_table(named, pairs=lambda _: [("random", "residual")])
    assert list(found.gains) == [("random", "residual")]
    with pytest.raises(ScalingError, match=r"'residul', which transfer names\. Did you mean 'residual'"):
        fit_table(named, transfer="residul")
    with pytest.raises(ScalingError, match=r"both name 'random'"):
        fit_table(named, transfer="random", scratch="random")


def test_a_curve_without_a_law_stops_no_other(table):
    short = table[(table["curve"] == "transfer") | (table["size"] < 100)]
    [found] = fit_table(short)
    assert list(found.laws) == ["transfer"]
    assert "2 sizes of 'scratch'" in found.refused["scratch"]
    assert found.gains == {}
    assert "scratch: no law" in str(found)
    with pytest.raises(ScalingError, match="2 sizes"):
        fit_table(table[table["size"] < 100])


def test_the_table_of_a_study_has_more_columns(table):
    more = table.assign(n_compositions=9, point="ab", when="final", seed=table["chain"], test="unseen")
    assert fit_table(more)[0].test == "unseen"


def test_quantities_and_tests_stand_apart(table):
    both = pd.concat([table, table.assign(quantity="forces", unit="eV/Å", error=table["error"] * 2)])
    energy, forces = fit_table(both, offset=False)
    assert (energy.quantity, forces.quantity) == ("energy", "forces")
    assert forces.laws["scratch"].exponent == pytest.approx(energy.laws["scratch"].exponent)
    assert forces.laws["scratch"].unit == "eV/Å"


def test_pairs_are_the_chains_that_both_have(table):
    one, other = (table[table["curve"] == name].assign(parts="x") for name in ("transfer", "scratch"))
    options = {"names": ("a", "b"), "offset": False, "loss": "least-squares", "level": 0.95, "unit": ""}
    both = gain_of(one, other[other["chain"] < 2], **options)
    assert both.paired
    assert both.transfer.fit.curve.chains == (0, 1)
    assert not gain_of(one, other.assign(parts="y"), **options).paired


def test_several_curves_without_names_to_compare_are_told(table):
    named = table.assign(curve=table["curve"] + " of mine")
    assert "Curves: transfer of mine, scratch of mine. Name two with --transfer" in str(fit_table(named)[0])
