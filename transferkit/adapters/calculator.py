"""PotentialCalculator: any potential in ASE, for relaxations and molecular dynamics."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes
from ase.stress import full_3x3_to_voigt_6_stress

from transferkit.adapters.potential import ReferencedPotential
from transferkit.data.structures import Structure
from transferkit.errors import DataError
from transferkit.typing import Property


class PotentialCalculator(Calculator):
    """energy and free_energy in eV, forces in eV/Å, stress in eV/Å³ (Voigt xx yy zz yz xz xy), magmoms in μB.

    The graph is kept between calls and built anew when an atom has moved by more than half the skin, or the cell or
    the elements have changed. Edges of the skin change nothing inside the cutoff.

    Args:
        potential: evaluated as it is, not copied
        head: of the potential; may be left out where there is one
        skin: Å
        id: name of the structure in messages

    Raises:
        UnknownHead: no head is called so, or there are several and none was named.

    >>> from ase.build import bulk
    >>> from transferkit.adapters.toy import Toy
    >>> atoms = bulk("Si")
    >>> atoms.calc = Toy.load("demo").calculator()
    >>> atoms.get_stress().shape, atoms.get_forces().shape
    ((6,), (2, 3))
    """

    def __init__(
        self,
        potential: ReferencedPotential,
        head: str | None = None,
        *,
        skin: float = 0.5,
        id: str = "atoms",  # noqa: A002
    ) -> None:
        """Keep the potential; nothing is computed."""
        super().__init__()  # type: ignore[no-untyped-call]
        self.potential = potential
        self.head = potential.adapter.heads[potential.head_index(head)]
        self.skin = skin
        self.id = id
        self.builds = 0
        self._start: Structure | None = None
        self._batch: Any = None
        self.implemented_properties = ["free_energy", *sorted(potential.adapter.capabilities.properties)]

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: Sequence[str] = ("energy",),
        system_changes: Sequence[str] = tuple(all_changes),
    ) -> None:
        """Compute the properties asked for; all others that come for free are kept too.

        Raises:
            GraphError: the atoms cannot be turned into a graph, e.g. a molecule without a box for CHGNet.
            MissingReference: an element is unknown to the checkpoint.
            DataError: there are no atoms.
        """
        super().calculate(atoms, properties, system_changes)  # type: ignore[no-untyped-call]
        now = self.atoms
        if now is None:
            raise DataError("the calculator has no atoms: use atoms.calc = potential.calculator(), then ask the atoms")
        structure = Structure(
            numbers=now.numbers.astype(np.int64),
            positions=now.positions.astype(np.float64),
            cell=np.array(now.cell, dtype=np.float64),
            pbc=np.array(now.pbc, dtype=bool),
            id=self.id,
        )
        need = self._need(properties, periodic=bool(now.cell.rank == 3))
        if self._stale(structure):
            graph = self.potential.graph(structure, skin=self.skin, head=self.head)
            self._batch, self._start = self.potential.collate([graph], self.head), structure
            self.builds += 1
        positions = self._batch.positions.new_tensor(structure.positions)
        out = self.potential(self._batch, need=need, positions=positions)
        energy = float(out.energy.detach()[0])
        self.results = {"energy": energy, "free_energy": energy}
        if out.forces is not None:
            self.results["forces"] = out.forces.detach().cpu().numpy()
        if out.stress is not None:
            self.results["stress"] = full_3x3_to_voigt_6_stress(  # type: ignore[no-untyped-call]
                out.stress.detach()[0].cpu().numpy()
            )
        if out.magmoms is not None:
            self.results["magmoms"] = out.magmoms.detach().cpu().numpy().astype(np.float64)

    def _need(self, properties: Sequence[str], *, periodic: bool) -> frozenset[Property]:
        # Relaxations ask for forces and stress in turn: one gradient call serves both.
        names: set[Property] = {"energy"}
        if {"forces", "stress"} & set(properties):
            names.add("forces")
            if periodic:
                names.add("stress")
        if "magmoms" in properties:
            names.add("magmoms")
        return frozenset(names) & (self.potential.adapter.capabilities.properties | {"energy"})

    def _stale(self, now: Structure) -> bool:
        start = self._start
        if start is None or len(start) != len(now):
            return True
        same = (
            np.array_equal(start.numbers, now.numbers)
            and np.array_equal(start.cell, now.cell)
            and np.array_equal(start.pbc, now.pbc)
        )
        moved = np.linalg.norm(now.positions - start.positions, axis=1).max() if same else np.inf
        return bool(moved > self.skin / 2)
