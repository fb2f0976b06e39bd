"""Simulated studies, and on them the coverage that the intervals claim: quickly here, in full in the slow test."""

import json
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


STUDIES = 50
"""Each: about ten seconds for all three kinds together."""
LEAST = binom.ppf(1e-3, STUDIES, 0.93) / STUDIES
"""Fewer hits than this (40 of 50, 80 %) come by chance less than once in a thousand where 93 % is true, and in 92 of 100 draws where 70 % is."""


def test_the_quick_bounds_can_fail():
    assert round(LEAST * STUDIES) == 40
    assert binom.cdf(LEAST * STUDIES - 1, STUDIES, 0.93) < 1e-3
    assert binom.cdf(LEAST * STUDIES - 1, STUDIES, 0.70) > 0.9


def test_intervals_of_laws_and_crossings_cover(script):
    found = script.coverage(script.plain_study, STUDIES, 3)
    assert {name: share for name, share in claimed(found).items() if share < LEAST} == {}
    assert found["(b on the test part, bootstrap over chains)"] < 0.88


def test_bounds_of_a_floor_cover(script):
    found = script.coverage(script.floor_study, STUDIES, 5)
    assert {name: share for name, share in claimed(found).items() if share < LEAST} == {}
    assert found["(b by the chosen form over all compositions)"] < LEAST  # the plain form's b is not the one beside c


def test_a_floor_is_rarely_found_where_there_is_none(script):
    found = script.coverage(script.KINDS["a law without a floor, fitted with one"], STUDIES, 5)
    assert {name: share for name, share in claimed(found).items() if share < LEAST} == {}
    most = binom.ppf(0.999, STUDIES, 0.05) / STUDIES  # 8 of 50; a rate of 30 % would pass twice in a hundred draws
    assert found["(floor found on the test part)"] <= most
    assert found["(floor found over all compositions)"] <= most


@pytest.fixture(scope="module")
def committed():
    """The coverage that the documentation shows."""
    return json.loads((SCRIPT.parent / "coverage.json").read_text())["coverage"]


def test_what_is_committed_holds_the_bars(script, committed):
    assert list(committed) == list(script.KINDS)
    for kind, told in committed.items():
        assert list(told["chains"]) == ["3", "5", "8"]
        for found in told["chains"].values():
            bars_hold(claimed(found), told["studies"], kind)


def bars_hold(found, studies, kind):
    """93 to 97 % for intervals, at least 93 % for bounds, within the standard error of the count."""
    error = np.sqrt(0.95 * 0.05 / studies)
    for name, share in found.items():
        assert share >= 0.93 - error, (kind, name)
        assert name.startswith("c ") or share <= 0.97 + error, (kind, name)


def test_the_documentation_shows_what_is_committed(committed):
    spec = spec_from_file_location("coverage_in_docs", SCRIPT.with_name("coverage_docs.py"))
    docs = module_from_spec(spec)
    spec.loader.exec_module(docs)
    assert docs.text(committed) in docs.PAGE.read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("chains", [3, 5, 8])
@pytest.mark.parametrize("kind", [0, 1, 2])
def test_two_thousand_studies(script, committed, kind, chains):
    name = list(script.KINDS)[kind]
    found = script.coverage(script.KINDS[name], 2000, chains)
    bars_hold(claimed(found), 2000, name)
    told = committed[name]["chains"][str(chains)]
    assert found == pytest.approx(told, abs=0.002)  # roundings may turn a study in a thousand


def test_the_table_is_written_and_other_kinds_stay(script, tmp_path, monkeypatch):
    monkeypatch.setattr(script, "KINDS", {"two laws": script.plain_study, "others": None})
    monkeypatch.setattr(script, "CHAINS_OF_A_STUDY", (3,))
    kept = {"studies": 7, "chains": {"3": {"b": 0.5}}}
    (tmp_path / "coverage.json").write_text(json.dumps({"coverage": {"others": kept}}))
    monkeypatch.setattr("sys.argv", ["coverage.py", "--studies", "1", "--kind", "two laws", "--out", str(tmp_path)])
    script.main()
    text = (tmp_path / "coverage.md").read_text()
    assert "| b on the test part |" in text
    assert "| b | 50.0 |" in text
    assert json.loads((tmp_path / "coverage.json").read_text())["coverage"]["others"] == kept
