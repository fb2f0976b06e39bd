from dataclasses import replace

from transferkit.scaling.bounds import Interval
from transferkit.scaling.mix import Bought, Mix

MIX = Mix(
    bought=Bought("exchange", 10, 1200, 2200.0, 0.0199),
    high_only=Bought("exchange", 250, 0, 25000.0, 0.02),
    target=0.02,
    budget=None,
    error_interval=Interval(((0.018, 0.022),), 0.95),
    new_training=Interval(((0.015, 0.026),), 0.95),
    cost_interval=Interval(((1500.0, None),), 0.95),
    saving=11.36,
    saving_interval=Interval(((8.0, 15.0),), 0.95),
    worth=0.2,
    others=(Bought("product", 20, 900, 2900.0, 0.02),),
    edge="",
    beyond=("3 times as many cheap labels as in your largest mix",),
    unit="eV/atom",
)


def test_the_text_says_everything_a_buyer_needs():
    told = str(MIX)
    assert "For 20 meV/atom: 10 expensive and 1,200 cheap labels, which costs 2,200 and gives 19.9 meV/atom." in told
    assert "Cost: 95 % interval from 1,500, no upper end." in told
    assert "250, which cost 25,000: 11.4 times the cost of the mix, 95 % interval 8 to 15." in told
    assert "An extrapolation: 3 times as many cheap labels" in told
    assert "The form product fits no worse and plans 20 expensive and 900 cheap labels" in told


def test_a_budget_compares_errors_and_one_chain_has_no_intervals():
    told = str(
        replace(
            MIX, target=None, budget=2200.0, error_interval=None, cost_interval=None, saving_interval=None, beyond=()
        )
    )
    assert "For a budget of 2,200" in told
    assert "11.4 times the error of the mix." in told
    assert "No intervals" in told


def test_without_a_law_for_expensive_labels_alone_nothing_is_compared():
    assert "alone" not in str(replace(MIX, high_only=None, saving=None))


def test_json_is_plain():
    data = MIX.to_json()
    assert (data["bought"]["n_low"], data["high_only"]["n_high"], data["others"][0]["form"]) == (1200, 250, "product")
    assert data["cost_interval"]["high"] is None
    assert replace(MIX, cost_interval=None).to_json()["cost_interval"] is None
