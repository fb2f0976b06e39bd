import numpy as np
import pytest

from transferkit.data.readers.json_layouts import read_json
from transferkit.errors import DataError


def test_one_frame_per_distance(layouts, tmp_path):
    path = layouts.write(tmp_path / "curves.json.gz", layouts.diatomics(), packed=True)
    data = read_json(path, fidelity="r2scan", label_convention="raw")
    assert data.energy.tolist() == [-15.0, -16.0]
    assert np.allclose(data.positions[1] - data.positions[0], [1.0, 0, 0])
    assert data.forces[:2, 0].tolist() == [-1.0, 1.0]
    assert data.has("magmoms").tolist() == [True, False]
    assert data.magmoms[:2].tolist() == [1.0, 1.0]
    # the same distance has the same id in both functionals
    assert data.id.tolist() == read_json(path, fidelity="PBE", label_convention="raw").id.tolist()


def test_other_functionals_and_pairs_are_refused(layouts, tmp_path):
    path = layouts.write(tmp_path / "curves.json", layouts.diatomics())
    with pytest.raises(DataError, match=r"has no curves of 'SCAN'\. Did you mean 'r2SCAN'"):
        read_json(path, fidelity="SCAN", label_convention="raw")
    content = {"PBE": {"oxygen": layouts.diatomics()["PBE"]["O-O"]}}
    with pytest.raises(DataError, match="'oxygen' is no pair of elements"):
        read_json(layouts.write(path, content), fidelity="PBE", label_convention="raw")
