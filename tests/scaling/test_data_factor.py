import numpy as np
import pytest

from transferkit.scaling.gain import compare_curves

N = np.geomspace(20, 2000, 6)


@pytest.fixture
def gain():
    rng = np.random.default_rng(0)
    transfer, scratch = ((law * np.exp(0.03 * rng.normal(size=(5, 6)))) for law in (0.5 * N**-0.3, 2.0 * N**-0.6))
    return compare_curves(transfer=(N, transfer), scratch=(N, scratch), unit="eV/atom")


def test_the_factor_of_known_laws(gain):
    found = gain.data_factor_at(100)
    true = (2.0 / (0.5 * 100**-0.3)) ** (1 / 0.6) / 100
    assert found.factor == pytest.approx(true, rel=0.1)
    assert true in found.interval
    assert found.scratch_size == pytest.approx(found.factor * 100)
    assert "times the data of transfer" in str(found)


def test_at_a_size_and_for_its_error_the_factor_is_the_same(gain):
    at = gain.data_factor_at(300)
    same = gain.data_factor_for(at.error)
    assert same.factor == pytest.approx(at.factor)
    assert same.transfer_size == pytest.approx(300)
    assert same.interval.low == pytest.approx(at.interval.low, rel=0.1)


def test_extrapolation_is_said_for_each_curve(gain):
    far = gain.data_factor_for(0.02)
    assert "transfer" in far.beyond
    assert "scratch" in far.beyond
    assert gain.data_factor_at(1000).beyond == ""


def test_a_floor_makes_it_unreachable():
    rng = np.random.default_rng(1)
    chance = np.exp(0.02 * rng.normal(size=(5, 6)))
    found = compare_curves(
        transfer=(N, 0.5 * N**-0.4 * chance), scratch=(N, (2.0 * N**-0.8 + 0.05) * chance), offset=None, unit="eV/atom"
    )
    assert found.scratch.offset > 0
    told = found.data_factor_for(0.03)
    assert told.factor is None
    assert "no size of scratch has this error" in str(told)
    beyond = found.data_factor_at(2000)
    assert beyond.factor is None
    assert beyond.to_json()["scratch_size"] is None
