import pytest

from transferkit.evaluation.chemistry import ANIONS, CLASSES, ELECTRONEGATIVE, by_chemistry, chemistry, mean_over_runs


@pytest.mark.parametrize(
    ("formula", "kind"),
    [
        ("Fe2O3", "oxide"),
        ("LiO4P", "oxide"),
        ("BiClO", "oxide"),
        ("FOSc", "halide"),
        ("AgF", "halide"),
        ("Li3PS4", "chalcogenide"),
        ("Bi2Te3", "chalcogenide"),
        ("AsGa", "pnictide"),
        ("Bi2Mg3", "pnictide"),
        ("CTi", "boride, carbide or silicide"),
        ("NaH", "hydride"),
        ("H6LaNi5", "hydride"),
        ("AlSc", "intermetallic"),
        ("Si", "element"),
        ("N2", "element"),
        ("H2O", "non-metals only"),
        ("C2H6O", "non-metals only"),
    ],
)
def test_the_most_electronegative_element_decides(formula, kind):
    assert chemistry(formula) == kind


def test_every_anion_has_a_rank_and_every_class_a_place():
    assert set(ANIONS) == set(ELECTRONEGATIVE)
    assert len(ELECTRONEGATIVE) == len(set(ELECTRONEGATIVE))
    assert set(ANIONS.values()) < set(CLASSES)


def test_a_composition_counts_once_whatever_its_frames():
    table = {
        "MgO": {"energy": 0.1, "forces": 0.2, "free_forces": None, "stress": None, "n": 50},
        "CaO": {"energy": 0.3, "forces": None, "free_forces": None, "stress": 0.01, "n": 1},
    }
    found = by_chemistry(table)["oxide"]
    assert (found["energy"], found["forces"], found["free_forces"], found["stress"]) == (
        pytest.approx(0.2),
        0.2,
        None,
        0.01,
    )
    assert (found["n_compositions"], found["n"]) == (2, 51)
    assert 0.1 <= found["interval"][0] < found["interval"][1] <= 0.3


def test_one_composition_has_no_interval_and_nothing_gives_nothing():
    assert by_chemistry({"Si": {"energy": 0.1, "n": 2}})["element"]["interval"] is None
    assert by_chemistry({"Si": {"energy": None, "n": 2}})["element"]["energy"] is None
    assert by_chemistry({}) == {}


def test_runs_that_did_not_test_a_composition_do_not_count():
    tables = [
        {"MgO": {"energy": 0.1, "stress": None, "n": 1}},
        {"Si": {"energy": 0.5, "n": 4}},
        {"MgO": {"energy": 0.2}},
    ]
    merged = mean_over_runs(tables)
    assert merged["MgO"]["energy"] == pytest.approx(0.15)
    assert (merged["MgO"]["stress"], merged["MgO"]["n"], merged["Si"]["n"]) == (None, 1, 4)
    assert mean_over_runs([]) == {}
