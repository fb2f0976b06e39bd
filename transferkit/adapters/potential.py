"""ReferencedPotential: a network plus one elemental reference per head. The only place where totals are made."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from ase.data import chemical_symbols
from torch import Tensor, nn

from transferkit.adapters.base import Adapter, Batch, Graph, Prediction
from transferkit.data.structures import Structure
from transferkit.errors import CheckpointError, MissingReference, UnknownHead
from transferkit.reference.elemental import ElementalReference
from transferkit.typing import Json, Property

if TYPE_CHECKING:
    from ase.calculators.calculator import Calculator
    from torch_sim.models.interface import ModelInterface

TABLE_LENGTH = len(chemical_symbols)


def _table(references: Sequence[ElementalReference]) -> Tensor:
    """E0 by head and atomic number, eV, float64; zero where unknown (``graph`` refuses such elements)."""
    table = np.zeros((len(references), TABLE_LENGTH))
    for row, reference in zip(table, references, strict=True):
        row[reference.elements] = reference.energies
    return torch.from_numpy(table)


class ReferencedPotential(nn.Module):
    """Total energy = network(structure) + sum over atoms of E0[head, Z], summed in float64.

    The training loop, EMA, checkpoints, DDP and the calculator see only this module.

    Args:
        adapter: the network
        references: one :class:`ElementalReference` per head, in the order of ``adapter.heads``
        trainable_reference: make E0 a parameter rather than a buffer
    """

    e0: Tensor

    def __init__(
        self, adapter: Adapter, references: Sequence[ElementalReference], *, trainable_reference: bool = False
    ) -> None:
        """Join a network and its references."""
        super().__init__()
        self.adapter = adapter
        self._references = tuple(references)
        if len(references) != len(adapter.heads):
            raise UnknownHead(f"{len(references)} references for heads {', '.join(adapter.heads)}; give one for each")
        table = _table(references)
        if trainable_reference:
            self.e0 = nn.Parameter(table)
        else:
            self.register_buffer("e0", table)

    @property
    def trainable_reference(self) -> bool:
        """Whether E0 is a parameter."""
        return isinstance(self.e0, nn.Parameter)

    @property
    def fidelities(self) -> dict[str, str | None]:
        """Level of theory of each head, by its name; None where unknown."""
        return {h: r.fidelity for h, r in zip(self.adapter.heads, self._references, strict=True)}

    def head_index(self, head: str | None) -> int:
        """Index of a head; None means the only one.

        Raises:
            UnknownHead: no head is called so, or None was given and there are several.
        """
        if head is None and len(self.adapter.heads) > 1:
            raise UnknownHead(
                f"this {self.adapter.name} has heads {', '.join(self.adapter.heads)}; say which one is meant: head=..."
            )
        return 0 if head is None else self.adapter.head_index(head)

    def reference(self, head: str | None = None) -> ElementalReference:
        """The reference of a head (of the only one, if there is one), as it stands now.

        Raises:
            UnknownHead: see :meth:`head_index`.
        """
        index = self.head_index(head)
        start = self._references[index]
        now = self.e0[index].detach().cpu().numpy()[start.elements]
        return replace(start, energies=now.astype(np.float64))

    def with_reference(
        self, reference: ElementalReference, head: str | None = None, *, trainable: bool = False
    ) -> "ReferencedPotential":
        """The same network object with another reference for one head; this potential is not changed.

        Args:
            reference: the new E0
            head: whose; may be left out where there is one
            trainable: make E0 a parameter

        >>> from transferkit.adapters.toy import Toy
        >>> potential = Toy.load("demo")
        >>> new = potential.with_reference(ElementalReference.from_mapping({"O": -9.0}))
        >>> new.reference()["O"], new.adapter is potential.adapter
        (-9.0, True)
        """
        index = self.head_index(head)
        references = [self.reference(h) for h in self.adapter.heads]
        references[index] = reference
        new = ReferencedPotential(self.adapter, references, trainable_reference=trainable)
        return new.to(self.e0.device)

    def add_head(
        self, name: str, copy_of: str, reference: ElementalReference | None = None, *, shape: str = "readout"
    ) -> None:
        """Add a head that starts as a copy of another, with an E0 of its own; in place.

        Args:
            name: of the new head, e.g. the fidelity that it learns
            copy_of: head whose parameters and reference it starts from
            reference: its E0, if not that of ``copy_of``
            shape: ``readout``, ``last-linear`` or ``embedding``, see :meth:`Adapter.add_head`

        Raises:
            UnknownHead: ``copy_of`` is not a head, ``name`` already is one, or cannot be a name.
            UnsupportedHead: there is no such shape, or the adapter does not have it.

        >>> from transferkit.adapters.toy import Toy
        >>> potential = Toy.load("demo")
        >>> potential.add_head("r2SCAN", copy_of="default")
        >>> potential.adapter.heads
        ('default', 'r2SCAN')
        """
        source = self.adapter.head_index(copy_of)
        references = [self.reference(h) for h in self.adapter.heads]
        references.append(reference or references[source])
        self.adapter.add_head(name, copy_of, shape)
        table = _table(references).to(self.e0.device)
        self._references = tuple(references)
        self.e0 = nn.Parameter(table) if self.trainable_reference else table

    def graph(self, structure: Structure, *, skin: float = 0.0, head: str | None = None) -> Graph:
        """Topology of one structure; refuses elements that the network or the reference does not know.

        Args:
            structure: without labels
            skin: Å added to the cutoffs
            head: whose reference must know the elements; may be left out where there is one

        Raises:
            UnknownHead: see :meth:`head_index`.
            MissingReference: an element is unknown.
            GraphError: see :meth:`Adapter.graph`.
        """
        self.check_elements(structure, head)
        # Noted here, so that every adapter's graphs say how far their topology holds.
        return replace(self.adapter.graph(structure, skin=skin), skin=skin)

    def check_elements(self, structure: Structure, head: str | None = None) -> None:
        """Refuse a structure with an element that the network or the reference of a head does not know.

        Raises:
            UnknownHead: see :meth:`head_index`.
            MissingReference: names the structure and its unknown elements.
        """
        present = {int(z) for z in np.unique(structure.numbers)}
        known = self.adapter.elements & set(self._references[self.head_index(head)].elements.tolist())
        if unknown := present - known:
            names = ", ".join(chemical_symbols[z] for z in sorted(unknown))
            raise MissingReference(
                f"structure {structure.id!r} holds {names}, which this {self.adapter.name} checkpoint does not know. "
                f"Leave such structures out, or choose a checkpoint that was trained on {names}."
            )

    def collate(self, graphs: Sequence[Graph], head: str | Sequence[str] | None = None) -> Batch:
        """One batch on the potential's device.

        Args:
            graphs: at least one
            head: of all structures, or one name per structure; may be left out where there is one

        Raises:
            UnknownHead: see :meth:`head_index`.
        """
        names = [head] * len(graphs) if head is None or isinstance(head, str) else list(head)
        return self.adapter.collate(graphs, [self.head_index(h) for h in names]).to(self.e0.device)

    def forward(
        self,
        batch: Batch,
        *,
        need: frozenset[Property],
        positions: Tensor | None = None,
        strain: Tensor | None = None,
        create_graph: bool = False,
    ) -> Prediction:
        """As :meth:`Adapter.forward`, with total energies in float64."""
        out: Prediction = self.adapter(batch, need=need, positions=positions, strain=strain, create_graph=create_graph)
        return replace(out, energy=out.energy.double() + self.reference_energy(batch))

    def reference_energy(self, batch: Batch) -> Tensor:
        """Sum of E0 over the atoms of each structure, eV, float64, (structures,)."""
        per_atom = self.e0[batch.head[batch.owner], batch.numbers]
        zero = torch.zeros(batch.n_structures, dtype=torch.float64, device=per_atom.device)
        return zero.index_add(0, batch.owner, per_atom)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> "ReferencedPotential":  # noqa: FBT001, FBT002
        # .float(), .half() and .to(dtype) are for the network; a table of E0 in float32 would be wrong by 1e-6 eV.
        exact = self.e0.detach().clone()
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        self.e0.data = exact.to(self.e0.device)
        return self

    def blocks(self) -> Mapping[str, Sequence[nn.Parameter]]:
        """The adapter's blocks, and ``reference`` when E0 is trainable: every parameter exactly once."""
        blocks = dict(self.adapter.blocks())
        if isinstance(self.e0, nn.Parameter):
            blocks["reference"] = [self.e0]
        return blocks

    def state(self) -> tuple[Json, dict[str, Tensor]]:
        """JSON and tensors from which :meth:`from_state` rebuilds this potential bitwise."""
        config, tensors = self.adapter.state()
        info: Json = {
            "adapter": self.adapter.name,
            "config": config,
            "references": [self.reference(h).to_json() for h in self.adapter.heads],
            "trainable_reference": self.trainable_reference,
        }
        return info, {f"adapter.{k}": v for k, v in tensors.items()} | {"e0": self.e0.detach().cpu().clone()}

    @classmethod
    def from_state(cls, info: Json, tensors: Mapping[str, Tensor]) -> "ReferencedPotential":
        """Rebuild what :meth:`state` gave."""
        from transferkit.adapters.registry import adapter_class

        own = {k.removeprefix("adapter."): v for k, v in tensors.items() if k.startswith("adapter.")}
        adapter = adapter_class(info["adapter"]).from_state(info["config"], own)
        references = [ElementalReference.from_json(r) for r in info["references"]]
        new = cls(adapter, references, trainable_reference=info["trainable_reference"])
        if tensors["e0"].shape != new.e0.shape:  # copy_ would repeat one head's row for all
            raise ValueError(f"e0 has shape {tuple(tensors['e0'].shape)}, not {tuple(new.e0.shape)}")
        new.e0.data.copy_(tensors["e0"])
        return new

    def save(self, folder: str | Path, *, recipe: Json | None = None, provenance: Json | None = None) -> Path:
        """Write a bundle: ``model.safetensors`` and ``model.json``, no pickle. See :mod:`transferkit.adapters.bundle`."""
        from transferkit.adapters.bundle import write_bundle

        return write_bundle(self, folder, recipe=recipe, provenance=provenance)

    @classmethod
    def open(cls, folder: str | Path) -> "ReferencedPotential":
        """Open what :meth:`save` wrote, on the CPU; errors as :func:`transferkit.adapters.bundle.open_bundle`."""
        from transferkit.adapters.bundle import open_bundle

        return open_bundle(folder)

    def export(self, path: str | Path, head: str | None = None) -> Path:
        """Write a file that the native package opens and that gives the same energies, E0 included.

        Raises:
            CheckpointError: ``path`` is a folder.
            UnknownHead: see :meth:`head_index`.
        """
        if Path(path).is_dir():
            raise CheckpointError(f"{path} is a folder, and an export is a file. Name one in it, e.g. {path}/model.")
        reference = self.reference(head)
        table = {int(z): float(e) for z, e in zip(reference.elements, reference.energies, strict=True)}
        self.adapter.export(Path(path), table, self.adapter.heads[self.head_index(head)])
        return Path(path)

    def calculator(self, head: str | None = None) -> "Calculator":
        """An ASE calculator: energy eV, forces eV/Å, stress eV/Å³ (Voigt), magmoms μB where predicted."""
        from transferkit.adapters.calculator import PotentialCalculator

        return PotentialCalculator(self, head=head)

    def torch_sim_model(self, head: str | None = None) -> "ModelInterface":
        """A torch-sim model: many systems in one batch, for relaxations and molecular dynamics on a GPU.

        Raises:
            AdapterNotInstalled: the package torch-sim-atomistic is not installed.
            UnknownHead: see :meth:`head_index`.
        """
        from transferkit.adapters.torchsim import torch_sim_model

        return torch_sim_model(self, head=head)
