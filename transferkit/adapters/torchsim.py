"""Any potential in torch-sim: many systems in one batch, for relaxations and molecular dynamics on a GPU."""

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from transferkit.adapters.base import Batch, Graph
from transferkit.adapters.potential import ReferencedPotential
from transferkit.data.structures import Structure
from transferkit.errors import AdapterBroken, AdapterNotInstalled
from transferkit.typing import Property

if TYPE_CHECKING:
    from torch_sim.models.interface import ModelInterface

PACKAGE = "torch-sim-atomistic"


class StateEvaluator:
    """Energies, forces and stresses of a torch-sim state, in one batch; graphs are kept between calls.

    The graph of a system is built anew when one of its atoms has moved by more than half the skin, or its cell,
    elements or periodicity have changed; so it is right also when systems come and go.

    Args:
        potential: evaluated as it is, not copied
        head: of the potential; may be left out where there is one
        skin: Å

    Raises:
        UnknownHead: no head is called so, or there are several and none was named.
    """

    def __init__(self, potential: ReferencedPotential, head: str | None = None, *, skin: float = 0.5) -> None:
        """Keep the potential; nothing is computed."""
        self.potential = potential
        self.head = potential.adapter.heads[potential.head_index(head)]
        self.skin = skin
        self.builds = 0
        self._starts: list[Structure] = []
        self._graphs: list[Graph] = []
        self._batch: Batch | None = None

    def __call__(self, state: Any, need: frozenset[Property]) -> dict[str, Tensor]:
        """What is needed, with total energies.

        Args:
            state: with ``positions`` Å (atoms, 3), ``cell`` Å (systems, 3, 3) whose *columns* are the lattice vectors,
                ``pbc``, ``atomic_numbers`` (atoms,) and ``system_idx`` (atoms,), in order
            need: properties

        Returns:
            energy eV (systems,), forces eV/Å (atoms, 3), stress eV/Å³ in ASE's sign (systems, 3, 3); float64,
            detached; the stress of a system without a volume is NaN

        Raises:
            GraphError: a system cannot be turned into a graph, e.g. a molecule without a box for CHGNet; it is named
                by its number.
            MissingReference: an element is unknown to the checkpoint.
        """
        batch = self._updated(_structures(state))
        positions = state.positions.detach().to(device=batch.positions.device, dtype=torch.float64)
        out = self.potential(batch, need=need | {"energy"}, positions=positions)
        return {name: value.detach() for name in ("energy", *sorted(need)) if (value := getattr(out, name)) is not None}

    def _updated(self, now: list[Structure]) -> Batch:
        stale = [k for k, s in enumerate(now) if k >= len(self._starts) or self._moved(self._starts[k], s)]
        if self._batch is not None and not stale and len(now) == len(self._starts):
            return self._batch
        starts, graphs = self._starts[: len(now)], self._graphs[: len(now)]
        for k in stale:
            graph = self.potential.graph(now[k], skin=self.skin, head=self.head)
            starts[k : k + 1], graphs[k : k + 1] = [now[k]], [graph]
        self.builds += len(stale)
        self._batch = self.potential.collate(graphs, self.head)
        self._starts, self._graphs = starts, graphs
        return self._batch

    def _moved(self, start: Structure, now: Structure) -> bool:
        same = (
            np.array_equal(start.numbers, now.numbers)
            and np.array_equal(start.cell, now.cell)
            and np.array_equal(start.pbc, now.pbc)
        )
        return not same or bool(np.linalg.norm(start.positions - now.positions, axis=1).max() > self.skin / 2)


def _structures(state: Any) -> list[Structure]:
    """The systems of a state, on the CPU in float64."""
    positions = state.positions.detach().cpu().double().numpy()
    cells = state.cell.detach().cpu().double().numpy().transpose(0, 2, 1)
    numbers = state.atomic_numbers.detach().cpu().numpy().astype(np.int64)
    # One value for all directions in earlier versions of torch-sim, one for each direction in later ones.
    pbc = np.broadcast_to(np.asarray(torch.as_tensor(state.pbc).cpu()), (3,)).astype(bool)
    ends = np.cumsum(np.bincount(state.system_idx.detach().cpu().numpy(), minlength=len(cells)))
    atoms = [slice(start, end) for start, end in zip([0, *ends[:-1]], ends, strict=True)]
    return [
        Structure(numbers[a], positions[a].copy(), cells[k].copy(), pbc, f"system {k}") for k, a in enumerate(atoms)
    ]


def torch_sim_model(potential: ReferencedPotential, head: str | None = None, *, skin: float = 0.5) -> "ModelInterface":
    """A torch-sim model of a potential; computes in float64 geometry, on the potential's device.

    Args:
        potential: evaluated as it is, not copied
        head: of the potential; may be left out where there is one
        skin: Å

    Returns:
        an object of torch-sim's ``ModelInterface``: ``model(state)`` gives energy, and forces and stress unless
        ``compute_forces`` or ``compute_stress`` is set to false

    Raises:
        AdapterNotInstalled: torch-sim is not installed.
        AdapterBroken: torch-sim is installed, but fails to import.
        UnknownHead: no head is called so, or there are several and none was named.
    """
    interface = _interface()
    able = potential.adapter.capabilities.properties

    class TorchSimModel(interface):  # type: ignore[misc, valid-type]
        """A transferkit potential as torch-sim wants it."""

        def __init__(self) -> None:
            super().__init__()
            self.potential = potential
            self.evaluator = StateEvaluator(potential, head, skin=skin)
            self._device, self._dtype = potential.e0.device, torch.float64
            self._compute_forces, self._compute_stress = "forces" in able, "stress" in able

        @interface.compute_forces.setter  # type: ignore[untyped-decorator]
        def compute_forces(self, wanted: bool) -> None:  # noqa: FBT001
            potential.adapter.check_need(frozenset({"forces"} if wanted else ()))
            self._compute_forces = wanted

        @interface.compute_stress.setter  # type: ignore[untyped-decorator]
        def compute_stress(self, wanted: bool) -> None:  # noqa: FBT001
            potential.adapter.check_need(frozenset({"stress"} if wanted else ()))
            self._compute_stress = wanted

        def forward(self, state: Any, **_: Any) -> dict[str, Tensor]:
            forces: frozenset[Property] = frozenset({"forces"} if self._compute_forces else ())
            stress: frozenset[Property] = frozenset({"stress"} if self._compute_stress else ())
            return self.evaluator(state, forces | stress)

    return TorchSimModel()


def _interface() -> Any:
    """torch-sim's class, imported now and without its warnings.

    Raises:
        AdapterNotInstalled: it is missing.
        AdapterBroken: it fails to import.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from torch_sim.models.interface import ModelInterface
    except ModuleNotFoundError as error:
        raise AdapterNotInstalled(
            f"a torch-sim model needs the package {error.name!r}, which is not installed. Run: pip install {PACKAGE}"
        ) from error
    except Exception as error:  # a broken package raises anything
        raise AdapterBroken(f"torch-sim is installed but fails to import: {type(error).__name__}: {error}") from error
    return ModelInterface
