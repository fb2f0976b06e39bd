import json

import numpy as np
import pytest

import transferkit as tk
from transferkit.errors import ScalingError
from transferkit.scaling.power_law import fit_power_law, law_from_json
from transferkit.scaling.simulation import Truth, simulate

N = np.geomspace(20, 2000, 6)


def test_the_slopes_of_paper_a(paper):
    n, transfer, scratch = paper
    first, second = (tk.fit_power_law(n, errors, unit="eV/atom") for errors in (transfer, scratch))
    assert (round(-first.exponent, 3), round(first.r2, 3)) == (-0.301, 0.964)
    assert (round(-second.exponent, 3), round(second.r2, 3)) == (-0.615, 0.994)
    assert first.prefactor == pytest.approx(0.510, abs=5e-4)
    assert second.prefactor == pytest.approx(35.06, rel=1e-3)
    assert [round(end, 2) for end in first.interval.pieces[0]] == [0.22, 0.38]
    assert [round(end, 2) for end in second.interval.pieces[0]] == [0.55, 0.68]


def test_the_transfer_curve_of_paper_a_bends(paper):
    n, transfer, scratch = paper
    law = fit_power_law(n, transfer, offset=None)
    assert law.form == "a N^-b + c"
    assert law.floor.at_least > 0.01
    assert law.other.form == "a N^-b"
    assert fit_power_law(n, scratch, offset=None).form == "a N^-b"
    assert any("The points bend" in w for w in fit_power_law(n, transfer).warnings)


def test_the_form_is_chosen_and_said():
    study = simulate(np.random.default_rng(0), [Truth(1.0, 0.8, 0.05), Truth(1.0, 0.4)], N, chains=8)
    bent, straight = (fit_power_law(N, errors, offset=None) for errors in study.errors)
    assert bent.form == "a N^-b + c"
    assert bent.offset == pytest.approx(0.05, rel=0.3)
    assert "t test over chains" in bent.choice
    assert straight.form == "a N^-b"
    assert straight.other.form == "a N^-b + c"
    assert f"p = {straight.floor.p_value:.2g}" in straight.choice


def test_points_that_bend_downwards_have_no_floor():
    law = fit_power_law(N, N**-0.3 - 0.08, offset=True)
    assert law.offset == 0
    assert "bend downwards" in law.choice


def test_three_sizes_carry_no_floor():
    with pytest.raises(ScalingError, match="at least 4 sizes"):
        fit_power_law([10, 100, 1000], [3, 2, 1], offset=True)
    law = fit_power_law([10, 100, 1000], [3, 2, 1], offset=None)
    assert law.floor is None
    assert "3 sizes cannot show a floor" in law.choice


@pytest.mark.parametrize(
    ("options", "part"),
    [
        ({"loss": "hubert"}, "Did you mean 'huber'"),
        ({"level": 95.0}, "Give 0.95"),
        ({"level": 1.0}, "from 0.5 to below 1"),
    ],
)
def test_options_are_checked(options, part):
    with pytest.raises(ScalingError, match=part):
        fit_power_law([10, 100, 1000], [3, 2, 1], **options)


def test_compositions_make_it_the_law_of_all_compositions():
    study = simulate(np.random.default_rng(2), [Truth(1.0, 0.5)], N, chains=8)
    alone = fit_power_law(N, study.errors[0])
    known = fit_power_law(N, study.errors[0], compositions=study.compositions(0))
    assert known.exponent == alone.exponent
    assert known.interval.high - known.interval.low > alone.interval.high - alone.interval.low
    assert "on this test part" in alone.method
    assert "all compositions like these 100" in known.method


def test_what_it_says(paper):
    n, transfer, _ = paper
    text = str(fit_power_law(n, transfer, unit="eV/atom", offset=None))
    assert "meV/atom × N^-0.588 + 12.5 meV/atom" in text
    assert "One curve" in text
    two = fit_power_law([10, 100, 1000], [[3, 2, 1], [3.3, 1.9, 1]])
    assert any("Two chains" in w for w in two.warnings)


@pytest.mark.parametrize("offset", [False, True, None])
def test_a_law_survives_json(paper, offset):
    n, transfer, _ = paper
    law = fit_power_law(n, transfer, offset=offset, unit="eV/atom", loss="huber")
    back = law_from_json(json.loads(json.dumps(law.to_json())))
    assert back == law
    assert back.error_at(1e6) == law.error_at(1e6)


def test_a_law_of_all_compositions_survives_json():
    study = simulate(np.random.default_rng(2), [Truth(1.0, 0.5)], N, chains=4, compositions=12)
    law = fit_power_law(N, study.errors[0], compositions=study.compositions(0), offset=None)
    back = law_from_json(json.loads(json.dumps(law.to_json())))
    assert back == law
    assert back.interval != fit_power_law(N, study.errors[0]).interval
