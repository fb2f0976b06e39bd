import numpy as np
import pytest

from transferkit.data.convention import convert_convention
from transferkit.data.readers.json_layouts import read_json
from transferkit.errors import DataError


def test_the_convention_chooses_the_energy(layouts, tmp_path):
    path = layouts.write(tmp_path / "MPtrj.json", layouts.mptrj())
    raw = read_json(path, fidelity="PBE", label_convention="raw")
    assert raw.energy.tolist() == [-12.0]
    assert raw.read_as.entries["energy"] == {"uncorrected_total_energy": 1}
    assert (raw.id[0], raw.material_id[0]) == ("mp-1265-0-0", "mp-1265")
    assert raw.stress[0, 0].tolist() == pytest.approx((-np.array([10.0, 3.0, 2.0]) / 1602.1766208).tolist())
    assert raw.magmoms.tolist() == [0.5, 0.25]
    corrected = read_json(path, fidelity="PBE", label_convention="mp2020")
    assert corrected.energy.tolist() == [-12.687]
    # the file's own difference is what is undone
    assert convert_convention(corrected, "raw").energy.tolist() == pytest.approx([-12.0])


def test_energies_per_atom_stand_in_for_corrected_totals(layouts, tmp_path):
    path = layouts.write(tmp_path / "a.json", layouts.mptrj(corrected_total_energy=None))
    assert read_json(path, fidelity="PBE", label_convention="mp2020").energy.tolist() == pytest.approx([-12.687])


def test_a_set_without_corrections_has_none(layouts, tmp_path):
    path = layouts.write(
        tmp_path / "MPr2SCAN.json", layouts.mptrj(corrected_total_energy=None, energy_per_atom=-6.0, magmom=None)
    )
    data = read_json(path, fidelity="r2SCAN", label_convention="raw")
    assert not data.has("magmoms").any()
    assert "mp2020_correction" not in data.columns
    with pytest.raises(DataError, match="has raw energies, and mp2020 was asked for"):
        read_json(path, fidelity="r2SCAN", label_convention="mp2020")
