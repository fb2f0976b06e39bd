import pytest

from transferkit.report.told_apart import ALIKE, BETTER, LEVEL, RULE, WORSE, standing


@pytest.mark.parametrize(
    ("p", "interval", "where"),
    [
        (0.01, [-0.2, -0.1], BETTER),
        (0.01, [0.1, 0.2], WORSE),
        (0.01, [-0.1, 0.2], ALIKE),
        (0.01, [0.0, 0.2], ALIKE),
        (0.2, [0.1, 0.2], ALIKE),
        (LEVEL, [0.1, 0.2], ALIKE),
        (0.01, None, ALIKE),
        (0.01, [None, 0.2], ALIKE),
        (None, [0.1, 0.2], ALIKE),
    ],
)
def test_both_the_test_and_the_interval_are_needed(p, interval, where):
    assert standing({"p_holm": p, "interval": interval}) == where


def test_the_rule_in_words_names_both():
    assert "0.05" in RULE
    assert "excludes zero" in RULE
