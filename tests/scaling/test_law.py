import numpy as np
import pytest

from transferkit.scaling.floor import Floor
from transferkit.scaling.law import floor_words, forms_words
from transferkit.scaling.power_law import fit_power_law


def test_errors_band_and_forecasts_agree(paper):
    n, transfer, _ = paper
    law = fit_power_law(n, transfer, offset=True, unit="eV/atom")
    low, high = law.band(n)
    assert np.all((low < law.errors(n)) & (law.errors(n) < high))
    at = law.error_at(n[2])
    assert (at.error, at.interval.low) == (pytest.approx(law.errors(n)[2]), pytest.approx(low[2]))
    assert law.errors(n) == pytest.approx(law.prefactor * n**-law.exponent + law.offset)
    assert law.size_for(float(law.errors(n[3:4])[0])).size == pytest.approx(n[3])


def test_json_is_plain(paper):
    n, transfer, _ = paper
    told = fit_power_law(n, transfer, offset=None).to_json()
    assert told["form"] == "a N^-b + c"
    assert told["other"]["form"] == "a N^-b"
    assert told["points"]["sizes"] == n.tolist()


def test_a_floor_in_words():
    assert floor_words(Floor(0.01, 0.02, 0.005, 0.001, 0.95), "eV/atom") == (
        "Floor c: at most 20 meV/atom at 95 %, at least 5 meV/atom at 95 % (p = 0.001 for none)."
    )
    assert "not bounded above" in floor_words(Floor(0.0, None, 0.0, 0.5, 0.9), "")


def test_both_forms_stand_side_by_side_where_choosing_one_moves_b(paper):
    n, transfer, scratch = paper
    for errors, chosen in ((transfer, "a N^-b + c"), (scratch, "a N^-b")):
        law = fit_power_law(n, errors, offset=None, unit="eV/atom")
        plain, bent = law.forms
        assert (plain.form, bent.form, law.form) == ("a N^-b", "a N^-b + c", chosen)
        head, _, first, second = forms_words(law)
        assert "lower bound at 95 % is above zero" in head
        assert [row.startswith("*") for row in (first, second)] == [chosen == "a N^-b", chosen == "a N^-b + c"]
        assert f"{plain.exponent:.3f}" in first
        assert f"{bent.exponent:.3f}" in second
        assert "at most" in second
        assert str(law).count("Both forms") == 1


def test_one_form_is_shown_where_the_choice_moves_little_or_was_the_users(paper):
    n, transfer, _ = paper
    straight = n**-0.5 * np.exp(0.05 * np.random.default_rng(1).normal(size=(4, 6)))
    assert fit_power_law(n, straight, offset=None).forms == ()
    assert fit_power_law(n, n**-0.3 - 0.02, offset=None).forms == ()  # bends downwards: both forms have one b
    for offset in (True, False):
        law = fit_power_law(n, transfer, offset=offset)
        assert law.forms == ()
        assert forms_words(law) == []
