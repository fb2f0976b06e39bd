"""Times with their bounds."""

import pytest

from transferkit.preview.span import LEAST, Span


def test_what_is_likely_lies_between_the_bounds():
    span = Span.of([1.0, 1.2, 5.0], [10, 10, 10])
    assert (span.low, span.likely, span.high) == (pytest.approx(0.1), pytest.approx(0.12), pytest.approx(0.5))


def test_the_bounds_never_meet():
    span = Span.of([1.0, 1.0], [1, 1])
    assert span.low == pytest.approx(1 - LEAST)
    assert span.high == pytest.approx(1 + LEAST)


def test_sums_and_products():
    assert Span(1, 2, 3) + Span(1, 1, 1) == Span(2, 3, 4)
    assert Span(1, 2, 3) * 2 == Span(2, 4, 6)
    assert Span.sum([]) == Span(0, 0, 0)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.004, "4.0 ms"), (1.0, "1.0 s"), (90, "1.5 min"), (5400, "1.5 h"), (200_000, "2.3 days"), (0, "0.0 ms")],
)
def test_units_for_people(seconds, words):
    assert str(Span.exactly(seconds)).startswith(f"{words} (")


def test_json_has_three_digits():
    assert Span(1.23456, 2.0, 1234.5).to_json() == {"low": 1.23, "likely": 2.0, "high": 1230.0}
