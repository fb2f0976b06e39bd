import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.singlepoint import SinglePointCalculator
from ase.io import read as ase_read
from ase.io import write

from transferkit.data.readers import from_ase, to_ase
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


def test_one_frame_without_energy_keeps_its_place():
    data = from_ase([labelled(energy=-1.0), labelled(forces=np.zeros((2, 3)))], fidelity="PBE")
    assert data.has("energy").tolist() == [True, False]
    assert data.has("forces").tolist() == [False, True]
    assert np.isnan(data.energy[1])


def test_columns_with_holes():
    frames = [labelled(energy=-1.0) for _ in range(3)]
    frames[0].info |= {"gap": 1, "note": "x", "ragged": np.ones(2)}
    frames[1].info |= {"ragged": np.ones(3)}
    data = from_ase(frames, fidelity="PBE")
    assert np.array_equal(data.columns["gap"], [1, np.nan, np.nan], equal_nan=True)
    assert data.columns["note"].tolist() == ["x", "", ""]
    assert "ragged" not in data.columns


@pytest.mark.parametrize("key", ["REF_energy", "dft_energy", "energy", "mtt::r2scan_energy", "DFT_total_energy"])
def test_energies_by_common_names(key):
    atoms = bulk("MgO", "rocksalt", a=4.2)
    atoms.info[key] = -11.5
    assert from_ase([atoms], fidelity="PBE").energy.tolist() == [-11.5]


@pytest.mark.parametrize("key", ["free_energy", "formation_energy", "energy_per_atom", "fermi_energy", "cutoff_energy"])
def test_other_energies_are_not_taken(key):
    atoms = bulk("MgO", "rocksalt", a=4.2)
    atoms.info[key] = -11.5
    data = from_ase([atoms], fidelity="PBE")
    assert not data.has("energy").any()
    assert data.columns[key].tolist() == [-11.5]


def test_two_energies_that_differ_are_refused_by_name():
    atoms = labelled(energy=-12.0)
    atoms.info["REF_energy"] = -11.0
    with pytest.raises(DataError) as caught:
        from_ase([atoms], fidelity="PBE", source="data")
    for part in ("data: frame 0", "energy=-12", "REF_energy=-11", "keys={'energy': "):
        assert part in str(caught.value)
    assert from_ase([atoms], fidelity="PBE", keys={"energy": "REF_energy"}).energy.tolist() == [-11.0]


def test_two_energies_that_agree_are_one():
    atoms = labelled(energy=-12.0)
    atoms.info["REF_energy"] = -12.0
    assert from_ase([atoms], fidelity="PBE").energy.tolist() == [-12.0]


def test_keys_choose_forces_and_leave_labels_out():
    atoms = labelled(energy=-12.0, forces=np.zeros((2, 3)))
    atoms.arrays["hse_forces"] = np.ones((2, 3))
    with pytest.raises(DataError, match="could be the forces"):
        from_ase([atoms], fidelity="PBE")
    assert from_ase([atoms], fidelity="PBE", keys={"forces": "hse_forces"}).forces.max() == 1
    assert not from_ase([atoms], fidelity="PBE", keys={"forces": ""}).has("forces").any()


def test_a_misspelt_key_names_the_nearest():
    atoms = labelled()
    atoms.info["REF_energy"] = -1.0
    with pytest.raises(DataError, match=r"no frame has an entry 'REF_enrgy'.*Did you mean 'REF_energy'"):
        from_ase([atoms], fidelity="PBE", keys={"energy": "REF_enrgy"})


@pytest.mark.parametrize("shape", [(3, 3), (9,), (6,)])
def test_three_shapes_of_stress(shape):
    atoms = bulk("MgO", "rocksalt", a=4.2)
    tensor = np.array([[1.0, 0.1, 0.2], [0.1, 2.0, 0.3], [0.2, 0.3, 3.0]])
    atoms.info["REF_stress"] = np.array([1, 2, 3, 0.3, 0.2, 0.1]) if shape == (6,) else tensor.reshape(shape)
    assert np.allclose(from_ase([atoms], fidelity="PBE").stress[0], tensor)


def test_a_stress_of_another_shape_is_refused():
    atoms = bulk("MgO", "rocksalt", a=4.2)
    atoms.info["stress"] = np.ones(4)
    with pytest.raises(DataError, match=r"stress has shape \(4,\)"):
        from_ase([atoms], fidelity="PBE")


def test_virial_becomes_stress_with_the_other_sign():
    atoms = bulk("MgO", "rocksalt", a=4.2)
    atoms.info["virial"] = 2.0 * np.eye(3)
    assert np.allclose(from_ase([atoms], fidelity="PBE").stress[0], -2.0 / atoms.get_volume() * np.eye(3))


def test_virial_without_cell_is_refused():
    atoms = Atoms("H2", positions=[[0, 0, 0], [0, 0, 0.7]])
    atoms.info["virial"] = np.eye(3)
    with pytest.raises(DataError, match="virial needs a cell"):
        from_ase([atoms], fidelity="PBE")


def test_stress_and_virial_that_disagree_are_refused():
    atoms = bulk("MgO", "rocksalt", a=4.2)
    atoms.info |= {"virial": 2.0 * np.eye(3), "REF_stress": np.eye(3)}
    with pytest.raises(DataError, match="could be the stress and they differ: REF_stress, virial"):
        from_ase([atoms], fidelity="PBE")


@pytest.mark.parametrize(
    ("results", "message"),
    [
        ({"energy": np.nan}, "energy is NaN or infinite"),
        ({"energy": -1.0, "forces": np.full((2, 3), np.inf)}, "forces is NaN or infinite"),
        ({"energy": -1.0, "stress": np.full(6, np.nan)}, "stress is NaN or infinite"),
        ({"energy": -1.0, "forces": np.zeros((3, 3))}, r"forces has shape \(3, 3\), but 2 atoms need \(2, 3\)"),
        ({"energy": -1.0, "magmoms": np.zeros(5)}, r"magmoms has shape \(5,\), but 2 atoms need \(2,\)"),
    ],
)
def test_impossible_labels_name_file_frame_and_label(results, message):
    good = labelled(energy=-1.0, sid="good")
    bad = labelled(sid="bad")
    bad.calc.results = results  # past ASE's own look at the shapes
    with pytest.raises(DataError, match=r"set: frame 1 \(bad\): " + message):
        from_ase([good, bad], fidelity="PBE", source="set")


def test_a_label_that_is_text_is_refused():
    atoms = bulk("Cu")
    atoms.info["energy"] = "not computed"
    with pytest.raises(DataError, match="energy is not a number: 'not computed'"):
        from_ase([atoms], fidelity="PBE")


def test_repeated_ids_are_refused_and_can_be_numbered():
    frames = [labelled(energy=-1.0, sid="same"), labelled(energy=-2.0, sid="same")]
    with pytest.raises(DataError, match="1 ids occur more than once, the first is 'same'"):
        from_ase(frames, fidelity="PBE")
    assert from_ase(frames, fidelity="PBE", keys={"id": ""}).id.tolist() == ["frame:0", "frame:1"]


def test_a_frame_without_atoms_is_refused():
    with pytest.raises(DataError, match="frame 0: the frame holds no atoms"):
        from_ase([Atoms()], fidelity="PBE")


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
