import numpy as np

from transferkit.report.figures.distributions import distributions
from transferkit.report.figures.style import VERMILION, png


def test_every_structure_is_counted_and_the_ends_are_marked():
    numbers = [*np.linspace(0.0, 1.0, 100), 9.0]
    (axes,) = distributions({"force (eV/Å)": numbers}).axes
    assert sum(bar.get_height() for bar in axes.patches) == 101
    (marks,) = [line for line in axes.get_lines() if line.get_color() == VERMILION]
    assert max(marks.get_xdata()) == 9.0
    assert len(marks.get_xdata()) == 10


def test_what_cannot_be_negative_begins_at_zero():
    free, bound = distributions({"a": [5.0, 6.0], "b": [5.0, 6.0]}, positive=["b"]).axes
    assert min(bar.get_x() for bar in free.patches) == 5.0
    assert min(bar.get_x() for bar in bound.patches) == 0.0


def test_one_value_equal_values_and_none_can_be_drawn():
    assert png(distributions({"a": [1.0], "b": [2.0, 2.0], "c": []}))
    assert png(distributions({}))
