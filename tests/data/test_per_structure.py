import json

import numpy as np
import pytest
from ase import Atoms

from transferkit.data.per_structure import per_structure
from transferkit.data.readers import from_ase
from transferkit.data.referenced import referenced
from transferkit.data.structures import concatenate


def test_numbers_and_units(r2scan):
    found = per_structure(r2scan, referenced(r2scan))
    assert {len(v) for v in found.values()} == {367}
    s = 40
    rows = slice(r2scan.offsets[s], r2scan.offsets[s + 1])
    assert found["id"][s] == r2scan.id[s]
    assert found["formula"][s] == r2scan.composition[s]
    assert found["max_force"][s] == pytest.approx(np.linalg.norm(r2scan.forces[rows], axis=1).max())
    assert found["rms_force"][s] == pytest.approx(np.sqrt((r2scan.forces[rows] ** 2).mean()))
    assert found["pressure"][s] == pytest.approx(-np.trace(r2scan.stress[s]) / 3 * 160.21766208)
    assert found["max_stress"][s] == pytest.approx(np.abs(r2scan.stress[s]).max() * 160.21766208)
    assert found["volume_per_atom"][s] == pytest.approx(r2scan.volume[s] / r2scan.n_atoms[s])
    assert np.std(found["referenced_energy"]) < 0.4


def test_a_compressed_cell_has_a_positive_pressure(r2scan):
    found = per_structure(r2scan, referenced(r2scan))
    squeezed = next(s for s, i in enumerate(r2scan.id) if "vol-0.0" in str(i) and found["max_force"][s] < 0.1)
    assert found["pressure"][squeezed] > 1.0


def test_what_is_absent_is_null(r2scan):
    molecule = from_ase([Atoms("H2", positions=[[0, 0, 0], [0, 0, 0.7]], info={"id": "H2"})], fidelity=r2scan.fidelity)
    data = concatenate([r2scan[:2].without("stress"), molecule])
    found = per_structure(data, referenced(data))
    assert found["volume_per_atom"][2] is None
    assert found["max_force"][2] is None
    assert found["referenced_energy"][2] is None
    assert found["pressure"] == found["max_stress"] == [None, None, None]
    json.dumps(found, allow_nan=False)
