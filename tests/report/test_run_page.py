from transferkit.report.run_page import element_rows, error_rows, files_written


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


def test_files_are_listed_without_the_page_itself(tmp_path):
    (tmp_path / "index.html").write_text("x")
    (tmp_path / ".hidden").write_text("x")
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "a.bin").write_bytes(b"0" * 2048)
    (tmp_path / "b.json").write_bytes(b"0" * 512)
    assert files_written(tmp_path) == [["b.json", "1", "0.5"], ["model/", "1", "2.0"]]
