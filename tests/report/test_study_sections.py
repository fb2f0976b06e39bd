import pytest

from transferkit.report.study_sections import refusals, section, target_cell
from transferkit.scaling.analysis import analyse


@pytest.fixture
def made(tmp_path, study_table):
    def make(**options):
        (told,) = analyse(study_table(**options))["sections"]
        return section(tmp_path, told, "compositions")

    return make


def test_points_are_in_shown_units_with_chains_and_compositions(made):
    rows = made()["points"]
    assert len(rows) == 10
    curve, size, final, step0, chains, compositions = rows[0]
    assert (curve, size, chains, compositions) == ("transfer", "12", "5", "32")
    assert float(step0) == pytest.approx(2 * float(final.split()[0]), rel=0.1)


def test_the_caption_speaks_of_what_is_drawn(made):
    caption = made()["picture"].caption
    assert "Bars: its interval over chains, on this test part." in caption
    assert "Lines: " in caption
    assert "Bands: their intervals, over chains, on this test part." in caption
    few = made(sizes=(12, 24))["picture"].caption
    assert "Large points" in few
    assert "Lines" not in few
    assert "Bands" not in few


def test_numbers_far_beyond_the_points_are_not_given(made):
    shown = made(scratch=(2.0, 0.3), noise=0.01)
    assert shown["factors"][-1][3] == "> 12,000"
    assert shown["factors"][-1][4] == "> 100 †"


def test_extrapolated_factors_are_marked(made):
    assert "†" in made()["factors"][-1][4]
    near = made(transfer=(0.30, 0.5), scratch=(0.42, 0.5), noise=0.01)["factors"]
    assert "†" not in near[0][4]


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ({"size": 480.0, "interval": [300.0, 900.0]}, "480 [300, 900]"),
        ({"size": 480.0, "interval": [300.0, 9e9]}, "480 [300, > 12,000]"),
        ({"size": 480.0, "interval": [None, None]}, "480 [no end, no end]"),
        ({"size": 48000.0, "interval": [300.0, None]}, "> 12,000"),
        ({"size": None, "interval": None, "reach": "below the floor"}, "below the floor"),
    ],
)
def test_sizes_for_targets(row, text):
    assert target_cell(row, 120.0) == text


def test_reasons_stand_once():
    contrast = {"transfer": "a", "scratch": "b", "refused": "no crossing."}
    assert refusals([{"curve": "a", "refused": "Too few."}, {"curve": "b", "refused": ""}], [contrast]) == [
        "No power law is fitted to a. Too few.",
        "a and b: no crossing.",
    ]


def test_both_forms_are_shown_where_choosing_one_moves_the_exponent(tmp_path, study_table):
    table = study_table(transfer=(0.6, 0.9), noise=0.02)
    table["error"] += 0.02 * (table["curve"] == "transfer")
    (told,) = analyse(table)["sections"]
    shown = section(tmp_path, told, "compositions")
    rows = [row for row in shown["forms"] if row[0] == "transfer"]
    assert [(row[1], row[4]) for row in rows] == [("a N^-b", ""), ("a N^-b + c", "chosen")]
    assert "(at most " in rows[1][3]
    assert rows[1][2] == next(row for row in shown["fits"] if row[0] == "transfer")[1]
    assert shown["methods"] == [told["curves"][0]["fit"]["method"]]
    (told,) = analyse(table, offset=False)["sections"]
    assert section(tmp_path, told, "compositions")["forms"] == []
