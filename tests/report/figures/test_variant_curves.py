import pytest

from transferkit.report.figures.style import png
from transferkit.report.figures.variant_curves import variant_curves


def history(*errors):
    return [{"step": 10 * k, "valid": {"energy_mae": e, "forces_mae": None}} for k, e in enumerate(errors)]


def test_runs_of_a_variant_are_averaged_in_the_shown_unit():
    (axes,) = variant_curves({"A": [history(0.2, 0.1), history(0.4, 0.3)]}).axes
    (line,) = axes.get_lines()
    assert line.get_xdata().tolist() == [0.0, 10.0]
    assert line.get_ydata().tolist() == pytest.approx([300.0, 200.0])


def test_variants_differ_by_more_than_colour():
    figure = variant_curves({str(k): [history(0.2, 0.1 * k + 0.1)] for k in range(7)})
    looks = {(line.get_marker(), line.get_linestyle()) for line in figure.axes[0].get_lines()}
    assert len(looks) == 7


def test_a_run_without_errors_and_no_variants_can_be_drawn():
    assert png(variant_curves({"a$b": [[{"step": 0}]], "b": [history(0.1)]}))
    assert png(variant_curves({}))
