"""A simulation at constant energy keeps what it should, and stops at the failure that happened."""

import numpy as np
import pytest
import torch
from ase import Atoms, units

from transferkit import counter
from transferkit.adapters.calculator import PotentialCalculator
from transferkit.adapters.potential import ReferencedPotential
from transferkit.adapters.toy import Toy
from transferkit.data.structure import Structure
from transferkit.errors import DataError, GraphError, MissingReference
from transferkit.evaluation import dynamics
from transferkit.evaluation.dynamics import Bonds, nve_stability, set_velocities


def pair(distance=1.2, z=7):
    positions = np.array([[0.0, 0.0, 0.0], [distance, 0.0, 0.0]])
    return Structure(np.array([z, z]), positions, np.zeros((3, 3)), np.zeros(3, dtype=bool), "pair")


class Spring(PotentialCalculator):
    """An exact spring of 20 eV/Å² around 1.2 Å in place of a network; its forces may lie."""

    lie, cut, broken_after = 1.0, np.inf, np.inf

    def calculate(self, atoms=None, properties=("energy",), system_changes=()):  # noqa: ARG002
        self.calls = getattr(self, "calls", 0) + 1
        if self.calls > self.broken_after:
            raise GraphError("two atoms coincide")
        self.atoms = atoms.copy()
        vector = atoms.positions[1] - atoms.positions[0]
        length = np.linalg.norm(vector)
        far = length > self.cut
        pull = 0.0 if far else 20.0 * (length - 1.2) * vector / length
        self.results = {
            "energy": 10.0 * (min(length, self.cut) - 1.2) ** 2,
            "forces": self.lie * np.array([pull, -np.asarray(pull)]) if not far else np.zeros((2, 3)),
        }


@pytest.fixture
def spring(monkeypatch):
    kind = type("ThisSpring", (Spring,), {})
    monkeypatch.setattr(ReferencedPotential, "calculator", lambda self, head=None: kind(self, head))
    return kind


def toy():
    return Toy.load("demo", dtype=torch.float64)


def test_a_spring_keeps_its_energy_and_the_mean_of_the_temperature_follows(spring):
    done = nve_stability(toy(), pair(), temperature=300, steps=2000, timestep=0.5)
    assert done.failure is None
    assert done.simulated_ps == pytest.approx(1.0)
    assert abs(done.drift) < 1e-4
    assert done.wander < 2e-3
    # one vibration shares what is kinetic at the start with the spring; ASE counts 6 degrees of freedom all along
    assert done.temperature == pytest.approx(150, rel=0.1)
    assert 0.01 < done.stretch < 0.2


def test_a_larger_step_wanders_more(spring):
    fine, coarse = (nve_stability(toy(), pair(), steps=400, timestep=t).wander for t in (0.5, 2.0))
    assert coarse == pytest.approx(16 * fine, rel=0.5)  # second order


def test_forces_that_are_no_gradient_lose_the_energy(spring):
    spring.lie = 0.5
    done = nve_stability(toy(), pair(), temperature=900, steps=400, most_energy=0.01)
    assert done.failure == "energy"
    assert done.wander <= 0.01
    assert done.simulated_ps < 0.2


def test_a_bond_that_breaks_is_a_failure(spring):
    spring.cut = 1.25
    done = nve_stability(toy(), pair(), temperature=3000, steps=2000)
    assert done.failure == "bond"
    assert done.stretch > 0.5
    assert done.simulated_ps < 1.0


def test_atoms_that_coincide_are_a_failure_and_at_the_start_an_error(spring):
    spring.broken_after = 6
    done = nve_stability(toy(), pair(), steps=50)
    assert (done.failure, done.simulated_ps < 0.005) == ("collision", True)
    spring.broken_after = 0
    with pytest.raises(GraphError):
        nve_stability(toy(), pair(), steps=50)


def test_an_energy_that_is_no_number_is_a_failure(spring):
    values = iter([0.0, 0.0])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dynamics, "_energy", lambda atoms: next(values, float("nan")))  # noqa: ARG005
        assert nve_stability(toy(), pair(), steps=10).failure == "energy"


