import json
import re

import pytest

from transferkit.report.page import write
from transferkit.report.study_page import study_page
from transferkit.scaling.analysis import analyse

TEST = "unseen compositions"


@pytest.fixture
def folder(tmp_path, study_table):
    """Writes study.json of made-up points; options go to the table, ``change`` to the file."""

    def make(change=None, **options):
        told = {
            "name": "scaling",
            "question": "Does pre-training pay?",
            "abscissa": "compositions",
            "budget": "fixed steps: 120 steps",
            "treatment": ["Budget: fixed steps, 120 steps, at every size."],
            "planned": 50,
            "finished": 50,
            "missing": [],
            "notes": [],
            "points": [],
            "axes": {},
            "analysis": analyse(study_table(**options)),
        }
        (tmp_path / "study.json").write_text(json.dumps(told | (change or {}), allow_nan=False))
        return tmp_path

    return make


def text_of(folder):
    page = write(folder).read_text(encoding="utf-8")
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_the_page_says_what_was_asked_and_what_came_out(folder):
    text = text_of(folder(quantities=("energy", "forces")))
    for words in (
        "Does pre-training pay?",
        "2 curves, 5 sizes from 12 to 120 compositions and 5 chains",
        "50 of 50 points finished",
        "To match transfer at 120 compositions, scratch needs",
        "The laws meet at size",
        "Budget: fixed steps, 120 steps, at every size.",
        "at 10 times = 1,200",
        "20.0 meV/atom",
        "All points have finished.",
        "of the law on this test part",
    ):
        assert words in text


def test_the_criterion_stands_beside_both_forms_where_the_choice_matters(folder, study_table):
    table = study_table(transfer=(0.6, 0.9), noise=0.02)
    table["error"] += 0.02 * (table["curve"] == "transfer")
    for offset, there in ((None, True), (False, False)):
        text = text_of(folder({"analysis": analyse(table, offset=offset)}))
        assert ("Both forms, where choosing one moves b" in text) is there
        assert ("c stays where its one-sided lower bound at 95 % is above zero" in text) is there


def test_it_is_one_file_without_scripts(folder):
    page = write(folder()).read_text(encoding="utf-8")
    assert "<script" not in page
    assert not re.findall(r'(?:src|href)="(?!data:|#)', page)


def test_only_the_first_section_is_unfolded_and_energy_comes_first(folder):
    made = study_page(folder(quantities=("forces", "energy")))
    (test,) = made["tests"]
    assert [(s["name"], s["open"]) for s in test["sections"]] == [("Energy", True), ("Forces", False)]


def test_a_refused_fit_says_why_and_shows_no_empty_table(folder):
    text = text_of(folder(sizes=(67, 90, 120)))
    assert "No power law is fitted to transfer and scratch." in text
    assert "less than a decade" in text
    assert "Fits of error" not in text
    assert "Data factor:" not in text
    assert "Add sizes until they span a decade" in text


def test_a_crossing_without_an_upper_end_is_said_and_drawn(folder):
    text = text_of(folder(transfer=(0.15, 0.30), scratch=(0.3, 0.32), noise=0.05, chains=3))
    assert "no upper end" in text or "The slopes are not told apart" in text


def test_a_partial_study_names_what_is_missing(folder):
    missing = [{"point": "seed=4, 120 (abc)", "state": "failed", "why": "ValueError: <bad>"}]
    text = text_of(folder({"finished": 49, "missing": missing}))
    assert "A partial study:" in text
    assert "seed=4, 120 (abc) failed ValueError: &lt;bad&gt;" in text
    assert "1 point failed" in text
    assert "--output" in text


def test_a_study_with_no_finished_point_has_a_page(folder):
    text = text_of(folder({"finished": 0, "analysis": {"level": 0.95, "sections": []}}))
    assert "no point has finished" in text


def test_a_page_before_any_analysis_has_nothing_to_show_and_is_there(folder):
    assert "no point has finished" in text_of(folder({"analysis": None}))


def test_synthetic_labels_are_marked_at_the_top(folder):
    text = text_of(folder({"synthetic": True}))
    assert "they are no evidence" in text[: text.index("Question.")]


def test_a_curve_that_may_be_level_claims_no_crossing_at_the_top(folder):
    made = study_page(folder(scratch=(0.3, 0.0), noise=0.1))
    (answer,) = made["answers"]
    assert "holds zero" in answer
    assert "meet" not in answer


def test_lines_between_errors_have_a_section(folder):
    fit = {
        "slope": 0.7,
        "intercept": -0.5,
        "interval": {"pieces": [[0.5, None]]},
        "r2": 0.9,
        "method": "t interval over 2 chains",
    }
    points = [
        {"label": "12 compositions", "chain": 0, "x": 0.1, "y": 0.05},
        {"label": "120 compositions", "chain": 0, "x": 0.05, "y": 0.03},
    ]
    lines = [
        {"label": "cheap labels", "points": points, "fit": fit},
        {"label": "few", "points": points[:1], "fit": None, "refused": "One point."},
    ]
    told = {
        "title": "Fine-tuned against pre-trained",
        "quantity": "energy",
        "x": "pre-trained",
        "y": "fine-tuned",
        "lines": lines,
    }
    text = text_of(folder({"lines": [told]}))
    assert "0.700 [0.500, no end]" in text
    assert "not fitted: One point." in text
    assert "error fine-tuned (meV/atom)" in text
