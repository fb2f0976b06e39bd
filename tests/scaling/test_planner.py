import json

import numpy as np
import pytest

from transferkit.errors import ScalingError
from transferkit.scaling.mixed_law import fit_mixed_law
from transferkit.scaling.planner import plan_mix

HIGH, LOW = (v.ravel() for v in np.meshgrid([10.0, 30.0, 100.0, 300.0], [0.0, 100.0, 1000.0, 3000.0]))
PRICES = {"price_high": 20, "price_low": 1}


def saturating(high, low):
    return 3 * (high + 0.3 * low / (1 + 0.3 * low / (4 * high))) ** -0.5


def drawn(law=saturating, *, chains=4, noise=0.04, seed=0, keep=slice(None)):
    rng = np.random.default_rng(seed)
    high, low = HIGH[keep], LOW[keep]
    label = np.repeat(np.arange(chains), len(high))
    off = noise * (rng.normal(size=len(label)) + rng.normal(size=chains)[label])
    return np.tile(high, chains), np.tile(low, chains), np.tile(law(high, low), chains) * np.exp(off), label


def fitted(*args, offset=False, **more):
    high, low, errors, chains = drawn(*args, **more)
    return fit_mixed_law(high, low, errors, chains=chains, offset=offset, unit="eV/atom")


@pytest.fixture(scope="module")
def law():
    return fitted()


def true_cost(target, law=saturating):
    high, low = np.meshgrid(np.arange(10, 600), np.arange(0, 9000, 10), indexing="ij")
    return np.where(law(high, low) <= target, 20 * high + low, np.inf).min()


def test_a_target_is_reached_at_the_least_cost(law):
    mix = plan_mix(law, **PRICES, target=0.15)
    assert law.form == "saturating"
    assert mix.cost == 20 * mix.n_high + mix.n_low
    assert mix.error == pytest.approx(0.15, rel=1e-3)
    assert true_cost(0.15) in mix.cost_interval
    assert mix.cost in mix.cost_interval
    assert saturating(mix.n_high, mix.n_low) in mix.error_interval
    assert 400 / (true_cost(0.15) / 20) in mix.saving_interval
    assert mix.saving == mix.high_only.cost / mix.cost
    assert mix.high_only.n_low == 0
    assert mix.worth == pytest.approx(1 / 20, rel=0.05)  # at the best mix the worth is the ratio of prices
    assert not mix.beyond
    assert not mix.edge


def test_a_budget_is_spent_on_the_least_error(law):
    mix = plan_mix(law, **PRICES, budget=5000)
    assert mix.cost <= 5000
    assert mix.cost_interval is None
    assert mix.saving == mix.high_only.error / mix.error > 1
    assert mix.high_only.n_high == 250
    back = plan_mix(law, **PRICES, target=mix.error * (1 + 1e-9))
    assert back.cost == pytest.approx(mix.cost, rel=2e-3)


def test_dearer_cheap_labels_are_bought_less(law):
    shares = [plan_mix(law, price_high=20, price_low=p, target=0.15).n_low for p in (0.2, 1, 5, 50)]
    assert shares == sorted(shares, reverse=True)
    assert shares[-1] == 0
    assert plan_mix(law, price_high=20, price_low=50, target=0.15).saving == 1.0


def test_the_exchange_law_goes_to_the_edge_and_says_so():
    law = fitted(lambda h, l: 3 * (h + 0.2 * l) ** -0.5)  # noqa: E741
    mix = plan_mix(law, **PRICES, target=0.15)
    assert mix.n_high == 10
    assert "No fewer than 10 expensive labels" in mix.edge
    assert plan_mix(law, **PRICES, target=0.15, least_high=25).n_high == 25
    assert "most_low" in plan_mix(law, **PRICES, target=0.15, most_low=500).edge


def test_what_lies_beyond_the_points_is_said(law):
    beyond = plan_mix(law, **PRICES, target=0.05).beyond
    assert any("times as many expensive labels" in b for b in beyond)
    assert any("below that of your best mix" in b for b in beyond)
    few = plan_mix(law, price_high=20, price_low=0.001, budget=250.0, least_high=1)
    assert any("fewer expensive labels" in b or "cheap labels" in b for b in few.beyond)


