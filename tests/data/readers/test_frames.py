import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.singlepoint import SinglePointCalculator
from ase.io import read as ase_read
from ase.io import write

from transferkit.data.readers import from_ase, to_ase
from transferkit.data.store import read_parquet, write_parquet
from transferkit.data.structures import concatenate
from transferkit.errors import DataError


def labelled(formula="MgO", *, sid=None, **results) -> Atoms:
    atoms = bulk(formula, "rocksalt", a=4.2)
    atoms.calc = SinglePointCalculator(atoms, **results)
    if sid:
        atoms.info["sid"] = sid
    return atoms


def test_labels_ids_and_columns():
    atoms = labelled(
        sid="one", energy=-12.0, free_energy=-12.1, forces=np.ones((2, 3)), stress=np.arange(6.0), magmoms=[-1.0, 2.0]
    )
    atoms.info |= {"material_id": "mp-1265", "gap": 4.5, "functional": "PBE", "mesh": np.array([3, 3, 3])}
    data = from_ase([atoms], fidelity="PBE", label_convention="mp2020")
    assert data.energy.tolist() == [-12.0]
    assert data.magmoms.tolist() == [1.0, 2.0]
    # Voigt is xx, yy, zz, yz, xz, xy
    assert data.stress[0].tolist() == [[0, 5, 4], [5, 1, 3], [4, 3, 2]]
    assert (data.id[0], data.material_id[0], data.label_convention) == ("one", "mp-1265", "mp2020")
    assert data.columns["free_energy"].tolist() == [-12.1]
    assert data.columns["gap"].tolist() == [4.5]
    assert data.columns["functional"].tolist() == ["PBE"]
    assert data.columns["mesh"].tolist() == [[3, 3, 3]]


def test_missing_names_fall_back_to_number_and_formula():
    data = from_ase(
        [labelled(energy=-1.0), labelled("NaCl", energy=-2.0)], fidelity="PBE", source="folder/file.extxyz.gz"
    )
    assert data.id.tolist() == ["file:0", "file:1"]
    assert data.material_id.tolist() == ["MgO", "ClNa"]


def test_keys_choose_labels_and_number_the_frames():
    frames = [labelled(energy=-1.0, sid="same"), labelled(energy=-2.0, sid="same")]
    for k, atoms in enumerate(frames):
        atoms.info["REF_energy"] = -10.0 - k
    data = from_ase(frames, fidelity="PBE", keys={"energy": "REF_energy", "id": ""})
    assert data.energy.tolist() == [-10.0, -11.0]
    assert data.id.tolist() == ["frame:0", "frame:1"]
    with pytest.raises(DataError, match="set: no frame has an entry 'REF_enrgy'"):
        from_ase(frames, fidelity="PBE", keys={"energy": "REF_enrgy"}, source="set")


def test_a_refusal_names_file_frame_and_id():
    bad = labelled(sid="bad")
    bad.calc.results = {"forces": np.zeros((3, 3))}  # past ASE's own look at the shapes
    with pytest.raises(DataError, match=r"set: frame 1 \(bad\): forces of the wrong shape"):
        from_ase([labelled(energy=-1.0), bad], fidelity="PBE", source="set")


def test_to_ase_and_back_through_extxyz(r2scan, tmp_path):
    part = r2scan[40:60].without("forces")
    write(tmp_path / "a.extxyz", to_ase(part))
    back = from_ase(ase_read(tmp_path / "a.extxyz", ":"), fidelity="r2SCAN")
    assert np.allclose(back.energy, part.energy, atol=1e-9)
    assert np.allclose(back.stress, part.stress, atol=1e-12)
    assert np.allclose(back.positions, part.positions, atol=1e-7)
    assert not back.has("forces").any()
    assert list(back.id) == list(part.id)
    assert list(back.material_id) == list(part.material_id)
    assert list(back.columns["prototype"]) == list(part.columns["prototype"])


def test_to_ase_and_back_in_memory_is_exact(r2scan):
    assert from_ase(to_ase(r2scan), fidelity="r2SCAN").hash == r2scan.hash


def test_an_asymmetric_stress_does_not_fit_into_ase(r2scan):
    stress = r2scan.stress[:1].copy()
    stress[0, 0, 1] += 0.1
    with pytest.raises(DataError, match=r"not symmetric by 0\.1"):
        to_ase(r2scan[:1].with_labels(stress=stress))


def test_which_entry_was_which_label_travels_with_the_data(tmp_path):
    frames = [labelled(sid="a", energy=-1.0, forces=np.ones((2, 3))), labelled(sid="b", energy=-2.0)]
    data = from_ase(frames, fidelity="PBE")
    assert data.read_as.entries == {"energy": {"energy": 2}, "forces": {"forces": 1}}
    assert data[:1].read_as == data.read_as
    back = read_parquet(write_parquet(data, tmp_path / "a.parquet"))
    assert back.read_as == data.read_as
    assert concatenate([data[:1], data[1:]]).read_as.entries["energy"] == {"energy": 4}


def test_lengths_are_converted():
    atoms = labelled(energy=-1.0, forces=np.ones((2, 3)))
    data = from_ase([atoms], fidelity="PBE", units={"length": "Bohr", "energy": "Ha", "forces": "Ha/Bohr"})
    assert np.allclose(data.cell[0], atoms.cell.array * 0.529177210903)
    assert np.allclose(data.positions, atoms.positions * 0.529177210903)
    assert data.energy[0] == pytest.approx(-27.211386)
    assert data.forces.max() == pytest.approx(51.42206747)


@pytest.mark.parametrize("key", ["functional", "xc"])
def test_a_frame_of_another_level_of_theory_is_refused(key):
    atoms = labelled(energy=-1.0)
    atoms.info[key] = "PBE"
    with pytest.raises(DataError, match=f"set: frame 0 says {key}=PBE, and its labels were asked for as r2SCAN"):
        from_ase([atoms], fidelity="r2SCAN", source="set")
    assert len(from_ase([atoms], fidelity="PBE+U")) == 1


@pytest.mark.parametrize(
    ("entry", "part"),
    [("pbe_energy", "'pbe_energy' is named after pbe"), ("formation_energy", "is formation by its name"),
     ("energy_per_atom", r"units=\{'energy': 'eV/atom'\}")],
)  # fmt: skip
def test_frames_with_other_energies_only_are_refused(entry, part):
    atoms = labelled()
    atoms.info[entry] = -1.0
    with pytest.raises(DataError, match=part):
        from_ase([atoms], fidelity="r2SCAN", source="set")


def test_broken_frames_can_be_taken_out():
    taken = []
    data = from_ase([labelled(energy=-1.0), labelled(energy=np.nan)], fidelity="PBE", taken=taken)
    assert (len(data), len(taken)) == (1, 1)
