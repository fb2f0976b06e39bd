from transferkit.report.figures.element_counts import element_counts
from transferkit.report.figures.style import png


def test_counts_are_written_and_large_ones_shortened():
    texts = [t.get_text() for t in element_counts({"O": 1200, "H": 45_678, "C": 3}, of="structures").axes[0].texts]
    assert {"1,200", "46k", "3"} <= set(texts)


def test_nothing_can_be_drawn():
    assert png(element_counts({}, of="structures"))
