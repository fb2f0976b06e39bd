import pytest

from transferkit.report.harm import Harm, harm


def variant(label, before, after, name="energy", interval=(0.01, 0.2)):
    def entry(mean, **more):
        return {name: {"mean": mean, **more}}

    change = None if before is None or after is None else after - before
    stages = {"step0": entry(before), "final": entry(after), "change": entry(change, interval=interval)}
    return {"label": label, "tests": {"t": stages}}


def test_variants_above_their_own_start_are_named_by_property():
    found = harm(
        {
            "a": variant("A", 0.1, 0.2),
            "b": variant("B", 0.5, 0.3, interval=(-0.3, -0.1)),
            "c": variant("C", 0.105, 0.204, "forces"),
            "d": variant("D", 0.1, 0.15),
        },
        "t",
    )
    first = "energy error: “A” (100 to 200, change 100 [10, 200] meV/atom), “D” (100 to 150, change 50.0 [10.0, 200.0]"
    assert f"On t training did harm: {first}" in found.clear
    assert "leaves free: “C” (105 to 204, change 99.0 [10.0, 200.0] meV/Å)." in found.clear
    assert "B" not in found.clear
    assert (found.unclear, found.none) == ("", "")


@pytest.mark.parametrize(
    ("interval", "change"),
    [((-0.01, 0.2), ", change 20.0 [−10.0, 200.0]"), ((0.0, 0.2), ", change 20.0 [0.0, 200.0]"), (None, "")],
)
def test_a_rise_whose_interval_holds_zero_or_is_not_known_is_no_harm(interval, change):
    found = harm({"a": variant("A", 0.1, 0.12, interval=interval)}, "t")
    said = (
        f"On t higher than at step 0, but not told apart from chance: energy error: “A” (100 to 120{change} meV/atom)."
    )
    assert found == Harm(unclear=said)


def test_both_kinds_stand_apart():
    found = harm({"a": variant("A", 0.1, 0.2), "b": variant("B", 0.1, 0.11, interval=(-0.01, 0.03))}, "t")
    assert ("A" in found.clear, "“B”" in found.clear, "“A”" in found.unclear, "“B”" in found.unclear) == (
        True,
        False,
        False,
        True,
    )
    assert found.sentences == [found.clear, found.unclear]


def test_no_harm_is_said():
    said = Harm(none="On t no variant ended above its own step 0.")
    assert harm({"a": variant("A", 0.1, 0.1)}, "t") == said
    assert harm({"a": variant("A", 0.1, 0.1 + 1e-12)}, "t") == said


def test_nothing_is_said_of_what_was_not_measured():
    assert harm({"a": variant("A", None, 0.1), "b": {"tests": {}}}, "t").sentences == []
