import pytest

from transferkit.report.figures.comparison import comparison
from transferkit.report.figures.style import FINAL, STEP0, png
from transferkit.units import GPA


def entry(energy, stress=None):
    return {"energy": {"mean": energy, "interval": [0.5 * energy, 2 * energy]}, "forces": None, "stress": stress}


VARIANTS = {
    "a": {"label": "A $x$", "tests": {"t": {"step0": entry(0.8), "final": entry(0.3)}}},
    "b": {"label": None, "tests": {"t": {"step0": None, "final": entry(0.04, {"mean": GPA, "interval": None})}}},
}


def markers(axes, colour, marker):
    return [
        line.get_xdata()[0] for line in axes.get_lines() if (line.get_color(), line.get_marker()) == (colour, marker)
    ]


def test_points_are_in_shown_units():
    energy, stress = comparison(VARIANTS, "t").axes
    assert markers(energy, STEP0, "o") == pytest.approx([800.0])
    assert markers(energy, FINAL, "s") == pytest.approx([300.0, 40.0])
    assert markers(stress, FINAL, "s") == pytest.approx([1.0])


def test_intervals_are_lines():
    energy = comparison(VARIANTS, "t").axes[0]
    lines = [
        line.get_xdata() for line in energy.get_lines() if line.get_linestyle() == "-" and len(line.get_xdata()) == 2
    ]
    assert [list(x) for x in lines] == [pytest.approx(x) for x in ([400, 1600], [150, 600], [20, 80])]


def test_rows_have_labels_and_the_first_variant_is_on_top():
    axes = comparison(VARIANTS, "t").axes[0]
    assert [t.get_text() for t in axes.get_yticklabels()] == [r"A \$x\$", "b"]
    assert axes.get_ylim()[0] > axes.get_ylim()[1]


def test_another_test_and_no_variants_can_be_drawn():
    assert png(comparison(VARIANTS, "elsewhere"))
    assert png(comparison({}, "t"))
    assert png(comparison(VARIANTS, "t"))
