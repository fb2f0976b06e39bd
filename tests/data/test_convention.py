from dataclasses import replace

import numpy as np
import pytest

from transferkit.data.convention import CONVENTIONS, checked_convention, convert_convention
from transferkit.data.store import read_parquet, write_parquet
from transferkit.errors import DataError

ATOMS = {"Mg": -1.0, "O": -1.5}


@pytest.fixture
def oxide(pbe):
    return pbe[pbe.composition == "MgO"][:3]


def test_unknown_names_are_refused_with_the_nearest():
    assert all(checked_convention(name) == name for name in CONVENTIONS)
    with pytest.raises(DataError, match=r"called 'MP2020'\. Did you mean 'mp2020'"):
        checked_convention("MP2020")


@pytest.mark.parametrize(("to", "per_cell"), [("mp2020", -0.687), ("cohesive", 2.5), ("formation", 2.5)])
def test_there_and_back(oxide, to, per_cell):
    energies = None if to == "mp2020" else ATOMS
    there = convert_convention(oxide, to, energies=energies)
    cells = oxide.n_atoms / 2
    assert np.allclose(there.energy - oxide.energy, per_cell * cells)
    assert there.label_convention == to
    assert np.array_equal(there.forces, oxide.forces)
    back = convert_convention(there, "raw", energies=energies)
    assert back.label_convention == "raw"
    assert np.allclose(back.energy, oxide.energy, atol=1e-12)


def test_from_mp2020_to_cohesive_goes_over_raw(oxide):
    corrected = convert_convention(oxide, "mp2020")
    cohesive = convert_convention(corrected, "cohesive", energies=ATOMS)
    assert np.allclose(cohesive.energy, convert_convention(oxide, "cohesive", energies=ATOMS).energy)


def test_the_correction_stays_with_the_data(oxide, tmp_path):
    corrected = convert_convention(oxide, "mp2020")
    # the stored correction wins, so that what was undone is what was applied
    other = replace(corrected, columns={**corrected.columns, "mp2020_correction": np.full(len(oxide), -1.0)})
    assert np.allclose(convert_convention(other, "raw").energy, corrected.energy + 1.0)
    back = read_parquet(write_parquet(corrected, tmp_path / "a.parquet"))
    assert back.label_convention == "mp2020"
    assert np.allclose(convert_convention(back, "raw").energy, oxide.energy, atol=1e-12)


def test_what_is_there_already_is_not_changed(oxide):
    assert convert_convention(oxide, "raw") is oxide


def test_absent_energies_stay_absent(oxide):
    assert not convert_convention(oxide.without("energy"), "mp2020").has("energy").any()


def test_what_is_missing_is_named(oxide, r2scan):
    with pytest.raises(DataError, match="cohesive energies need the energies of the isolated atoms at PBE"):
        convert_convention(oxide, "cohesive")
    with pytest.raises(DataError, match="of all elements; O is missing"):
        convert_convention(oxide, "formation", energies={"Mg": -1.0})
    with pytest.raises(DataError, match="names 'Mgo', which is no element"):
        convert_convention(oxide, "formation", energies={"Mgo": -1.0})
    with pytest.raises(DataError, match="there are no MP2020 corrections at r2SCAN"):
        convert_convention(r2scan[:2], "mp2020")
    cohesive = convert_convention(oxide, "cohesive", energies=ATOMS)
    with pytest.raises(DataError, match="Convert to raw with that of the isolated atoms"):
        convert_convention(cohesive, "formation", energies=ATOMS)


def test_options_that_nothing_reads_are_refused(oxide):
    with pytest.raises(DataError, match="hubbard is read to or from mp2020, and this is cohesive to raw"):
        convert_convention(oxide, "cohesive", energies=ATOMS, hubbard="none")
    with pytest.raises(
        DataError, match="energies are read to or from cohesive and formation, and this is mp2020 to raw"
    ):
        convert_convention(oxide, "mp2020", energies=ATOMS)
