import numpy as np
import pytest
from ase.build import bulk
from ase.io import write

from transferkit.data.readers import read, to_ase
from transferkit.data.store import write_parquet
from transferkit.errors import DataError


@pytest.fixture
def two(r2scan, tmp_path):
    path = tmp_path / "two.extxyz"
    write(path, to_ase(r2scan[:2]))
    return path


def test_extxyz_and_parquet_give_the_same(two, r2scan, tmp_path):
    a = read(two, fidelity="r2SCAN")
    b = read(write_parquet(r2scan[:2], tmp_path / "two.parquet"), fidelity="r2SCAN")
    assert np.allclose(a.energy, b.energy, atol=1e-9)
    assert np.allclose(a.forces, b.forces, atol=1e-7)
    assert list(a.id) == list(b.id)


@pytest.mark.parametrize("suffix", ["traj", "xyz", "db"])
def test_other_formats_of_ase(r2scan, tmp_path, suffix):
    write(tmp_path / f"two.{suffix}", to_ase(r2scan[:2]))
    keys = {"id": ""} if suffix == "db" else None
    data = read(tmp_path / f"two.{suffix}", fidelity="r2SCAN", keys=keys)
    assert np.allclose(data.energy, r2scan.energy[:2])


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"nothing\.extxyz: no such file or folder\. The working folder is"):
        read(tmp_path / "nothing.extxyz", fidelity="PBE")


@pytest.mark.parametrize("name", ["a.extxyz", "OUTCAR", "vasprun.xml", "a.parquet"])
def test_an_empty_file_is_named(tmp_path, name):
    (tmp_path / name).touch()
    with pytest.raises(DataError, match=f"{name}: the file is empty"):
        read(tmp_path / name, fidelity="PBE")


def test_an_unreadable_file_is_named(tmp_path):
    (tmp_path / "a.extxyz").write_text("this is no extxyz\n")
    with pytest.raises(DataError, match=r"a\.extxyz: frame 0 cannot be read"):
        read(tmp_path / "a.extxyz", fidelity="PBE")


def test_wrong_number_of_forces_names_the_frame(two):
    lines = two.read_text().splitlines()
    # the second frame loses the last force component of its last atom
    lines[-1] = lines[-1].rsplit(maxsplit=1)[0]
    two.write_text("\n".join(lines) + "\n")
    with pytest.raises(DataError, match=r"two\.extxyz: frame \d cannot be read .* number of atoms, its columns"):
        read(two, fidelity="r2SCAN")


def test_a_frame_cut_short_is_refused(two):
    two.write_text("\n".join(two.read_text().splitlines()[:-1]) + "\n")
    with pytest.raises(DataError, match="cannot be read"):
        read(two, fidelity="r2SCAN")


@pytest.mark.parametrize("value", ["nan", "inf"])
def test_nan_and_infinite_labels_name_file_and_frame(two, value, r2scan):
    text = two.read_text().replace(f"energy={r2scan.energy[1]}", f"energy={value}")
    two.write_text(text)
    with pytest.raises(DataError, match=rf"two\.extxyz: frame 1 \({r2scan.id[1]}\): energy is NaN or infinite"):
        read(two, fidelity="r2SCAN")


def test_no_energy_at_all_is_refused(tmp_path):
    write(tmp_path / "a.extxyz", [bulk("Cu"), bulk("Ag")])
    with pytest.raises(DataError, match=r"none of the 2 frames has an energy.*keys=\{'energy'"):
        read(tmp_path / "a.extxyz", fidelity="PBE")


def test_a_free_energy_alone_is_refused_with_the_key_that_takes_it(tmp_path):
    atoms = bulk("Cu")
    atoms.info["free_energy"] = -3.7
    write(tmp_path / "a.extxyz", [atoms])
    with pytest.raises(DataError, match=r"free_energy, the force-consistent one.*keys=\{'energy': 'free_energy'\}"):
        read(tmp_path / "a.extxyz", fidelity="PBE")
    data = read(tmp_path / "a.extxyz", fidelity="PBE", keys={"energy": "free_energy"})
    assert data.energy.tolist() == [-3.7]


def test_one_energy_is_enough(tmp_path):
    frames = [bulk("Cu"), bulk("Ag")]
    frames[0].info["energy"] = -1.0
    write(tmp_path / "a.extxyz", frames)
    assert read(tmp_path / "a.extxyz", fidelity="PBE").has("energy").tolist() == [True, False]


def test_a_parquet_file_of_another_fidelity_is_refused(r2scan, tmp_path):
    path = write_parquet(r2scan[:2], tmp_path / "a.parquet")
    with pytest.raises(DataError, match="holds fidelity 'r2SCAN', asked for was 'PBE'"):
        read(path, fidelity="PBE")
    with pytest.raises(DataError, match="holds label convention 'raw', asked for was 'mp2020'"):
        read(path, fidelity="r2SCAN", label_convention="mp2020")


def test_keys_that_nothing_would_read_are_refused(r2scan, tmp_path):
    path = write_parquet(r2scan[:2], tmp_path / "two.parquet")
    for place in (path, tmp_path):
        with pytest.raises(DataError, match="Leave keys out"):
            read(place, fidelity="r2SCAN", keys={"energy": "REF_energy"})


def test_a_folder_without_runs_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"no vasprun\.xml or OUTCAR"):
        read(tmp_path, fidelity="PBE")


@pytest.mark.shared
def test_two_levels_of_theory_in_one_file_must_be_chosen(shared):
    path = shared / "data/li3ps4_pbesol_r2scan/val.xyz"
    with pytest.raises(DataError, match=r"mtt::r2scan_energy=.*energy="):
        read(path, fidelity="r2SCAN")
    data = read(path, fidelity="r2SCAN", keys={"energy": "mtt::r2scan_energy", "forces": ""})
    assert data.has("energy").all()
    assert not data.has("forces").any()


def test_a_file_of_broken_frames_alone_says_so(tmp_path):
    atoms = bulk("MgO", "rocksalt", a=4.2)
    atoms.info["energy"] = np.nan
    write(tmp_path / "bad.extxyz", atoms)
    with pytest.raises(DataError, match=r"no frame is left\. 1 of 1 frames is broken .*energy is NaN"):
        read(tmp_path / "bad.extxyz", fidelity="PBE", taken=[])
