from transferkit.report.figures.element_errors import element_errors
from transferkit.report.figures.style import png


def test_errors_are_in_the_shown_unit_and_nan_is_blank():
    figure = element_errors({"O": 0.0441, "Mg": float("nan")}, "energy")
    texts = [t.get_text() for t in figure.axes[0].texts]
    assert "44" in texts
    assert not any("nan" in text for text in texts)


def test_zero_and_nothing_can_be_drawn():
    assert png(element_errors({"O": 0.0, "Mg": 0.0}, "forces"))
    assert png(element_errors({}, "forces"))
