import pytest

from transferkit.report.paper import method_of, paper_a


def test_table_is_that_of_the_paper():
    paper = paper_a()
    assert {m["id"]: m["errors"]["forces"] for m in paper["methods"]} == {1: 45, 2: 54, 3: 52, 4: 38}
    assert paper["doi"] == "10.1038/s41524-025-01796-y"
    assert set(paper["units"]) == {"energy", "forces", "stress", "magmoms"}


@pytest.mark.parametrize(
    ("kind", "policy", "trainable", "method"),
    [
        ("from-scratch", "refit", False, 1),
        ("full", "keep", True, 2),
        ("full", "keep", False, 3),
        ("full", "refit", False, 4),
        ("full", "residual", False, None),
        ("frozen", "refit", False, None),
        ("full", "refit", True, None),
    ],
)
def test_a_run_is_recognised_by_how_it_starts(kind, policy, trainable, method):
    run = {"strategy": {"kind": kind}, "reference": {"policy": policy, "trainable": trainable}}
    assert method_of(run, paper_a()) == method


def test_an_empty_result_is_none_of_them():
    assert method_of({}, paper_a()) is None
