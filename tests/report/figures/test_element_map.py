import pytest
from matplotlib.colors import Normalize, to_rgb

from transferkit.report.figures.element_map import element_map, logarithmic, readable
from transferkit.report.figures.periodic_table import POSITIONS
from transferkit.report.figures.style import png


def texts(figure):
    return [t.get_text() for t in figure.axes[0].texts]


def bar(figure):
    return figure.axes[0].child_axes[0]


def draw(values, **more):
    return element_map(values, label="errors (meV)", write="{:.0f}".format, **more)


def test_every_element_has_its_cell_and_those_with_a_value_show_it():
    figure = draw({"O": 12.0, "Mg": 3.0})
    assert len(figure.axes[0].patches) == len(POSITIONS)
    assert sorted(text for text in texts(figure) if text.isdigit()) == ["12", "3"]
    coloured = [p for p in figure.axes[0].patches if p.get_facecolor() != (1.0, 1.0, 1.0, 1.0)]
    assert len(coloured) == 2
    assert bar(figure).get_xlabel() == "errors (meV)"


def test_all_89_elements_one_element_and_none_can_be_drawn():
    assert png(draw({symbol: float(n + 1) for n, symbol in enumerate(list(POSITIONS)[:89])}))
    assert png(draw({"O": 0.0}))
    assert png(draw({}))


def test_what_is_aside_is_in_brackets_and_sets_no_colour():
    figure = draw({"O": 10.0, "U": 9e9, "La": 0.0}, aside=["U", "La"])
    assert "(9000000000)" in texts(figure)
    assert "(0)" not in texts(figure)
    assert bar(figure).get_xlim()[1] == pytest.approx(20.0)


def test_the_scale_spans_three_decades_at_most_and_a_factor_of_two_at_least():
    assert (logarithmic([1e-12, 100.0]).vmin, logarithmic([1e-12, 100.0]).vmax) == (0.1, 100.0)
    assert logarithmic([5.0]).vmax == 10.0
    assert logarithmic([]).vmin == 1.0


def test_ticks_are_round_numbers_within_the_scale():
    ticks = bar(draw({"O": 9.0, "Mg": 130.0})).get_xticks()
    assert list(ticks) == [10, 20, 50, 100]
    assert list(bar(draw({"O": 1.0}, norm=Normalize(0.0, 2.0), ticks=[0, 1, 2])).get_xticks()) == [0, 1, 2]


@pytest.mark.parametrize("colour", ["#ffffff", "#ffffcc", "#225ea8", "#081d58", "#67001f", "#7fcdbb"])
def test_ink_contrasts_with_every_cell_by_the_wcag_limit(colour):
    def luminance(rgb):
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb]
        return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    cell, ink = luminance(to_rgb(colour)), 1.0 if readable(to_rgb(colour)) == "white" else 0.0
    low, high = sorted((cell, ink))
    assert (high + 0.05) / (low + 0.05) >= 4.5
