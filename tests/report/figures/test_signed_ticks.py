import itertools

import pytest

from transferkit.report.figures.paired import paired
from transferkit.report.figures.signed_ticks import labels_of, signed_ticks
from transferkit.report.figures.style import canvas


def texts(axes):
    axes.get_figure().draw_without_rendering()
    ticks = [t for t in axes.xaxis.get_ticklabels() if t.get_text()]
    frame = axes.get_window_extent()
    return [t for t in ticks if frame.x0 - 1 <= sum(t.get_window_extent().intervalx) / 2 <= frame.x1 + 1]


@pytest.mark.parametrize(
    "differences",
    [
        (1e-6, -2e-4, 1e-3, -3e-5),
        (1e-6, -2e-6, 3e-6),
        (1e-7, -5e-9, 2e-8),
        (20.0, -0.002, 0.5),
        (300.0, -500.0),
        (-1e-4, -1e-6),
        (0.0, 0.0),
    ],
)
def test_labels_never_touch_at_any_range(differences):
    rows = [
        {
            "method": f"a variant with a long name {k}",
            "mean_difference": d,
            "interval": [0.6 * d, 1.4 * d],
            "p_holm": 1.0,
        }
        for k, d in enumerate(differences)
    ]
    figure = paired({"energy": rows, "forces": rows, "stress": rows}, labels={}, baseline="base")
    for axes in figure.axes:
        found = texts(axes)
        assert "0" in [t.get_text() for t in found]
        assert len(found) >= 2
        for left, right in itertools.pairwise(found):
            assert left.get_window_extent().x1 + 3 < right.get_window_extent().x0


def test_a_narrow_axis_has_fewer_ticks():
    wide, narrow = (canvas(width, 2.0).add_subplot() for width in (6.0, 1.6))
    for axes in (wide, narrow):
        axes.set_xscale("symlog", linthresh=1e-3)
        axes.set_xlim(-2.0, 2.0)
        signed_ticks(axes.xaxis, 1e-3)
    assert [t.get_text() for t in texts(wide)] == ["−1", "−0.1", "−0.01", "0", "0.01", "0.1", "1"]
    assert [t.get_text() for t in texts(narrow)] == ["−1", "0", "1"]


def test_one_axis_has_one_style():
    assert labels_of([-1e-3, 0.0, 10.0]) == ["−0.001", "0", "10"]
    assert labels_of([-1e-5, 0.0, 2.5e-4]) == ["−10⁻⁵", "0", "2.5·10⁻⁴"]
    assert labels_of([0.0]) == ["0"]
