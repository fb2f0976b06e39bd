import pytest

from transferkit.report.figures.diatomics import HIGHEST, LOWEST, diatomics
from transferkit.report.figures.style import FINAL, STEP0, png

CURVE = {
    "distance": [0.6, 0.9, 1.2, 2.0, 6.0],
    "before": [15.0, 3.0, 0.0, 4.0, 5.0],
    "after": [-300.0, 30.0, 0.0, 4.0, 5.0],
}


def test_before_and_after_differ_in_colour_and_line():
    axes = diatomics({"O": CURVE}, {"O": 1.2}).axes[0]
    first, last = axes.get_lines()[1:]
    assert [first.get_color(), last.get_color()] == [STEP0, FINAL]
    assert first.get_linestyle() != last.get_linestyle()
    assert last.get_ydata().tolist() == CURVE["after"]


def test_the_frame_holds_the_wall_and_the_bond_and_cuts_the_depths():
    axes = diatomics({"O": CURVE}, {"O": 1.2}).axes[0]
    assert axes.get_ylim() == (LOWEST, HIGHEST)
    assert axes.get_xlim() == pytest.approx((0.6, 2.4))


def test_panels_are_labelled_at_the_edge():
    figure = diatomics(dict.fromkeys(("H", "C", "N", "O", "F"), CURVE), dict.fromkeys("HCNOF", 1.2))
    assert [axes.get_title("left") for axes in figure.axes] == ["H", "C", "N", "O", "F"]
    assert [bool(axes.get_xlabel()) for axes in figure.axes] == [False, False, True, True, True]
    assert [bool(axes.get_ylabel()) for axes in figure.axes] == [True, False, False, True, False]


@pytest.mark.parametrize("curves", [{}, {"O": CURVE | {"before": None}}])
def test_nothing_and_nothing_before_can_be_drawn(curves):
    assert png(diatomics(curves, {"O": 1.2}))
