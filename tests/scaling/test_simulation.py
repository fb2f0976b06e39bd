"""Simulated studies, and on them the coverage that the intervals claim: quickly here, in full in the slow test."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom

from transferkit.scaling.simulation import Noise, Truth, simulate

SCRIPT = Path(__file__).parents[2] / "benchmarks/accuracy/scaling/coverage.py"
N = np.array([20.0, 60, 200, 600])
SILENT = Noise(level=0, slope=0, subset=(1e-9, 1e-9), seed=0, difficulty=0, gain=0, cell=0)


@pytest.fixture(scope="module")
def script():
    spec = spec_from_file_location("coverage_of_laws", SCRIPT)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_without_noise_the_law_is_left():
    truth = Truth(1.0, 0.5, 0.1)
    study = simulate(np.random.default_rng(0), [truth], N, chains=2, noise=SILENT)
    assert np.allclose(study.errors, truth.errors(N))
    assert np.allclose(study.on_test, truth.errors(N))


def test_the_mean_over_all_compositions_is_the_law():
    noise = Noise(level=0, slope=0, subset=(1e-9, 1e-9), seed=0)
    study = simulate(np.random.default_rng(1), [Truth(1.0, 0.5)], N, chains=1, compositions=200_000, noise=noise)
    assert np.allclose(study.errors[0, 0], N**-0.5, rtol=0.03)


def test_chains_are_nested_and_curves_share_their_luck():
    study = simulate(np.random.default_rng(2), [Truth(1.0, 0.5)] * 2, N, chains=300, compositions=200)
    logs = np.log(study.errors / study.on_test[:, None])
    along = np.corrcoef(logs[0].T)
    assert np.all(np.diagonal(along, 1) > 0.2)
    assert np.corrcoef(logs[0, :, 0], logs[1, :, 0])[0, 1] > 0.2
    again = simulate(np.random.default_rng(2), [Truth(1.0, 0.5)] * 2, N, chains=300, compositions=200)
    assert np.array_equal(again.errors, study.errors)


def claimed(found):
    """Coverage of what the package gives; lines in brackets are shown beside it."""
    return {name: share for name, share in found.items() if not name.startswith("(")}


@pytest.mark.parametrize("chains", [3])
def test_intervals_of_laws_and_crossings_cover(script, chains):
    studies = 40
    found = script.coverage(script.plain_study, studies, chains)
    least = binom.ppf(1e-3, studies, 0.94) / studies
    assert {name: share for name, share in claimed(found).items() if share < least} == {}
    if chains == 3:
        assert found["(b on the test part, bootstrap over chains)"] < 0.88


def test_bounds_of_a_floor_cover(script):
    studies = 30
    found = script.coverage(script.floor_study, studies, 5)
    least = binom.ppf(1e-3, studies, 0.94) / studies
    assert {name: share for name, share in claimed(found).items() if share < least} == {}


@pytest.mark.slow
@pytest.mark.parametrize("chains", [3, 5, 8])
@pytest.mark.parametrize("kind", [0, 1])
def test_two_thousand_studies(script, kind, chains):
    found = claimed(script.coverage(list(script.KINDS.values())[kind], 2000, chains))
    error = np.sqrt(0.95 * 0.05 / 2000)
    for name, share in found.items():
        one_sided = name.startswith("c ")
        assert share >= 0.93 - error, name
        assert one_sided or share <= 0.97 + error, name


def test_the_table_is_written(script, tmp_path, monkeypatch):
    monkeypatch.setattr("sys.argv", ["coverage.py", "--studies", "1", "--out", str(tmp_path)])
    monkeypatch.setattr(script, "KINDS", {"two laws": script.plain_study})
    script.main()
    assert "| b on the test part |" in (tmp_path / "coverage.md").read_text()
    assert (tmp_path / "coverage.json").exists()
