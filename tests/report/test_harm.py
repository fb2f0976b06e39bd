from transferkit.report.harm import harm


def variant(label, before, after, name="energy"):
    return {"label": label, "tests": {"t": {"step0": {name: {"mean": before}}, "final": {name: {"mean": after}}}}}


def test_variants_above_their_own_start_are_named_by_property():
    text = harm(
        {
            "a": variant("A", 0.1, 0.2),
            "b": variant("B", 0.5, 0.3),
            "c": variant("C", 0.105, 0.204, "forces"),
            "d": variant("D", 0.1, 0.15),
        },
        "t",
    )
    assert "energy error: “A” (100 to 200 meV/atom), “D” (100 to 150 meV/atom); force error over components" in text
    assert "leaves free: “C” (105 to 204 meV/Å)." in text
    assert "B" not in text


def test_no_harm_is_said():
    said = "On t no variant ended above its own step 0."
    assert harm({"a": variant("A", 0.1, 0.1)}, "t") == said
    assert harm({"a": variant("A", 0.1, 0.1 + 1e-12)}, "t") == said


def test_nothing_is_said_of_what_was_not_measured():
    assert harm({"a": variant("A", None, 0.1), "b": {"tests": {}}}, "t") == ""
