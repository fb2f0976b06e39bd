"""What a run and a comparison end with on the terminal."""

import json

import pytest

from transferkit.errors import RunFolderError
from transferkit.report.ending import ending, main_errors


def put(folder, **content):
    (folder / "result.json").write_text(json.dumps(content))
    return folder


def test_a_run_ends_with_its_energy_error_on_the_strictest_test(run_folder):
    errors = main_errors(run_folder(predictions=False))
    assert (errors["test"], errors["property"], errors["unit"]) == ("unseen compositions", "energy", "eV/atom")
    assert errors["rows"][""]["final"] == 0.0463
    (line,) = ending(errors)
    assert line.startswith("Energy error on unseen compositions, before and after training: 53.7, 46.3 [")


def test_a_comparison_ends_with_one_line_per_variant_by_its_label(comparison_folder):
    what, *lines = ending(main_errors(comparison_folder()))
    assert what == "Energy error on unseen compositions, before and after training:"
    assert [line.split("  ")[1] for line in lines] == [
        "from scratch",
        "trainable GGA reference",
        "frozen GGA reference",
        "refit",
        "residual",
        "residual, readout only",
    ]
    assert lines[4].endswith("44.2, 46.3 [39.4, 55.6] meV/atom")


def test_a_variant_without_a_measurement_has_a_dash(comparison_folder):
    def lose(told):
        for stage in told["variants"]["refit"]["tests"]["unseen compositions"].values():
            stage["energy"] = None

    assert ending(main_errors(comparison_folder(lose)))[4].endswith("–, – meV/atom")


def test_forces_stand_in_where_no_energy_was_measured(tmp_path):
    tests = {"t": {"step0": {"forces": {"free_mae": 0.2}}, "final": {"forces": {"free_mae": 0.1}}}}
    found = main_errors(put(tmp_path, tests=tests))
    assert (found["property"], found["rows"][""]["final"]) == ("forces", 0.1)
    assert ending(found)[0].endswith("before and after training: 200, 100 meV/Å")


def test_nothing_is_said_where_nothing_was_measured(tmp_path):
    assert main_errors(tmp_path) is None
    assert main_errors(put(tmp_path, tests={"t": {"step0": None, "final": {"energy": {"mae": None}}}})) is None
    assert main_errors(put(tmp_path, tests=None)) is None


def test_a_damaged_file_is_an_error(tmp_path):
    (tmp_path / "comparison.json").write_text("{")
    with pytest.raises(RunFolderError, match="not valid JSON"):
        main_errors(tmp_path)
