import pytest

from transferkit.report.figures.policies import policies
from transferkit.report.figures.style import BLUE, GREY, png

ROWS = [
    {"policy": "residual", "mean": 0.058, "median": 0.042},
    {"policy": "refit", "mean": 0.61, "median": 0.60},
    {"policy": "difference", "mean": None, "median": None},
]


def test_means_are_in_mev_per_atom_and_what_does_not_apply_is_left_out():
    axes = policies(ROWS, chosen="residual").axes[0]
    squares = [line for line in axes.get_lines() if line.get_marker() == "s"]
    assert [line.get_xdata()[0] for line in squares] == pytest.approx([58.0, 610.0])
    assert [t.get_text() for t in axes.get_yticklabels()] == ["residual", "refit"]


def test_the_chosen_policy_stands_out():
    axes = policies(ROWS, chosen="refit").axes[0]
    assert [line.get_color() for line in axes.get_lines() if line.get_marker() == "s"] == [GREY, BLUE]


def test_axis_is_logarithmic_with_its_unit():
    axes = policies(ROWS, chosen="residual").axes[0]
    assert axes.get_xscale() == "log"
    assert "meV/atom" in axes.get_xlabel()


def test_one_row_without_a_median_can_be_drawn():
    assert png(policies([{"policy": "keep", "mean": 21.0, "median": None}], chosen="keep"))
