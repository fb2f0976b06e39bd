import pytest

from transferkit.report.study_sentences import answer, crossing_words, level, size_range, sizes_of


@pytest.mark.parametrize(
    ("crossing", "words"),
    [
        ({"size": 1000.0, "interval": [500.0, 2000.0]}, "from 500 to 2,000"),
        ({"size": 1000.0, "interval": [500.0, None]}, "unbounded to the right"),
        ({"size": 1000.0, "interval": [None, 2000.0]}, "unbounded to the left"),
        (
            {"size": None, "interval": [None, None]},
            "do not meet at a finite size; the interval is unbounded on both sides",
        ),
        ({"size": 1.0, "interval": [None, None], "says": "As the law says."}, "As the law says."),
    ],
)
def test_a_crossing_says_what_its_interval_leaves_open(crossing, words):
    assert words in crossing_words(crossing, "compositions")


def test_compositions_of_a_size_over_chains():
    curve = {"n_compositions": {"0": {"12": 8, "24": 9}, "1": {"12": 10}}}
    assert sizes_of(curve, 12) == [8, 10]
    assert size_range(sizes_of(curve, 12)) == "8 to 10"


@pytest.mark.parametrize(("interval", "flat"), [([-0.1, 0.2], True), ([0.1, 0.2], False), ([None, 0.2], True)])
def test_a_curve_is_level_where_its_exponent_may_be_zero(interval, flat):
    assert level({"fit": {"exponent_interval": interval}}) is flat


def test_the_answer_says_what_the_error_was_before_training():
    told = {"curve": "a", "sizes": [12], "mean": [0.05], "interval": [None], "step0": [0.049]}
    said = answer({"quantity": "energy", "test": "t", "curves": [told]}, "compositions")
    assert said == "Energy error on t: 50.0 meV/atom for a at 12 compositions (before training 49.0)."


def test_nothing_measured_gives_no_sentence():
    assert answer({"quantity": "energy", "test": "t", "curves": []}, "compositions") == ""
