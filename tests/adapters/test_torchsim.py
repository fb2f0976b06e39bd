"""torch-sim: batched states give what single structures give; without the package, an error that says how to get it."""

import builtins
import warnings
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from transferkit.adapters.chgnet import ChgnetAdapter
from transferkit.adapters.torchsim import StateEvaluator, torch_sim_model
from transferkit.adapters.toy import Toy
from transferkit.errors import AdapterNotInstalled, GraphError, UnknownHead
from transferkit.testing import small_structures

EFS = frozenset({"energy", "forces", "stress"})
FIRST = ("crystal", "skewed", "outside")


def state_of(structures, pbc=True):
    """As torch-sim keeps it: columns of the cell are lattice vectors."""
    sizes = [len(s) for s in structures]
    return SimpleNamespace(
        positions=torch.from_numpy(np.concatenate([s.positions for s in structures])),
        cell=torch.from_numpy(np.stack([s.cell.T for s in structures])),
        atomic_numbers=torch.from_numpy(np.concatenate([s.numbers for s in structures])).int(),
        system_idx=torch.from_numpy(np.repeat(np.arange(len(sizes)), sizes)),
        pbc=pbc,
    )


def structures(*names):
    return [small_structures()[name] for name in names or FIRST]


def alone(potential, parts, head=None):
    outs = [potential(potential.collate([potential.graph(s, head=head)], head), need=EFS) for s in parts]
    return {name: torch.cat([getattr(out, name) for out in outs]) for name in EFS}


def agree(one, two):
    assert one.keys() == two.keys()
    for name, value in one.items():
        torch.testing.assert_close(value, two[name], atol=2e-5, rtol=0, check_dtype=False)


@pytest.mark.parametrize("load", [lambda: Toy.load("demo"), lambda: ChgnetAdapter.load("0.3.0")], ids=["toy", "chgnet"])
@pytest.mark.parametrize("pbc", [True, torch.ones(3, dtype=torch.bool)], ids=["one", "three"])
def test_a_batch_of_systems_gives_what_each_gives_alone(load, pbc):
    potential = load()
    out = StateEvaluator(potential)(state_of(structures(), pbc), EFS)
    agree(out, alone(potential, structures()))
    assert not any(value.requires_grad for value in out.values())


def test_graphs_are_kept_until_they_are_wrong():
    potential, parts = Toy.load("demo"), structures()
    evaluator = StateEvaluator(potential, skin=0.5)

    def step(change, builds):
        before = evaluator.builds
        parts[:] = change(parts)
        agree(evaluator(state_of(parts), EFS), alone(potential, parts))
        assert evaluator.builds - before == builds

    nudge = np.array([[0.1, 0, 0], [0, 0, 0], [0, -0.1, 0]])
    step(lambda p: p, 3)
    step(lambda p: [replace(s, positions=s.positions + nudge) if k == 1 else s for k, s in enumerate(p)], 0)
    step(lambda p: [replace(s, positions=s.positions + 0.2) if k == 1 else s for k, s in enumerate(p)], 1)
    step(lambda p: [p[0], p[1], replace(p[2], cell=p[2].cell * 1.02)], 1)
    step(lambda p: [p[0], replace(p[1], numbers=p[1].numbers + 1), p[2]], 1)
    step(lambda p: p[:2], 0)
    step(lambda p: [p[1], p[0]], 2)
    step(lambda p: [*p, *structures("isolated")], 1)


def test_each_head_has_its_own_energies():
    potential = Toy.load("demo")
    potential.add_head("r2SCAN", "default", replace(potential.reference(), energies=potential.reference().energies - 1))
    out = {h: StateEvaluator(potential, h)(state_of(structures()), EFS)["energy"] for h in potential.adapter.heads}
    sizes = torch.tensor([len(s) for s in structures()], dtype=torch.float64)
    torch.testing.assert_close(out["default"] - out["r2SCAN"], sizes)
    with pytest.raises(UnknownHead, match="default, r2SCAN"):
        StateEvaluator(potential)


def test_a_system_that_cannot_be_a_graph_is_named_by_its_number():
    close = replace(structures("skewed")[0], positions=np.zeros((3, 3)))
    with pytest.raises(GraphError, match="system 1"):
        StateEvaluator(Toy.load("demo"))(state_of([*structures("crystal"), close]), EFS)


def test_without_torch_sim_the_error_says_how_to_get_it(monkeypatch):
    original = builtins.__import__

    def absent(name, *args, **kwargs):
        if name.startswith("torch_sim"):
            raise ModuleNotFoundError("No module named 'torch_sim'", name="torch_sim")
        return original(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(AdapterNotInstalled, match="pip install torch-sim-atomistic"):
        Toy.load("demo").torch_sim_model()


@pytest.fixture
def torch_sim():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("torch_sim", reason="torch-sim is not installed")


class TestInTorchSim:
    """Only where torch-sim is installed."""

    def test_it_keeps_torch_sims_own_contract(self, torch_sim):  # noqa: ARG002
        from torch_sim.models.interface import ModelInterface, validate_model_outputs

        model = Toy.load("demo", dtype=torch.float64).torch_sim_model()
        assert isinstance(model, ModelInterface)
        validate_model_outputs(model, torch.device("cpu"), torch.float64)

    def test_states_of_ase_atoms(self, torch_sim):
        from ase.build import bulk

        atoms = [bulk("Si").repeat((2, 1, 1)), bulk("NaCl", "rocksalt", a=5.6)]
        potential = ChgnetAdapter.load("0.3.0")
        model = torch_sim_model(potential)
        out = model(torch_sim.io.atoms_to_state(atoms, torch.device("cpu"), torch.float64))
        for k, a in enumerate(atoms):
            a.calc = potential.calculator()
            assert out["energy"][k].item() == pytest.approx(a.get_potential_energy(), abs=1e-4)
            np.testing.assert_allclose(out["stress"][k].numpy(), a.get_stress(voigt=False), atol=1e-5)
        np.testing.assert_allclose(out["forces"].numpy(), np.concatenate([a.get_forces() for a in atoms]), atol=1e-4)

    def test_what_is_computed_can_be_chosen(self, torch_sim):
        from ase.build import bulk

        state = torch_sim.io.atoms_to_state([bulk("Si")], torch.device("cpu"), torch.float64)
        model = Toy.load("demo").torch_sim_model()
        model.compute_stress = False
        assert set(model(state)) == {"energy", "forces"}
        model.compute_forces = False
        assert set(model(state)) == {"energy"}
