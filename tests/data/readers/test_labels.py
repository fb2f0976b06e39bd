import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from transferkit.data.readers.candidates import Request
from transferkit.data.readers.labels import find_labels, named_keys_exist
from transferkit.data.readers.stated_units import StatedUnits
from transferkit.errors import DataError
from transferkit.units import BOHR

TENSOR = np.array([[1.0, 0.1, 0.2], [0.1, 2.0, 0.3], [0.2, 0.3, 3.0]])


class Results:
    """A calculator that has finished; ASE's own looks at shapes and names."""

    def __init__(self, **results):
        self.results = results


def magnesia(*, info=None, arrays=None, **results) -> Atoms:
    atoms = bulk("MgO", "rocksalt", a=4.2)
    atoms.info |= info or {}
    atoms.arrays |= arrays or {}
    if results:
        atoms.calc = Results(**results)
    return atoms


def look(atoms, *, units=None, fidelity="", convention="raw", **keys):
    return find_labels(atoms, Request(fidelity, convention, keys, StatedUnits.of(units)), "set: frame 0")


def find(atoms, **options):
    return look(atoms, **options).labels


@pytest.mark.parametrize(
    "key",
    [
        "REF_energy",
        "dft_energy",
        "energy",
        "mtt::r2scan_energy",
        "DFT_total_energy",
        "TotEnergy",
        "U0",
        "E",
        "energies",
    ],
)
def test_energies_by_common_names(key):
    assert find(magnesia(info={key: -11.5})) == {"energy": -11.5}


@pytest.mark.parametrize(
    "key",
    ["free_energy", "formation_energy", "energy_per_atom", "fermi_energy", "cutoff_energy", "energyx", "MACE_energy"],
)
def test_other_energies_are_not_taken(key):
    assert find(magnesia(info={key: -11.5})) == {}


def test_starting_moments_and_absent_results_are_no_labels():
    atoms = magnesia(energy=None, arrays={"initial_magmoms": np.ones(2)})
    assert find(atoms) == {}


def test_two_energies_that_differ_are_refused_by_name():
    atoms = magnesia(energy=-12.0, info={"REF_energy": -11.0})
    with pytest.raises(DataError) as caught:
        find(atoms)
    for part in ("set: frame 0: 2 entries could be the energy", "energy=-12", "REF_energy=-11", "keys={'energy': "):
        assert part in str(caught.value)
    assert find(atoms, energy="REF_energy")["energy"] == -11.0


def test_two_energies_that_agree_are_one():
    assert find(magnesia(energy=-12.0, info={"REF_energy": -12.0})) == {"energy": -12.0}


def test_keys_choose_forces_and_leave_labels_out():
    atoms = magnesia(forces=np.zeros((2, 3)), arrays={"hse_forces": np.ones((2, 3))})
    with pytest.raises(DataError, match="could be the forces"):
        find(atoms)
    assert find(atoms, forces="hse_forces")["forces"].min() == 1
    assert "forces" not in find(atoms, forces="")


def test_moments_of_either_kind_lose_their_sign():
    assert find(magnesia(magmoms=[-1.0, 2.0]))["magmoms"].tolist() == [1.0, 2.0]
    vectors = np.array([[0.0, 3.0, -4.0], [0.0, 0.0, -0.5]])
    assert find(magnesia(magmoms=vectors))["magmoms"].tolist() == [5.0, 0.5]


@pytest.mark.parametrize("shape", [(3, 3), (9,), (6,)])
def test_three_shapes_of_stress(shape):
    # Voigt is xx, yy, zz, yz, xz, xy
    given = np.array([1, 2, 3, 0.3, 0.2, 0.1]) if shape == (6,) else TENSOR.reshape(shape)
    assert np.array_equal(find(magnesia(info={"REF_stress": given}))["stress"], TENSOR)


def test_a_stress_of_another_shape_is_refused():
    with pytest.raises(DataError, match=r"set: frame 0: stress has shape \(4,\); give 3x3, 9 or 6"):
        find(magnesia(info={"stress": np.ones(4)}))


def test_virial_becomes_stress_with_the_other_sign():
    atoms = magnesia(info={"virial": 2.0 * TENSOR, "box_tension": TENSOR})
    assert np.allclose(find(atoms)["stress"], -2.0 / atoms.get_volume() * TENSOR)
    assert np.allclose(find(atoms, virial="box_tension")["stress"], -1.0 / atoms.get_volume() * TENSOR)
    assert "stress" not in find(atoms, stress="")


def test_virial_without_cell_is_refused():
    atoms = Atoms("H2", positions=[[0, 0, 0], [0, 0, 0.7]], info={"virial": np.eye(3)})
    with pytest.raises(DataError, match="virial needs a cell"):
        find(atoms)


def test_stress_and_virial_that_disagree_are_refused():
    atoms = magnesia(info={"virial": 2.0 * np.eye(3), "REF_stress": np.eye(3)})
    with pytest.raises(DataError, match="could be the stress and they differ: REF_stress, virial"):
        find(atoms)
    assert np.array_equal(find(atoms, stress="REF_stress")["stress"], np.eye(3))


def test_a_label_that_is_text_is_refused():
    with pytest.raises(DataError, match="set: frame 0: energy is not a number: 'not computed'"):
        find(magnesia(info={"energy": "not computed"}))