def test_forms_that_fit_no_worse_plan_too():
    law = fitted(chains=3, noise=0.3, seed=1)
    mix = plan_mix(law, **PRICES, target=0.2)
    assert {one.form for one in mix.others} <= {o.form for o in law.others if o.sound}
    assert mix.others
    assert "fits no worse" in str(mix)


def test_one_chain_plans_without_intervals():
    mix = plan_mix(fitted(chains=1), **PRICES, target=0.15)
    assert (mix.error_interval, mix.cost_interval, mix.saving_interval) == (None, None, None)
    assert "No intervals" in str(mix)


def test_a_law_that_needs_cheap_labels_compares_nothing():
    keep = LOW > 0
    law = fitted(lambda h, l: 3 * h**-0.4 * l**-0.2, keep=keep)  # noqa: E741
    mix = plan_mix(law, **PRICES, target=0.15)
    assert law.form == "product"
    assert mix.high_only is None
    assert mix.n_low / mix.n_high == pytest.approx(0.2 / 0.4 * 20, rel=0.15)


def test_free_labels_are_taken_as_far_as_there_are_any(law):
    assert plan_mix(law, price_high=20, price_low=0, most_low=2000, budget=4000).n_low == 2000
    with pytest.raises(ScalingError, match="Labels that cost nothing need a number"):
        plan_mix(law, price_high=20, price_low=0, budget=4000)


def test_a_target_below_the_floor_is_an_error():
    law = fitted(lambda h, l: saturating(h, l) + 0.1, noise=0.005, offset=True)  # noqa: E741
    with pytest.raises(ScalingError, match="not above the law's floor of"):
        plan_mix(law, **PRICES, target=0.09)
    assert plan_mix(law, **PRICES, target=0.3).error <= 0.3 * (1 + 1e-9)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({}, "either a target error or a budget"),
        ({"target": 0.1, "budget": 10}, "either a target error or a budget"),
        ({"target": -1.0}, "target is -1"),
        ({"target": 0.1, "price_high": 0}, "price_high is 0, and a price"),
        ({"target": 0.1, "most_high": 0}, "most_high is 0"),
        ({"target": 0.1, "most_high": 5}, "at least 10 expensive"),
        ({"target": 0.05, "most_high": 50, "most_low": 50}, "out of reach of the 50 expensive and 50 cheap"),
        ({"target": 1e-12}, "more than 1e.15 labels"),
        ({"budget": 3.0}, "does not buy the 10 expensive"),
    ],
)
def test_what_cannot_be_planned(law, asked, said):
    with pytest.raises(ScalingError, match=said):
        plan_mix(law, **{**PRICES, **asked})


def test_nothing_is_planned_where_cheap_labels_harm():
    harmful = fitted(lambda h, l: 3 * h**-0.5 * (1 + l / 1000) ** 0.1, noise=0.01)  # noqa: E741
    with pytest.raises(ScalingError, match="nothing can be planned by the law"):
        plan_mix(harmful, **PRICES, target=0.15)


def test_json_is_plain(law):
    data = json.loads(json.dumps(plan_mix(law, **PRICES, target=0.15).to_json()))
    assert data["bought"]["n_high"] > 0
    assert data["cost_interval"]["level"] == 0.95


@pytest.mark.slow
def test_intervals_of_cost_and_saving_hold_the_truth_as_often_as_they_say():
    held, studies = {"cost": 0, "saving": 0}, 300
    truth = true_cost(0.15)
    for seed in range(studies):
        found = fitted(chains=4, noise=0.08, seed=seed)
        law = next(one for one in (found, *found.others) if one.form == "saturating")
        mix = plan_mix(law, **PRICES, target=0.15)
        held["cost"] += truth in mix.cost_interval
        held["saving"] += 20 * 400 / truth in mix.saving_interval
    assert all(0.92 <= n / studies <= 0.98 for n in held.values()), held
