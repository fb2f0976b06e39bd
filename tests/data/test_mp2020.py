from dataclasses import replace

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.singlepoint import SinglePointCalculator

from transferkit.data.mp2020 import corrections, is_pbe
from transferkit.data.readers import from_ase
from transferkit.data.structures import Structures
from transferkit.errors import DataError

FEO = bulk("FeO", "rocksalt", a=4.3)
MGO = bulk("MgO", "rocksalt", a=4.2)
# two O at 1.45 Å of each other between two Na
PEROXIDE = Atoms("Na2O2", [[0, 0, 0], [3, 3, 0], [3, 0, 1.5], [3, 0, 2.95]], cell=[6.0, 6.0, 6.0], pbc=True)


def labelled(*frames: Atoms, fidelity="PBE", **columns) -> Structures:
    made = []
    for k, atoms in enumerate(frames):
        one = atoms.copy()
        one.calc = SinglePointCalculator(one, energy=-5.0 * len(one))
        one.info |= {name: values[k] for name, values in columns.items()}
        made.append(one)
    return from_ase(made, fidelity=fidelity)


def test_anions_need_no_option():
    found = corrections(labelled(MGO, bulk("NaCl", "rocksalt", a=5.6), bulk("Cu"), PEROXIDE))
    assert found.round(3).tolist() == [-0.687, -0.614, 0.0, -0.93]


@pytest.mark.parametrize(
    "columns",
    [{"run_type": ["GGA+U"]}, {"hubbards": ["Fe:5.3"]}, {"hubbards": ["{'Fe': 5.3, 'O': 0}"]}, {"is_hubbard": [True]}],
)
def test_u_is_read_from_columns(columns):
    assert corrections(labelled(FEO, **columns)).round(3).tolist() == [-2.943]


def test_u_is_stated():
    assert corrections(labelled(FEO), hubbard="materials-project").round(3).tolist() == [-2.943]


def test_what_cannot_be_known_is_refused():
    with pytest.raises(DataError, match=r"'frame:0' \(FeO\) holds Fe with O or F.*hubbard='materials-project'"):
        corrections(labelled(FEO))


@pytest.mark.parametrize("columns", [{"run_type": ["GGA"]}, {"hubbards": [""]}, {"hubbards": ["Fe:4.0"]}])
def test_other_settings_of_u_are_refused(columns):
    with pytest.raises(DataError, match=r"MP2020 was fitted to Fe 5\.3 eV"):
        corrections(labelled(FEO, **columns))


def test_other_levels_of_theory_are_refused():
    assert is_pbe("GGA+U")
    assert not is_pbe("PBEsol")
    with pytest.raises(DataError, match="no MP2020 corrections at r2SCAN"):
        corrections(labelled(MGO, fidelity="r2SCAN"))


def test_an_unknown_way_of_u_names_the_nearest():
    with pytest.raises(DataError, match="Did you mean 'materials-project'"):
        corrections(labelled(FEO), hubbard="material-project")


def test_hubbards_that_cannot_be_read_are_refused():
    with pytest.raises(DataError, match="hubbards is 'Fe=5'; write it as 'Fe:5"):
        corrections(labelled(FEO, hubbards=["Fe=5"]))


def test_frames_of_one_material_get_one_correction():
    # in one frame of three the oxygen atoms have moved apart
    apart = PEROXIDE.copy()
    apart.positions[3, 2] = 4.5
    data = labelled(PEROXIDE, apart, PEROXIDE)
    assert corrections(data).round(3).tolist() == [-0.93] * 3
    alone = replace(data, material_id=np.array(["a", "b", "c"], dtype=object))
    assert corrections(alone).round(3).tolist() == [-0.93, -1.374, -0.93]


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_the_same_as_pymatgen(pbe):
    from pymatgen.core import Structure
    from pymatgen.entries.compatibility import MaterialsProject2020Compatibility
    from pymatgen.entries.computed_entries import ComputedStructureEntry

    scheme = MaterialsProject2020Compatibility(check_potcar=False)
    data = pbe[::12]
    mine = corrections(data, hubbard="materials-project")
    for s in range(len(data)):
        one = data.structure(s)
        cell = Structure(one.cell, one.numbers.tolist(), one.positions, coords_are_cartesian=True)
        used = {"Fe": 5.3, "Co": 3.32, "Cr": 3.7, "Mn": 3.9, "Mo": 4.38, "Ni": 6.2, "V": 3.25, "W": 6.2}
        with_u = {k: u for k, u in used.items() if k in cell.symbol_set} if {"O", "F"} & set(cell.symbol_set) else {}
        parameters = {"run_type": "GGA+U" if with_u else "GGA", "hubbards": with_u, "software": "any"}
        entry = ComputedStructureEntry(cell, 0.0, parameters=parameters)
        theirs = sum(a.value for a in scheme.get_adjustments(entry))
        assert mine[s] == pytest.approx(theirs, abs=1e-9), data.id[s]


def test_a_frame_that_says_nothing_of_u_is_refused_beside_others():
    for column in ({"run_type": ["GGA", ""], "hubbards": ["", ""]}, {"is_hubbard": [0.0, np.nan]}):
        with pytest.raises(DataError, match=r"'frame:1' \(FeO\) holds Fe with O or F"):
            corrections(labelled(MGO, FEO, **column))


def test_the_run_type_counts_where_hubbards_are_not_given():
    data = labelled(FEO, FEO, run_type=["GGA+U", "GGA+U"], hubbards=["", "Fe:5.3"])
    assert corrections(data).round(3).tolist() == [-2.943] * 2
