from transferkit.report.ordering import ordering, verdict


def variant(label, mean, interval=None):
    entry = None if mean is None else {"mean": mean, "interval": interval}
    return {"label": label, "tests": {"t": {"final": {"energy": entry, "forces": None, "stress": None}}}}


def test_order_follows_the_numbers():
    assert ordering({"a": variant("A", 0.3), "b": variant("B", 0.1), "c": variant("C", 0.2)}, "t") == [
        "On t the final energy error is lowest for B: 100 meV/atom; then C 200; A 300."
    ]


def test_overlap_of_the_first_two_is_said_only_where_it_is_so():
    near = ordering({"a": variant("A", 0.1, [0.05, 0.15]), "b": variant("B", 0.12, [0.1, 0.2])}, "t")
    far = ordering({"a": variant("A", 0.1, [0.05, 0.15]), "b": variant("B", 0.5, [0.4, 0.6])}, "t")
    assert "overlap" in near[0]
    assert "overlap" not in far[0]


def test_variant_without_a_number_is_left_out():
    assert "B" not in ordering({"a": variant("A", 0.1), "b": variant("B", None)}, "t")[0]
    assert ordering({"b": variant("B", None)}, "t") == []


def row(method, difference, p):
    return {"method": method, "mean_difference": difference, "p_holm": p}


def test_verdict_names_only_what_is_significant():
    text = verdict(
        "t", {"energy": [row("a", -0.1, 0.01), row("b", 0.2, 0.3)], "forces": [row("a", 0.2, 0.04)]}, {}, "base"
    )
    assert text.startswith("On t, 2 of 3 paired comparisons with base are significant")
    assert "a is better in energy" in text
    assert "a is worse in force" in text
    assert "b is" not in text


def test_verdict_without_significance_and_without_rows():
    assert verdict("t", {"energy": [row("a", 1.0, None)]}, {}, "base").endswith(
        "0 of 1 paired comparisons with base are significant at 0.05 after Holm (within each property)."
    )
    assert verdict("t", {"energy": []}, {}, "base") == ""
