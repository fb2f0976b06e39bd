import pytest

from transferkit.scaling import wording
from transferkit.scaling.bounds import Interval
from transferkit.units import GPA


@pytest.mark.parametrize(
    ("pieces", "text"),
    [
        (((1.0, 2.0),), "95 % interval 1 to 2"),
        (((None, 2.0),), "95 % interval up to 2, no lower end"),
        (((1.0, None),), "95 % interval from 1, no upper end"),
        (((None, None),), "95 % interval: no ends"),
        (((None, 1.0), (2.0, None)), "95 % interval: up to 1, or from 2, with nothing between"),
        ((), "95 % interval: none"),
    ],
)
def test_intervals_say_where_they_have_no_end(pieces, text):
    assert wording.interval(Interval(pieces, 0.95), wording.number) == text


@pytest.mark.parametrize(
    ("pieces", "text"),
    [
        (((20.0, 300.0),), "95 % interval 20 to 300"),
        (((0.2, 300.0),), "95 % interval up to 300, no lower end"),
        (((0.2, 0.5),), "95 % interval: below any size"),
        (((None, 0.5),), "95 % interval: below any size"),
        (((None, 0.5), (20.0, None)), "95 % interval from 20, no upper end, or below any size"),
        (((1e-4, 300.0),), "95 % interval: no useful bound, it spans more than 6 decades"),
        (((10.0, 9.9e6),), "95 % interval 10 to 9,900,000"),
        (((10.0, 1.1e7),), "95 % interval: no useful bound, it spans more than 6 decades"),
        ((), "95 % interval: none"),
    ],
)
def test_intervals_of_sizes_that_no_set_has_or_that_bound_nothing(pieces, text):
    assert wording.sizes(Interval(pieces, 0.95)) == text


def test_errors_are_printed_in_the_units_of_the_field():
    assert wording.error(0.02, "eV/atom") == "20 meV/atom"
    assert wording.error(0.1, "eV/Å") == "100 meV/Å"
    assert wording.error(0.5 * GPA, "eV/Å³") == "0.5 GPa"
    assert wording.error(0.02, "kcal/mol") == "0.02 kcal/mol"


def test_extrapolation_is_said():
    assert wording.beyond(99.0, 10.0, 100.0) == ""
    assert wording.beyond(5.0, 10.0, 100.0) == "2 times below your smallest size"
    assert wording.size(1e12) == "1e+12"
