import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from transferkit.data.readers import from_pymatgen
from transferkit.errors import DataError


def cell(**properties):
    return Structure(Lattice.cubic(4.2), ["Fe", "O"], [[0, 0, 0], [0.5, 0.5, 0.5]], site_properties=properties)


def test_labels_beside_objects():
    forces = [np.ones((2, 3)), None]
    data = from_pymatgen(
        [cell(), cell()],
        energies=[-12.0, -13.0],
        forces=forces,
        stress=[np.eye(3), np.eye(3)],
        magmoms=[[-4.0, 0.1], None],
        ids=["a", "b"],
        material_ids=["mp-1", "mp-1"],
        columns={"run_type": ["GGA+U", "GGA+U"]},
        fidelity="PBE",
        label_convention="mp2020",
    )
    assert data.energy.tolist() == [-12.0, -13.0]
    assert data.has("forces").tolist() == [True, False]
    assert data.magmoms[:2].tolist() == [4.0, 0.1]
    assert np.allclose(data.positions[1], 2.1)
    assert data.numbers.tolist() == [26, 8, 26, 8]
    assert (list(data.id), set(data.material_id), data.label_convention) == (["a", "b"], {"mp-1"}, "mp2020")
    assert data.columns["run_type"].tolist() == ["GGA+U", "GGA+U"]
    assert data.read_as.entries["energy"] == {"energy as given": 2}


def test_moments_of_sites_and_dictionaries():
    one = cell(magmom=[-4.0, 0.1])
    for given in (one, one.as_dict()):
        data = from_pymatgen([given], energies=[-12.0], magmoms="magmom", fidelity="PBE")
        assert data.magmoms.tolist() == [4.0, 0.1]
    assert not from_pymatgen([cell()], energies=[-1.0], magmoms="magmom", fidelity="PBE").has("magmoms").any()
    assert not from_pymatgen([one], energies=[-1.0], fidelity="PBE").has("magmoms").any()


def test_ions_and_isotopes_are_elements():
    ions = Structure(Lattice.cubic(4.2), ["Fe2+", "D"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    for given in (ions, ions.as_dict()):
        assert from_pymatgen([given], energies=[-1.0], fidelity="PBE").numbers.tolist() == [26, 1]


def test_what_does_not_fit_is_refused():
    with pytest.raises(DataError, match="forces has 2 entries for 1 structures"):
        from_pymatgen([cell()], energies=[-1.0], forces=[None, None], fidelity="PBE")
    with pytest.raises(DataError, match="structure 0: forces is not a table of numbers: 'none'"):
        from_pymatgen([cell()], energies=[-1.0], forces=["none"], fidelity="PBE")
    mixed = Structure(Lattice.cubic(4.2), [{"Fe": 0.5, "Ni": 0.5}, "O"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    for given, part in ((mixed, "Give ordered pymatgen structures"), (mixed.as_dict(), "is disordered")):
        with pytest.raises(DataError, match=part):
            from_pymatgen([given], energies=[-1.0], fidelity="PBE")
    with pytest.raises(DataError, match="not the dictionary of a pymatgen structure"):
        from_pymatgen([{"sites": []}], energies=[-1.0], fidelity="PBE")
