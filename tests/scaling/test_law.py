import numpy as np
import pytest

from transferkit.scaling.floor import Floor
from transferkit.scaling.law import floor_words
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
