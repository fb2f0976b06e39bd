import json

import numpy as np
import pytest

from transferkit.errors import ScalingError
from transferkit.scaling.mixed_law import fit_mixed_law

HIGH, LOW = (v.ravel() for v in np.meshgrid([10.0, 30.0, 100.0, 300.0], [0.0, 100.0, 1000.0, 3000.0]))


def exchange(high, low):
    return 3 * (high + 0.2 * low) ** -0.5


def drawn(law=exchange, *, chains=4, noise=0.06, seed=0):
    rng = np.random.default_rng(seed)
    label = np.repeat(np.arange(chains), len(HIGH))
    off = noise * (rng.normal(size=len(label)) + rng.normal(size=chains)[label])
    return np.tile(HIGH, chains), np.tile(LOW, chains), np.tile(law(HIGH, LOW), chains) * np.exp(off), label


@pytest.fixture(scope="module")
def law():
    high, low, errors, chains = drawn()
    return fit_mixed_law(high, low, errors, chains=chains, unit="eV/atom")


def test_the_law_of_the_points_is_chosen_and_its_worth_in_the_interval(law):
    assert law.form == "exchange"
    assert 0.2 in law.intervals["k"]
    assert 0.5 in law.intervals["b"]
    assert "A" not in law.intervals
    assert [o.form for o in law.others] == ["product", "saturating"] or law.others[0].sound
    assert law.worth(50, 0) == pytest.approx(law.parameters["k"], rel=1e-3)


def test_intervals_of_errors_hold_the_truth_and_one_training_is_less_sure(law):
    inside, new = law.interval_at(50, 200), law.interval_at(50, 200, new=True)
    assert exchange(50, 200) in inside
    assert law.errors([50], [200])[0] in inside
    assert new.low < inside.low < inside.high < new.high


def test_one_chain_gives_no_interval_and_says_so():
    high, low, errors, _ = drawn(chains=1)
    law = fit_mixed_law(high, low, errors)
    assert law.intervals == {}
    assert law.interval_at(50, 200) is None
    assert "there are no intervals" in str(law)


def test_more_noise_is_less_certain():
    widths = []
    for noise in (0.03, 0.12):
        high, low, errors, chains = drawn(noise=noise)
        k = fit_mixed_law(high, low, errors, chains=chains).intervals["k"]
        widths.append(k.high - k.low)
    assert widths[1] > 2 * widths[0]


def test_a_floor_is_kept_where_it_is_shown_and_where_it_is_asked_for():
    high, low, errors, chains = drawn(lambda h, l: exchange(h, l) + 0.3, noise=0.01)  # noqa: E741
    shown = fit_mixed_law(high, low, errors, chains=chains, offset=None)
    assert shown.form == "exchange + c"
    assert 0.3 in shown.intervals["c"]
    high, low, errors, chains = drawn()
    assert "c" not in fit_mixed_law(high, low, errors, chains=chains, offset=None).parameters
    assert "c" not in fit_mixed_law(high, low, errors, chains=chains).parameters
    alone = fit_mixed_law(HIGH, LOW, exchange(HIGH, LOW) + 0.3 + 1e-4 * np.sin(HIGH + LOW), offset=None)
    assert alone.parameters["c"] == pytest.approx(0.3, rel=0.02)


def test_cheap_labels_that_harm_are_told():
    high, low, errors, chains = drawn(lambda h, l: 3 * h**-0.5 * (1 + l / 1000) ** 0.1, noise=0.01)  # noqa: E741
    law = fit_mixed_law(high, low, errors, chains=chains)
    assert not law.sound
    assert "nothing can be planned" in str(law)


def test_cheap_labels_that_change_nothing_are_not_excluded():
    high, low, errors, chains = drawn(lambda h, _: 3 * h**-0.5, noise=0.2, seed=3)
    law = fit_mixed_law(high, low, errors, chains=chains)
    assert not law.sound or any("change nothing" in w for w in law.warnings) or law.form == "saturating"


def test_text_and_json(law):
    told = str(law)
    assert "16 mixes, 4 chains" in told
    assert "Misfit of mixes left out: exchange" in told
    data = json.loads(json.dumps(law.to_json()))
    assert data["parameters"]["k"] == law.parameters["k"]
    assert len(data["points"]["errors"]) == 4


def test_what_cannot_be_fitted():
    with pytest.raises(ScalingError, match="level is 2"):
        fit_mixed_law(HIGH, LOW, exchange(HIGH, LOW), level=2.0)
    keep = [0, 1, 4, 6, 10]
    with pytest.raises(ScalingError, match="there are 5 mixes, and the forms have up to 4 parameters"):
        fit_mixed_law(HIGH[keep], LOW[keep], exchange(HIGH, LOW)[keep])


@pytest.mark.slow
@pytest.mark.parametrize("chains", [3, 5])
def test_intervals_hold_the_truth_as_often_as_they_say(chains):
    held = {"k": 0, "b": 0, "error": 0}
    studies = 300
    for seed in range(studies):
        high, low, errors, label = drawn(chains=chains, noise=0.1, seed=seed)
        found = fit_mixed_law(high, low, errors, chains=label)
        law = next(one for one in (found, *found.others) if one.form == "exchange")
        held["k"] += 0.2 in law.intervals["k"]
        held["b"] += 0.5 in law.intervals["b"]
        held["error"] += exchange(200, 5000) in law.interval_at(200, 5000)
    assert all(0.92 <= n / studies <= 0.98 for n in held.values()), held
