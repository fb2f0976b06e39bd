import json

import pytest

from transferkit.report.comparison_breakdown import all_runs, chemistry_by_variant, elements_of


def run(**compositions):
    return {"tests": {"t": {"final": {"by_composition": {c: {"energy": e, "n": 1} for c, e in compositions.items()}}}}}


def test_every_run_that_is_there_is_read(tmp_path):
    for seed in (0, 2):
        (tmp_path / f"a/seed-{seed}").mkdir(parents=True)
        (tmp_path / f"a/seed-{seed}/result.json").write_text(json.dumps({"seed": seed}))
    found = all_runs(tmp_path, {"a": {"runs": [f"a/seed-{k}" for k in range(3)]}, "b": {}})
    assert found == {"a": [{"seed": 0}, {"seed": 2}], "b": []}


def test_seeds_are_averaged_before_compositions():
    runs = {"a": [run(MgO=0.1, CaO=0.5), run(MgO=0.3)], "b": [run(Si=0.2)]}
    found = chemistry_by_variant(runs, "t", {"a": "A", "b": "B"})
    assert found["head"] == ["oxide (2)", "element (1)"]
    assert found["rows"][0][0] == "A"
    assert found["rows"][0][1].startswith("350 [")
    assert found["rows"][0][2] == "–"
    assert found["rows"][1] == ["B", "–", "200"]


def test_without_runs_there_is_no_table():
    assert chemistry_by_variant({"a": []}, "t", {"a": "A"}) is None
    assert chemistry_by_variant({"a": [{}]}, "t", {"a": "A"}) is None


def test_elements_are_the_mean_over_the_runs_that_have_them():
    def of(**errors):
        return {"tests": {"t": {"final": {"by_element": {s: {"energy_mae": e} for s, e in errors.items()}}}}}

    found = elements_of([of(O=0.1, Zr=None), of(O=0.3, H=0.2), {}], "t")
    assert list(found) == ["H", "O"]
    assert found["O"] == pytest.approx(0.2)
    assert elements_of([], "t") == {}
