"""The script that makes synthetic labels gives the same file twice, and says "synthetic" wherever a reader could look."""

import importlib.util
import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest

import transferkit as tk

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "data" / "teacher.py"


@pytest.fixture(scope="module")
def teacher():
    spec = importlib.util.spec_from_file_location("teacher", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def shared(teacher):
    folder = os.environ.get("TRANSFERKIT_SHARED", "")
    if not folder or not (Path(folder) / teacher.SOURCE).exists():
        pytest.skip(f"TRANSFERKIT_SHARED does not name a folder with {teacher.SOURCE}")
    return Path(folder)


def cells(teacher, n, **options):
    data = tk.bundled("gpaw-pbe-r2scan", fidelity="PBE")[:n]
    return teacher.rattled(data, **{"copies": 2, "displacement": 0.05, "strain": 0.01, "seed": 0} | options)


def test_the_same_seed_gives_the_same_cells_and_another_seed_others(teacher):
    first, again, other = cells(teacher, 3), cells(teacher, 3), cells(teacher, 3, seed=1)
    assert np.array_equal(first.positions, again.positions)
    assert np.array_equal(first.cell, again.cell)
    assert not np.allclose(first.positions, other.positions)
    assert len(set(first.id)) == len(first) == 6


def test_copies_differ_and_a_cell_does_not_depend_on_those_after_it(teacher):
    few, more = cells(teacher, 2), cells(teacher, 3)
    assert np.array_equal(few.positions[: few.offsets[2]], more.positions[: more.offsets[2]])
    assert not np.allclose(few.cell[:2], few.cell[2:])


def test_strain_alone_keeps_fractional_positions(teacher):
    data = tk.bundled("gpaw-pbe-r2scan", fidelity="PBE")[:3]
    strained = cells(teacher, 3, copies=1, displacement=0.0)
    for before, after in zip(data, strained, strict=True):
        inside = np.asarray(before.positions) @ np.linalg.inv(before.cell)
        assert np.allclose(inside @ np.asarray(after.cell), after.positions, atol=1e-6)
        assert not np.allclose(before.cell, after.cell)


def test_small_cells_of_known_elements_are_chosen(teacher):
    data = tk.bundled("gpaw-pbe-r2scan", fidelity="PBE")
    chosen = teacher.small_cells(data, most=2, elements=frozenset({11, 12, 8, 9, 17}))
    assert 0 < len(chosen) < len(data)
    assert chosen.n_atoms.max() <= 2
    assert set(chosen.elements.tolist()) <= {11, 12, 8, 9, 17}


@pytest.mark.shared
def test_two_runs_give_the_same_labels_to_the_last_bit(teacher, shared, tmp_path, monkeypatch):
    for name in ("first", "second"):
        arguments = [str(tmp_path / name), "--shared", str(shared), "--cells", "3", "--rattles", "1", "--largest", "4"]
        monkeypatch.setattr(sys, "argv", ["teacher.py", *arguments])
        teacher.main()
    first, second = ({p.name: p.read_bytes() for p in (tmp_path / n).iterdir()} for n in ("first", "second"))
    assert first == second
    card = json.loads(first["synthetic-card.json"])
    assert card["synthetic"]
    assert "no evidence" in card["warning"]
    found = [
        tk.read(tmp_path / "first" / f"{name}.parquet", fidelity=fidelity)
        for name, (_, fidelity) in teacher.TEACHERS.items()
    ]
    assert all(data.fidelity.startswith("synthetic-") and len(data) == 3 for data in found)
    assert np.array_equal(found[0].positions, found[1].positions)
    assert not np.allclose(found[0].energy, found[1].energy, atol=1e-2)


def test_without_the_shared_folder_it_says_what_to_name(teacher, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["teacher.py", str(tmp_path / "out"), "--shared", str(tmp_path)])
    with pytest.raises(SystemExit, match="name the folder with --shared"):
        teacher.main()
