import pytest

from transferkit.report.study_caveats import caveats


def section(chains=5, sizes=(12, 120), compositions=32, **more):
    errors = {str(k): {str(n): 0.1 for n in sizes} for k in range(chains)}
    numbers = {str(k): {str(n): compositions for n in sizes} for k in range(chains)}
    curve = {"curve": "a", "sizes": list(sizes), "chains": errors, "n_compositions": numbers, **more}
    return {"quantity": "energy", "test": "unseen compositions", "curves": [curve]}


@pytest.mark.parametrize(
    ("told", "options", "words"),
    [
        ({}, {"chains": 1}, "one chain"),
        ({}, {"chains": 3}, "3 chains: intervals are wide"),
        ({}, {"sizes": (67, 120)}, "Below a decade"),
        ({}, {"compositions": 8}, "means over 8 compositions only"),
        ({"pool": 121}, {}, "99 % of the 121 compositions"),
        ({"planned": 10, "missing": [{}]}, {}, "1 point of 10 had not finished"),
        ({"notes": ["t, energy: 8 of 9 count"]}, {}, "T, energy: 8 of 9 count."),
        ({}, {}, "do not hold the chance in choosing that test part"),
        ({}, {"fit": {"chains": 5, "compositions": 32}}, "Intervals of laws hold the chance in choosing these"),
        ({}, {"fit": {"chains": 2, "compositions": 0}}, "2 chains: intervals are wide"),
        ({}, {"mean": [0.2, 0.1], "step0": [0.2, 0.105]}, "training lowered the error of a by less than 10 %"),
        ({}, {"fit": {"chains": 5}, "waiting": ["3", "4"]}, "left out of the fits (a: 3, 4)"),
        ({"points": [{"parts": "x"}, {"parts": "y"}]}, {}, "Not all points have the same data and division"),
    ],
)
def test_caveats_follow_from_the_numbers(told, options, words):
    assert words in " ".join(caveats(told, [section(**options)], "compositions"))


def test_a_good_study_has_two_caveats_and_an_empty_one_none():
    assert len(caveats({}, [section()], "compositions")) == 2
    assert caveats({}, [], "compositions") == []
