"""Data by one word: bundled sets, files, and the level of theory behind @."""

from dataclasses import replace

import pytest

from transferkit.data.bundled import bundled
from transferkit.data.source import open_data
from transferkit.data.store import write_parquet
from transferkit.errors import DataError

NAME = "bundled:gpaw-pbe-r2scan"
XYZ = '1\nLattice="3 0 0 0 3 0 0 0 3" Properties=species:S:1:pos:R:3 energy=-1.0 pbc="T T T"\nO 0 0 0\n'


@pytest.mark.parametrize(
    ("spec", "fidelity", "said"),
    [(NAME, None, "r2SCAN"), (NAME, "PBE", "PBE"), (f"{NAME}@PBE", None, "PBE"), (f"{NAME}@PBE", "PBE", "PBE")],
)
def test_bundled_sets(spec, fidelity, said):
    assert open_data(spec, fidelity).fidelity == said


def test_a_parquet_file_knows_its_level_of_theory(tmp_path):
    data = bundled("gpaw-pbe-r2scan", fidelity="PBE")[:3]
    write_parquet(data, tmp_path / "a.parquet")
    assert open_data(tmp_path / "a.parquet").hash == data.hash
    with pytest.raises(DataError, match="holds PBE labels, and SCAN was asked for"):
        open_data(f"{tmp_path}/a.parquet@SCAN")


def test_a_file_takes_its_level_of_theory_behind_an_at(tmp_path):
    (tmp_path / "a.xyz").write_text(XYZ)
    assert open_data(f"{tmp_path}/a.xyz@SCAN").fidelity == "SCAN"
    assert open_data(tmp_path / "a.xyz", "PBE").fidelity == "PBE"


def test_keys_say_which_entry_is_the_label(tmp_path):
    path = tmp_path / "a.xyz"
    path.write_text(XYZ.replace("energy=-1.0", "PBE_energy=-1.0 REF_energy=-2.0"))
    with pytest.raises(DataError, match="keys="):
        open_data(path, "PBE")
    assert open_data(path, "PBE", keys={"energy": "REF_energy"}).energy.tolist() == [-2.0]


@pytest.mark.parametrize("spec", [f"{NAME}@PBE", "a.parquet"])
def test_keys_are_refused_where_labels_have_one_name(spec):
    with pytest.raises(DataError, match="Leave keys out"):
        open_data(spec, keys={"energy": "REF_energy"})


@pytest.mark.parametrize("spec", [f"{NAME}@PBE", "a.xyz@PBE", "a.parquet@PBE"])
def test_two_levels_of_theory_are_refused(spec):
    with pytest.raises(DataError, match="says PBE, and the fidelity asked for is r2SCAN"):
        open_data(spec, "r2SCAN")


def test_another_convention_than_that_of_the_data_is_refused(tmp_path):
    corrected = replace(bundled("gpaw-pbe-r2scan")[:2], label_convention="mp2020")
    write_parquet(corrected, tmp_path / "a.parquet")
    assert open_data(tmp_path / "a.parquet").label_convention == "mp2020"
    assert open_data(tmp_path / "a.parquet", label_convention="mp2020").hash == corrected.hash
    for spec in (NAME, tmp_path / "a.parquet"):
        with pytest.raises(DataError, match=r"energies, and label_convention 'cohesive' was asked for.*data.convert"):
            open_data(spec, label_convention="cohesive")
    with pytest.raises(DataError, match=r"no label convention is called 'mp202'\. Did you mean 'mp2020'"):
        open_data(NAME, label_convention="mp202")


def test_units_are_stated_and_refused_where_they_are_fixed(tmp_path):
    (tmp_path / "a.xyz").write_text(XYZ)
    data = open_data(f"{tmp_path}/a.xyz@PBE", units={"energy": "kcal/mol"})
    assert data.energy.tolist() == [-1.0 * 0.04336410390059322]
    with pytest.raises(DataError, match="Leave units out"):
        open_data(NAME, units={"energy": "eV"})


def test_an_at_in_the_name_of_any_file(tmp_path):
    (tmp_path / "run@300K.xyz").write_text(XYZ)
    assert len(open_data(tmp_path / "run@300K.xyz", "PBE")) == 1
    assert len(open_data(f"{tmp_path}/run@300K.xyz@PBE")) == 1


@pytest.mark.parametrize("name", ["a@b.parquet", "a@b/c.parquet"])
def test_an_at_in_the_name_of_a_file_is_no_level_of_theory(tmp_path, name):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    write_parquet(bundled("gpaw-pbe-r2scan", fidelity="PBE")[:1], tmp_path / name)
    assert open_data(tmp_path / name).fidelity == "PBE"


def test_a_file_without_a_level_of_theory(tmp_path):
    (tmp_path / "a.xyz").write_text(XYZ)
    with pytest.raises(DataError, match=r"Write .*a.xyz@PBE"):
        open_data(tmp_path / "a.xyz")


@pytest.mark.parametrize("spec", ["bundled:gpaw-pbe-r2scam", "nowhere.extxyz@PBE", "nowhere.parquet"])
def test_what_is_not_there(spec):
    with pytest.raises(DataError):
        open_data(spec)


def test_broken_frames_are_refused_or_taken_out(tmp_path):
    from ase.io import write

    from transferkit.data.quarantine import Limits
    from transferkit.data.readers import to_ase
    from transferkit.data.source import open_sifted

    frames = to_ase(bundled("gpaw-pbe-r2scan", fidelity="PBE")[:20])
    frames[4].calc.results["energy"] = float("nan")
    write(tmp_path / "a.xyz", frames, format="extxyz")
    spec = f"{tmp_path}/a.xyz@PBE"
    found = open_sifted(spec, limits=Limits())
    assert (len(found.kept), [t.where for t in found.taken]) == (
        19,
        [f"{tmp_path}/a.xyz: frame 4 ({found.taken[0].id})"],
    )
    with pytest.raises(DataError, match="frame 4"):
        open_sifted(spec, limits=None)
    with pytest.raises(DataError, match="1 of 20 frames is broken"):
        open_sifted(spec, limits=Limits(most=0.0))


def test_structures_without_energies_are_read_where_labels_may_lack(tmp_path):
    from transferkit.data.quarantine import Limits
    from transferkit.data.source import open_sifted

    (tmp_path / "bare.extxyz").write_text(XYZ.replace(" energy=-1.0", ""))
    spec = f"{tmp_path}/bare.extxyz@PBE"
    for limits in (None, Limits()):
        kept = open_sifted(spec, limits=limits, unlabelled=True).kept
        assert (len(kept), bool(kept.has("energy").any())) == (1, False)
        with pytest.raises(DataError, match="none of the 1 frames has an energy"):
            open_sifted(spec, limits=limits)