def test_a_real_potential_is_conservative():
    cell = np.diag([4.2, 4.2, 4.2])
    grid = np.array([[0, 0, 0], [0, 2.1, 2.1], [2.1, 0, 2.1], [2.1, 2.1, 0]], dtype=float)
    structure = Structure(np.array([12, 12, 8, 8]), grid, cell, np.ones(3, dtype=bool), "cell")
    done = nve_stability(toy(), structure, temperature=50, steps=100)
    assert done.wander < 1e-3


def test_velocities_have_the_temperature_no_momentum_and_no_rotation():
    atoms = Atoms("H2O", positions=[[0.76, 0.59, 0], [-0.76, 0.59, 0.1], [0, 0, 0]])
    set_velocities(atoms, 300, seed=1)
    assert atoms.get_temperature() == pytest.approx(300)
    assert np.abs(atoms.get_momenta().sum(axis=0)).max() < 1e-12
    assert np.abs(atoms.get_angular_momentum()).max() < 1e-12
    again = atoms.copy()
    set_velocities(again, 300, seed=1)
    assert np.array_equal(again.get_momenta(), atoms.get_momenta())
    set_velocities(again, 300, seed=2)
    assert not np.allclose(again.get_momenta(), atoms.get_momenta())
    assert atoms.get_kinetic_energy() == pytest.approx(1.5 * 3 * units.kB * 300)


def test_bonds_cross_the_boundary_of_the_cell():
    atoms = Atoms("Na2", positions=[[0.1, 0, 0], [3.0, 0, 0]], cell=[6.0, 20, 20], pbc=True)
    bonds = Bonds(atoms)
    assert sorted(bonds.length.round(3)) == [2.9, 2.9, 3.1, 3.1]
    atoms.positions[0, 0] -= 0.3
    assert bonds.stretch(atoms) == pytest.approx(0.3)


def test_without_bonds_nothing_is_stretched():
    atoms = Atoms("He2", positions=[[0, 0, 0], [9, 0, 0]])
    assert Bonds(atoms).stretch(atoms) == 0.0


@pytest.mark.parametrize(
    ("option", "value"),
    [("temperature", 0.0), ("timestep", -1.0), ("steps", 0), ("longest_stretch", np.nan), ("most_energy", 0.0)],
)
def test_numbers_out_of_range(option, value):
    with pytest.raises(DataError, match=option):
        nve_stability(toy(), pair(), **{option: value})


def test_a_single_atom_is_refused():
    one = Structure(np.array([2]), np.zeros((1, 3)), np.zeros((3, 3)), np.zeros(3, dtype=bool), "alone")
    with pytest.raises(DataError, match=r"'alone' has a single atom.*Give a larger cell"):
        nve_stability(toy(), one)
    none = Structure(np.zeros(0, dtype=int), np.zeros((0, 3)), np.zeros((3, 3)), np.zeros(3, dtype=bool), "void")
    with pytest.raises(DataError, match="'void' has no atoms"):
        nve_stability(toy(), none)


def test_a_structure_that_the_potential_cannot_take_is_named():
    with pytest.raises(GraphError, match="structure 'pair': atoms 0 and 1"):
        nve_stability(toy(), pair(0.0))
    with pytest.raises(MissingReference, match="structure 'pair' holds Og"):
        nve_stability(toy(), pair(z=118))


def test_a_failure_at_the_first_step_has_no_drift():
    done = nve_stability(toy(), pair(), timestep=1000, steps=5)
    assert (done.failure, done.simulated_ps) == ("bond", 0.0)
    assert np.isnan(done.drift)


def test_a_simulation_says_how_far_it_is(spring, monkeypatch, capsys):
    now = iter(range(0, 10**6, 20))
    monkeypatch.setattr(counter, "monotonic", lambda: float(next(now)))
    done = nve_stability(toy(), pair(), steps=4)
    assert (done.failure, done.simulated_ps) == (None, 0.002)
    lines = capsys.readouterr().err.splitlines()
    assert lines
    assert lines[0].startswith("dynamics of pair: 2 of 4, 0.05 steps/s")
    nve_stability(toy(), pair(), steps=4, quiet=True)
    assert capsys.readouterr().err == ""
