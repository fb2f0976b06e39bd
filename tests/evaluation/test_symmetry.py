import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule
from ase.spacegroup import crystal

from transferkit.data.structures import Structure
from transferkit.errors import DataError
from transferkit.evaluation.symmetry import free_components


def _structure(atoms: Atoms) -> Structure:
    return Structure(atoms.numbers.astype(np.int64), atoms.positions, atoms.cell.array, atoms.pbc, "probe")


def _rutile() -> Atoms:
    return crystal(["Ti", "O"], [(0, 0, 0), (0.305, 0.305, 0)], spacegroup=136, cellpar=[4.6, 4.6, 2.96, 90, 90, 90])


@pytest.mark.parametrize("repeat", [1, 2])
def test_rocksalt_has_no_free_component(repeat):
    atoms = bulk("MgO", "rocksalt", a=4.21).repeat(repeat)
    assert not free_components(_structure(atoms)).any()


def test_oxygen_of_rutile_moves_along_the_diagonal_in_the_plane():
    free = free_components(_structure(_rutile()))
    assert not free[:2].any()
    assert (free[2:] == [True, True, False]).all()


def test_rotated_cell_mixes_components():
    atoms = _rutile()
    atoms.rotate(45, "z", rotate_cell=True)
    free = free_components(_structure(atoms))
    assert free[2:].sum() == 4  # each O keeps one axis: along the diagonal, now x or y
    assert free[2:].sum(axis=1).tolist() == [1, 1, 1, 1]


def test_wurtzite_is_free_along_its_polar_axis_only():
    free = free_components(_structure(bulk("ZnO", "wurtzite", a=3.25, c=5.2, u=0.385)))
    assert (free == [False, False, True]).all()


def test_rattled_cell_without_symmetry_is_free():
    atoms = bulk("MgO", "rocksalt", a=4.21).repeat((2, 1, 1))
    atoms.rattle(0.05, seed=1)
    assert free_components(_structure(atoms)).all()


def test_single_atom_cannot_feel_a_net_force():
    atoms = Atoms("Cu", cell=[[3.0, 0.1, 0.2], [0.0, 3.3, 0.3], [0.0, 0.0, 3.7]], pbc=True)
    assert not free_components(_structure(atoms)).any()


def test_forces_of_an_invariant_potential_vanish_exactly_where_not_free():
    atoms = crystal(
        ["Ti", "O"], [(0, 0, 0), (0, 0, 0.2081)], spacegroup=141, setting=1, cellpar=[3.78, 3.78, 9.51, 90, 90, 90]
    )
    free = free_components(_structure(atoms))
    images = np.array(list(np.ndindex(5, 5, 3))) - [2, 2, 1]
    vectors = atoms.positions[None, :, None] - atoms.positions[:, None, None] + images @ atoms.cell.array
    squared = (vectors**2).sum(axis=-1)
    forces = (vectors * np.exp(-squared / 2.0)[..., None]).sum(axis=(1, 2))
    assert np.abs(forces[~free]).max() < 1e-6
    assert np.abs(forces[free]).min() > 1e-3


def test_molecule_without_periodicity_counts_as_free():
    assert free_components(_structure(molecule("CH4"))).all()


def test_coinciding_atoms_are_an_error_that_names_the_structure():
    atoms = Atoms("O2", positions=[[0, 0, 0], [0, 0, 0]], cell=[4, 4, 4], pbc=True)
    with pytest.raises(DataError, match="symmetry of 'probe'"):
        free_components(_structure(atoms))
