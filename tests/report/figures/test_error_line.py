import pytest

from transferkit.report.figures.error_line import error_line


def test_points_line_and_diagonal_are_in_shown_units():
    points = [{"x": 0.1, "y": 0.1}, {"x": 0.2, "y": 0.15}]
    axes = error_line(
        [{"label": "a", "points": points, "fit": {"slope": 1.0, "intercept": 0.0}}], "forces", x="one", y="two"
    ).axes[0]
    marks, line, diagonal = axes.get_lines()
    assert list(marks.get_xdata()) == [100.0, 200.0]
    assert line.get_ydata() == pytest.approx(line.get_xdata())
    assert list(diagonal.get_xdata()) == list(diagonal.get_ydata())
    assert axes.get_xlabel() == "force MAE, one (meV/Å)"


def test_nothing_to_draw_is_an_empty_figure():
    assert not error_line([], "energy", x="one", y="two").axes[0].has_data()
