from transferkit.report.error_tables import (
    at_a_glance,
    chemistry_rows,
    element_rows,
    element_values,
    error_rows,
    worst_rows,
)


def test_interval_stands_beside_the_mean_absolute_error_only():
    metrics = {"energy": {"mae": 0.05, "rmse": 0.07, "mean_over_compositions": 0.06, "interval": [0.04, 0.06], "n": 3}}
    rows = {row[0]: row for row in error_rows(metrics, metrics)}
    assert rows["energy, mean over structures (meV/atom)"][2] == "50.0 [40.0, 60.0]"
    assert rows["energy, mean over compositions (meV/atom)"][2] == "60.0"
    assert rows["energy, root mean square (meV/atom)"][2] == "70.0"


def test_predicting_zero_means_nothing_for_energies():
    for row in error_rows(None, {"energy": {"mae": 0.1}}):
        assert (row[3] == "") == (row[0].startswith("energy") or "root mean square" in row[0])


def test_number_of_values_is_that_of_the_error():
    metrics = {"forces": {"n": 30, "n_free": 12}, "by_composition": {"A": {"energy": 0.1}, "B": {"energy": None}}}
    rows = {row[0].split(" (")[0]: row[-1] for row in error_rows(None, metrics)}
    assert rows["forces, mean over all components"] == "30"
    assert rows["forces, components that symmetry leaves free"] == "12"
    assert rows["energy, mean over compositions"] == "1"


def test_elements_are_in_order_of_atomic_number():
    test = {"final": {"by_element": {"Zr": {}, "H": {}, "O": {}}}, "step0": None}
    assert [row[0] for row in element_rows(test)] == ["H", "O", "Zr"]


def test_elements_know_their_training_compositions_where_these_were_stored():
    test = {"final": {"by_element": {"H": {"n_train": 12, "energy_mae": 0.1}, "O": {}}}, "step0": None}
    assert [row[2] for row in element_rows(test)] == ["12", "–"]
    assert element_values(test, "energy") == {"H": 0.1}


def test_chemistry_is_put_together_from_compositions_where_a_run_stored_none():
    table = {"MgO": {"energy": 0.1, "n": 2}, "CaO": {"energy": 0.3, "n": 1}, "AlSc": {"energy": 0.5, "n": 1}}
    rows = chemistry_rows({"step0": {"by_composition": table}, "final": {"by_composition": table}})
    assert [row[:3] for row in rows] == [["oxide", "2", "3"], ["intermetallic", "1", "1"]]
    assert rows[0][3].startswith("200 [")
    assert chemistry_rows({"final": {"by_chemistry": {}, "by_composition": table}}) == []
    assert chemistry_rows({}) == []


def test_worst_structures_keep_their_sign_and_round_off_is_zero():
    row = {"id": "a", "formula": "MgO", "n_atoms": 2, "energy": -0.0971, "energy_step0": 0.0346, "why": ["x", "y"]}
    assert worst_rows([row | {"forces": 3e-8}]) == [["a", "MgO", "2", "+34.6", "−97.1", "0.00", "x; y"]]
    assert worst_rows([{"id": "a", "energy": None}])[0][3:] == ["–", "–", "–", ""]


def test_the_glance_is_of_the_first_test_that_measured_anything():
    def stages(energy):
        return {"step0": {"energy": {"mae": 0.1}}, "final": {"energy": {"mae": energy}, "forces": None}}

    content = at_a_glance({"a": stages(None), "b": stages(0.05)})
    assert content == {
        "test": "b",
        "tiles": [{"name": "energy", "before": "100", "after": "50.0", "unit": "meV/atom"}],
    }
    assert at_a_glance({}) is None
