import numpy as np
import pytest

from transferkit.data.readers.assemble import assemble
from transferkit.data.readers.matpes import element_frames, matpes_frames
from transferkit.errors import DataError

# 1 kbar = 0.1 GPa; the order of the file is xx yy zz yz xz xy, pressure positive
STRESS = -np.array([[10.0, 3.0, 2.0], [3.0, 20.0, 1.0], [2.0, 1.0, 30.0]]) / 1602.1766208


def joined(frames, fidelity="PBE"):
    return assemble(list(frames), fidelity=fidelity, label_convention="raw", source="set")


def test_units_signs_and_names(layouts):
    data = joined(matpes_frames(iter([("0", layouts.matpes())]), "PBE", "set"))
    assert data.energy.tolist() == [-12.0]
    assert np.allclose(data.stress[0], STRESS, atol=1e-12)
    assert data.forces[:, 0].tolist() == [0.1, -0.1]
    assert data.magmoms.tolist() == [0.5, 0.25]
    assert (data.id[0], data.material_id[0]) == ("matpes-0", "mp-1265")
    assert data.columns["bandgap"].tolist() == [4.5]
    assert data.columns["run_type"].tolist() == ["GGA"]


def test_labels_that_a_record_lacks_are_absent(layouts):
    record = layouts.matpes(forces=None, stress=None, structure=layouts.structure())
    data = joined(matpes_frames(iter([("0", record)]), "PBE", "set"))
    assert [bool(data.has(p)[0]) for p in ("energy", "forces", "stress", "magmoms")] == [True, False, False, False]


def test_another_functional_is_refused(layouts):
    with pytest.raises(DataError, match="set: record 7 is PBE, and r2SCAN was asked for"):
        joined(matpes_frames(iter([("7", layouts.matpes())]), "r2SCAN", "set"))
    with pytest.raises(DataError, match="record 0 has no energy"):
        joined(matpes_frames(iter([("0", layouts.matpes(energy=None))]), "PBE", "set"))


def test_elements_with_energies_per_atom(layouts):
    record = {"structure": [layouts.structure(("Fe", "Fe"), 2.8)] * 2, "energy_per_atom": [-8.0, -8.5]}
    data = joined(element_frames({"Fe": record}, "set"))
    assert data.energy.tolist() == [-16.0, -17.0]
    assert data.id.tolist() == ["Fe:0", "Fe:1"]
