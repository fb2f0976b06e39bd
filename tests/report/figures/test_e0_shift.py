from transferkit.report.figures.e0_shift import e0_shift
from transferkit.report.figures.style import png


def texts(figure):
    return [t.get_text() for t in figure.axes[0].texts]


def test_values_are_written_and_undetermined_ones_in_brackets():
    said = texts(e0_shift({"O": -0.74, "Bi": -54.7, "La": -3.0, "U": 0.0}, undetermined=["La", "U"]))
    assert "−0.74" in said
    assert "−54.7" in said
    assert "(−3.00)" in said
    assert "0.00" not in said


def test_elements_that_are_not_in_the_data_are_white_and_blank():
    figure = e0_shift({"O": -0.74, "Mg": 0.0})
    coloured = [p for p in figure.axes[0].patches if p.get_facecolor() != (1.0, 1.0, 1.0, 1.0)]
    numbers = [text for text in texts(figure) if any(c.isdigit() for c in text)]
    assert sorted(numbers) == ["0.00", "−0.74"]
    assert len(coloured) == 2


def test_a_shift_of_zero_that_is_determined_is_written():
    assert "0.00" in texts(e0_shift({"O": 0.0, "Mg": 1.0}))


def test_an_undetermined_element_does_not_set_the_colour_scale():
    with_outlier = e0_shift({"O": -0.5, "La": -500.0}, undetermined=["La"]).axes[0].child_axes[0].get_xlim()
    without = e0_shift({"O": -0.5}).axes[0].child_axes[0].get_xlim()
    assert with_outlier == without


def test_nothing_but_zero_can_be_drawn():
    assert png(e0_shift({"O": 0.0}))
    assert png(e0_shift({}))
