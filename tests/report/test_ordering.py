from transferkit.report.ordering import indicative, ordering, verdict


def variant(label, mean, interval=None):
    entry = None if mean is None else {"mean": mean, "interval": interval}
    return {"label": label, "tests": {"t": {"final": {"energy": entry, "forces": None, "stress": None}}}}


def test_lowest_follows_the_numbers():
    three = {"a": variant("A", 0.3), "b": variant("B", 0.1), "c": variant("C", 0.2)}
    assert ordering(three, "t", baseline="a") == ["On t the final energy error is lowest for B: 100 meV/atom."]


def test_start_of_the_baseline_is_added_where_it_was_measured():
    two = {"a": variant("A", 0.3), "b": variant("B", 0.1)}
    two["a"]["tests"]["t"]["step0"] = {"energy": {"mean": 0.4, "interval": [0.3, 0.5]}}
    [text] = ordering(two, "t", baseline="a")
    assert text.endswith(": 100 meV/atom. Before training the baseline (A) was at 400 [300, 500] meV/atom.")
    assert "Before" not in ordering(two, "t", baseline="b")[0]


def test_overlap_of_the_first_two_is_said_only_where_it_is_so():
    near = ordering({"a": variant("A", 0.1, [0.05, 0.15]), "b": variant("B", 0.12, [0.1, 0.2])}, "t", baseline="a")
    far = ordering({"a": variant("A", 0.1, [0.05, 0.15]), "b": variant("B", 0.5, [0.4, 0.6])}, "t", baseline="a")
    assert near[0].endswith(" The interval of the next (B) overlaps.")
    assert "overlap" not in far[0]


def test_variant_without_a_number_is_left_out():
    assert "B" not in ordering({"a": variant("A", 0.1), "b": variant("B", None)}, "t", baseline="a")[0]
    assert ordering({"b": variant("B", None)}, "t", baseline="b") == []


def row(method, difference, p, width=0.5):
    ends = sorted([difference * (1 - width), difference * (1 + width)])
    return {"method": method, "mean_difference": difference, "interval": ends, "p_holm": p}


def test_verdict_names_what_is_told_apart_and_what_is_not():
    text, rest = verdict(
        "t",
        {"energy": [row("a", -0.1, 0.01), row("b", 0.2, 0.3)], "forces": [row("a", 0.2, 0.04), row("b, c", 0.2, 0.9)]},
        {"b": "B"},
        "base",
    )
    assert text.startswith("On t, 2 of 4 paired comparisons tell a variant apart from the baseline (base): ")
    assert "a is better in energy" in text
    assert "a is worse in force" in text
    assert "B" not in text
    assert rest == "On t, not told apart from the baseline: in energy “B”; in force “b, c”."


def test_a_small_p_with_an_interval_across_zero_is_no_verdict():
    text, rest = verdict("t", {"energy": [row("a", -0.1, 0.001, width=2)]}, {}, "base")
    assert text == "On t, 0 of 1 paired comparisons tell a variant apart from the baseline (base)."
    assert rest.endswith("in energy “a”.")


def test_verdict_without_anything_left_and_without_rows():
    assert len(verdict("t", {"energy": [row("a", 1.0, 0.01)]}, {}, "base")) == 1
    assert verdict("t", {"energy": []}, {}, "base") == []


def test_forces_are_named_by_their_components():
    three = {"a": {"label": "A", "tests": {"t": {"final": {"forces": {"mean": 0.1}}}}}}
    [text] = ordering(three, "t", baseline="a")
    assert text.startswith("On t the final force error over components that symmetry leaves free is lowest for A")


def claims(claim, seeds):
    return {"energy": [{"claim": True, "seeds_per_composition": 5}, {"claim": claim, "seeds_per_composition": seeds}]}


def test_only_tests_that_claim_nothing_are_called_indicative():
    text = indicative({"a": claims(claim=True, seeds=5), "b": claims(claim=False, seeds=2)})
    assert text == "a claim about an ordering needs 5 seeds for every composition; on b the fewest are 2."
    assert indicative({"a": claims(claim=True, seeds=5)}) == ""


def test_comparisons_without_counted_seeds_or_without_rows_claim_nothing():
    assert "on a their number was not stored" in indicative({"a": {"energy": [{"claim": True}]}})
    assert "on a nothing is paired" in indicative({"a": {"energy": []}})
