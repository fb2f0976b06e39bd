"""Wanted: of a study, one point of every curve and size stands for all chains."""

from transferkit.preview import facts
from transferkit.preview.preview import preview
from transferkit.preview.text import text_of
from transferkit.preview.wanted import wanted
from transferkit.run_folder import write_json
from transferkit.studies.ledger import Ledger

VARY = {"seed": [0, 1, 2], "data.subset": [20, 40]}
TRAINING = {"steps": 6, "evaluate_every": 3, "evaluate_unit": "steps", "batch": {"structures": 8}}


def test_a_run_and_a_comparison(recipe, tmp_path):
    assert wanted(recipe(), tmp_path).kind == "run"
    several = wanted(recipe(seeds=[0, 1]), tmp_path)
    assert (several.kind, len(several.jobs), several.several) == ("comparison", 2, True)


def test_a_study_counts_what_is_left(recipe, tmp_path):
    study = recipe(vary=VARY, training=TRAINING)
    found = wanted(study, tmp_path / "x")
    assert [job.variant for job in found.jobs] == ["tiny, 20 structures", "tiny, 40 structures"]
    assert [*found.times.values()] == [3, 3]
    write_json(found.jobs[0].folder / "result.json", {})
    again = wanted(study, tmp_path / "x")
    assert [*again.times.values()] == [2, 3]
    write_json(
        Ledger.of(study, tmp_path / "x").orders()[1].folder / "result.json", {}
    )  # another chain, or another size
    more = wanted(study, tmp_path / "x")
    assert (more.study["finished"], more.study["begun"]) == (2, 0)
    there = facts.write(tmp_path / "x", [], kind="study", study=more.study)
    assert (there["runs"], there["finished"], there["begun"]) == (6, 2, 0)
    assert not any("index.html" in name for name in there["files"])
    assert "Give at least 3 sizes" in again.study["no_law"]
    assert (again.study["points"], again.study["finished"], again.study["chains"]) == (6, 1, [0, 1, 2])


def test_a_preview_of_a_study_counts_points_and_time(recipe, tmp_path):
    found = preview(recipe(vary=VARY, training=TRAINING), output=tmp_path / "x", seconds=5)
    assert found.can_start, found.facts["mistakes"]
    assert (found.facts["kind"], found.facts["cost"]["runs"]) == ("study", 6)
    assert "page" not in found.facts["cost"]["variants"]["tiny, 20 structures"]["stages_s"]
    text = str(found)
    assert "6 points: 1 curve (tiny), 20, 40 structures, 3 chains" in text
    assert "points/KEY" in text
    assert "index.html" not in text
    assert "  of 6 points, 4 finished and 1 begun there; " in text_of(
        found.facts | {"write": found.facts["write"] | {"finished": 4, "begun": 1}}
    )
    assert not (tmp_path / "x").exists()


def test_a_size_that_the_data_do_not_have_is_a_mistake(recipe, tmp_path):
    found = preview(recipe(vary={"data.subset": [20, 4000]}, training=TRAINING), output=tmp_path / "x", seconds=5)
    assert not found.can_start
    assert "data.subset is 4000" in found.facts["mistakes"][0]["what"]