def test_a_key_must_be_in_some_frame():
    frames = [magnesia(), magnesia(info={"REF_energy": -1.0}, arrays={"hse_forces": np.ones((2, 3))}, stress=TENSOR)]
    named_keys_exist(frames, {"energy": "REF_energy", "forces": "hse_forces", "stress": "stress", "id": ""}, "set")
    with pytest.raises(DataError, match=r"set: no frame has an entry 'REF_enrgy', wanted as energy.*'REF_energy'"):
        named_keys_exist(frames, {"energy": "REF_enrgy"}, "set")


def test_a_key_must_be_for_a_label():
    frames = [magnesia(info={"REF_energy": -1.0})]
    with pytest.raises(DataError, match=r"set: keys names 'enrgy', which is no label. Did you mean 'energy'\?"):
        named_keys_exist(frames, {"enrgy": "REF_energy"}, "set")


def test_a_gradient_is_refused_with_the_option_that_turns_it():
    atoms = magnesia(energy=-12.0, arrays={"dft_gradient": np.ones((2, 3))})
    with pytest.raises(DataError, match=r"no forces but 'dft_gradient'.*units=\{'forces': '-Ha/Bohr'\}"):
        find(atoms)
    assert "forces" not in find(atoms, forces="")
    assert find(atoms, forces="dft_gradient", units={"forces": "-eV/Å"})["forces"].max() == -1.0
    # forces that are there win
    assert find(magnesia(forces=np.zeros((2, 3)), arrays={"gradient": np.ones((2, 3))}))["forces"].max() == 0


def test_stated_units_are_converted_and_shown():
    atoms = magnesia(energy=-10.0, forces=np.ones((2, 3)), info={"dft_stress": TENSOR})
    found = look(atoms, units={"energy": "kcal/mol", "forces": "kcal/mol/Å", "stress": "-kbar"})
    assert found.labels["energy"] == pytest.approx(-0.4336410)
    assert found.labels["forces"].max() == pytest.approx(0.04336410)
    assert found.labels["stress"][0, 0] == pytest.approx(-1 / 1602.1766208)
    assert found.entries == {
        "energy": "energy [kcal/mol]",
        "forces": "forces [kcal/mol/Å]",
        "stress": "dft_stress [-kbar]",
    }


def test_energies_per_atom_become_totals():
    atoms = magnesia(info={"energy_per_atom": -6.0})
    assert look(atoms).aside == ("energy_per_atom",)
    assert look(atoms, units={"energy": "eV/atom"}).labels["energy"] == -12.0


def test_units_that_a_frame_states_are_believed_and_checked():
    atoms = magnesia(energy=-1.0, info={"energy_unit": "Hartree", "forces_unit": "eV/A"}, forces=np.ones((2, 3)))
    found = look(atoms)
    assert found.labels["energy"] == pytest.approx(-27.211386)
    assert found.entries == {"energy": "energy [Hartree]", "forces": "forces"}
    with pytest.raises(DataError, match="the file gives energy in Hartree, and units says eV"):
        look(atoms, units={"energy": "eV"})


def test_six_stress_components_in_the_order_of_vasp():
    printed = np.array([1, 2, 3, 0.1, 0.3, 0.2])  # xx yy zz xy yz zx
    order = {"voigt": "xx yy zz xy yz zx"}
    assert np.array_equal(find(magnesia(info={"REF_stress": printed}), units=order)["stress"], TENSOR)
    with pytest.raises(DataError, match="has gone through ASE"):
        find(magnesia(stress=printed), units=order)


def test_values_per_atom_and_total_moments_are_other_things():
    atoms = magnesia(energies=np.ones(2), stresses=np.ones((2, 6)), magmom=1.5, info={"energies": [1.0, 2.0]})
    assert find(atoms) == {}
    assert find(magnesia(info={"energies": -3.0}))["energy"] == -3.0


def test_what_was_not_taken_is_told():
    atoms = magnesia(energy=-12.0, info={"mtt::r2scan_energy": -20.0, "formation_energy": -1.0})
    found = look(atoms, fidelity="PBEsol")
    assert found.labels["energy"] == -12.0
    assert set(found.aside) == {"mtt::r2scan_energy", "formation_energy"}
    assert look(atoms, fidelity="PBEsol", convention="formation", energy="formation_energy").labels["energy"] == -1.0


def test_a_unit_per_atom_that_the_frame_states_is_read():
    atoms = magnesia(energy=-6.0, free_energy=-6.5, info={"energy_unit": "eV/atom"})
    found = look(atoms)
    assert found.labels["energy"] == -12.0
    assert found.entries["energy"] == "energy [eV/atom]"
    assert found.free_energy == -13.0
    with pytest.raises(DataError, match="the file gives energy in eV/atom, and units says eV"):
        look(atoms, units={"energy": "eV"})
    assert look(atoms, units={"energy": "eV/atom"}).labels["energy"] == -12.0


def test_a_virial_is_divided_by_the_volume_in_our_unit():
    atoms = magnesia(info={"virial": np.eye(3)})
    stress = find(atoms)["stress"]
    assert find(atoms, units={"length": "Bohr"})["stress"] == pytest.approx(stress / BOHR**3)


def test_an_energy_that_is_nan_is_taken_and_not_left_aside_too():
    found = look(magnesia(info={"energy": np.nan}))
    assert (found.entries, found.aside) == ({"energy": "energy"}, ())
