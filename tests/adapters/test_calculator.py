"""The ASE calculator."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule
from ase.calculators.calculator import PropertyNotImplementedError
from ase.optimize import BFGS

from transferkit.adapters.calculator import PotentialCalculator
from transferkit.adapters.chgnet import ChgnetAdapter
from transferkit.adapters.toy import Toy
from transferkit.errors import DataError, GraphError, UnknownHead


def salt(calculator):
    atoms = bulk("NaCl", "rocksalt", a=5.5, cubic=True)
    atoms.rattle(0.05, seed=1)
    atoms.calc = calculator
    return atoms


@pytest.mark.parametrize("load", [lambda: ChgnetAdapter.load("0.3.0"), lambda: Toy.load("demo")])
def test_units_signs_and_shapes(load):
    potential = load()
    atoms = salt(potential.calculator())
    assert atoms.get_potential_energy() == atoms.get_potential_energy(force_consistent=True)
    assert atoms.get_stress().shape == (6,)
    assert atoms.get_magnetic_moments().shape == (8,)
    # Stress in ASE's sign and Voigt order: the energy's slope under a shear of yz.
    step = 1e-3
    energies = []
    for sign in (1, -1):
        strain = np.eye(3)
        strain[1, 2] = strain[2, 1] = sign * step / 2
        sheared = atoms.copy()
        sheared.set_cell(atoms.cell[:] @ strain, scale_atoms=True)
        sheared.calc = potential.calculator()
        energies.append(sheared.get_potential_energy())
    slope = (energies[0] - energies[1]) / (2 * step) / atoms.get_volume()
    assert atoms.get_stress()[3] == pytest.approx(slope, abs=3e-5)


def test_a_relaxation_keeps_its_graph_and_lowers_the_forces():
    calculator = ChgnetAdapter.load("0.3.0").calculator()
    atoms = salt(calculator)
    before = np.abs(atoms.get_forces()).max()
    relaxation = BFGS(atoms, logfile=None)
    relaxation.run(fmax=0.02, steps=30)
    assert np.abs(atoms.get_forces()).max() < 0.03 < before
    assert calculator.builds < relaxation.nsteps
    fresh = atoms.copy()
    fresh.calc = ChgnetAdapter.load("0.3.0").calculator(None)
    np.testing.assert_allclose(fresh.get_forces(), atoms.get_forces(), atol=1e-5)


def test_graphs_are_built_anew_when_they_must_be():
    calculator = PotentialCalculator(Toy.load("demo"), skin=0.4)
    atoms = salt(calculator)
    atoms.get_forces()
    atoms.positions[0, 0] += 0.1
    atoms.get_forces()
    assert calculator.builds == 1
    atoms.positions[0, 0] += 0.15
    atoms.get_forces()
    assert calculator.builds == 2
    atoms.set_cell(atoms.cell * 1.001)
    atoms.get_forces()
    assert calculator.builds == 3
    atoms.numbers[0] = 19
    atoms.get_forces()
    assert calculator.builds == 4


def test_molecules():
    water = molecule("H2O")
    water.calc = Toy.load("demo").calculator()
    assert water.get_forces().shape == (3, 3)
    with pytest.raises(PropertyNotImplementedError):
        water.get_stress()
    water.calc = ChgnetAdapter.load("0.3.0").calculator()
    with pytest.raises(GraphError, match="box"):
        water.get_forces()


def test_heads_and_nothing_to_compute():
    potential = Toy.load("demo")
    reference = potential.reference()
    potential.add_head("other", "default", type(reference)(reference.elements, reference.energies + 1.0))
    with pytest.raises(UnknownHead, match="default, other"):
        potential.calculator()
    a, b = salt(potential.calculator("default")), salt(potential.calculator("other"))
    assert b.get_potential_energy() - a.get_potential_energy() == pytest.approx(8.0)
    with pytest.raises(DataError, match="no atoms"):
        potential.calculator("other").calculate()
    assert isinstance(a, Atoms)
