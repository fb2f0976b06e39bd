import pytest

from transferkit.report.figures.paired import paired
from transferkit.report.figures.style import BLUE, GREY, VERMILION, png


def row(method, difference, p, half=0.01):
    return {
        "method": method,
        "mean_difference": difference,
        "interval": [difference - half, difference + half],
        "p_holm": p,
    }


ROWS = [row("better", -0.05, 0.01), row("worse", 0.04, 0.001), row("alike", 0.02, 0.2)]


def squares(axes):
    return [line for line in axes.get_lines() if line.get_marker() == "s"]


def test_colours_say_what_the_test_says():
    axes = paired({"energy": ROWS}, labels={}, baseline="base").axes[0]
    assert [line.get_color() for line in squares(axes)] == [BLUE, VERMILION, GREY]
    assert [line.get_xdata()[0] for line in squares(axes)] == pytest.approx([-50.0, 40.0, 20.0])


def test_an_interval_across_zero_is_grey_whatever_the_test_says():
    rows = [row("a", -0.05, 0.001, half=0.06), row("b", 0.05, 0.001, half=0.06)]
    axes = paired({"energy": rows}, labels={}, baseline="base").axes[0]
    assert [line.get_color() for line in squares(axes)] == [GREY, GREY]


def test_a_method_keeps_its_row_in_every_panel():
    figure = paired({"energy": ROWS, "forces": ROWS[::-1]}, labels={"better": "Better"}, baseline="base")
    assert [line.get_ydata()[0] for line in squares(figure.axes[1])] == [2.0, 1.0, 0.0]
    assert [t.get_text() for t in figure.axes[0].get_yticklabels()] == ["Better", "worse", "alike"]


def test_wide_spans_keep_both_signs_and_small_differences_visible():
    axes = paired({"energy": [row("a", 20.0, 0.01), row("b", -0.002, 0.01)]}, labels={}, baseline="base").axes[0]
    assert axes.get_xscale() == "symlog"
    assert 0.0 in axes.get_xticks()
    assert paired({"energy": ROWS}, labels={}, baseline="base").axes[0].get_xscale() == "linear"


def test_missing_values_and_no_rows_can_be_drawn():
    empty = {"method": "a", "mean_difference": None, "interval": None, "p_holm": None}
    assert png(paired({"energy": [empty]}, labels={}, baseline="base"))
    assert png(paired({}, labels={}, baseline="base"))
