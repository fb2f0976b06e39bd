from transferkit.report.beside_paper import beside_paper, ranking
from transferkit.report.paper import paper_a

RUNS = {
    "m1": {"strategy": {"kind": "from-scratch"}, "reference": {"policy": "refit", "trainable": False}},
    "m3": {"strategy": {"kind": "full"}, "reference": {"policy": "keep", "trainable": False}},
    "m4": {"strategy": {"kind": "full"}, "reference": {"policy": "refit", "trainable": False}},
    "other": {"strategy": {"kind": "full"}, "reference": {"policy": "residual", "trainable": False}},
}


def variants(**energies):
    return {
        name: {"label": name, "tests": {"t": {"final": {"energy": {"mean": e}, "forces": None, "stress": None}}}}
        for name, e in energies.items()
    }


def set_beside(**energies):
    return beside_paper(paper_a(), variants(**energies), RUNS, ["t"], steps=150)


def test_our_numbers_stand_in_the_row_of_their_method_in_shown_units():
    rows = {row["name"][:1]: row["cells"] for row in set_beside(m1=0.281, m3=0.888, m4=0.304, other=0.046)["rows"]}
    assert rows["4"] == ["17", "38", "0.167", "0.023", "304", "–", "–"]
    assert rows["2"][4:] == ["–", "–", "–"]
    assert rows["o"] == ["–", "–", "–", "–", "46.0", "–", "–"]


def test_order_is_computed_from_the_numbers():
    [same] = set_beside(m1=0.5, m3=0.4, m4=0.1, other=0.046)["orders"]
    assert "4 < 3 < 1 here" in same
    assert "is the same" in same
    [other] = set_beside(m1=0.281, m3=0.888, m4=0.304, other=0.046)["orders"]
    assert "1 < 4 < 3 here" in other
    assert "is not the same" in other


def test_either_order_meets_a_tie_of_the_paper():
    runs = {**RUNS, "m2": {"strategy": {"kind": "full"}, "reference": {"policy": "keep", "trainable": True}}}
    for m2, m3 in ((0.3, 0.4), (0.4, 0.3)):
        out = beside_paper(paper_a(), variants(m2=m2, m3=m3), {k: runs[k] for k in ("m2", "m3")}, ["t"], steps=1)
        assert "is the same" in out["orders"][0]


def test_differences_are_those_of_the_run():
    runs = {"m4": {**RUNS["m4"], "fidelity": "r2SCAN", "data": {"source": "here", "compositions": {"train": 121}}}}
    out = beside_paper(paper_a(), variants(m4=0.3), runs, ["t"], steps=150)
    said = " ".join(out["differences"])
    assert "121 compositions" in said
    assert "190,560 frames" in said
    assert "150 steps here, 50 epochs" in said


def test_nothing_is_set_beside_the_paper_where_no_method_is_the_same():
    assert beside_paper(paper_a(), variants(other=0.1), {"other": RUNS["other"]}, ["t"], steps=1) is None


def test_ranking_joins_equals():
    assert ranking({3: 1.0, 1: 1.0, 2: 0.5}) == "2 < 1 = 3"
