import pytest

from transferkit.report.study_caveats import caveats


def section(chains=5, sizes=(12, 120), compositions=32):
    errors = {str(k): {str(n): 0.1 for n in sizes} for k in range(chains)}
    numbers = {str(k): {str(n): compositions for n in sizes} for k in range(chains)}
    curve = {"curve": "a", "sizes": list(sizes), "chains": errors, "n_compositions": numbers}
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
        ({}, {}, "All points are tested on the same structures"),
    ],
)
def test_caveats_follow_from_the_numbers(told, options, words):
    assert words in " ".join(caveats(told, [section(**options)], "compositions"))


def test_a_good_study_has_two_caveats_and_an_empty_one_none():
    assert len(caveats({}, [section()], "compositions")) == 2
    assert caveats({}, [], "compositions") == []
