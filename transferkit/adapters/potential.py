"""ReferencedPotential: a network plus one elemental reference per head. The only place where totals are made."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from ase.data import chemical_symbols
from torch import Tensor, nn

from transferkit.adapters.base import Adapter, Batch, Graph, Prediction
from transferkit.data.structures import Structure
from transferkit.errors import MissingReference
from transferkit.reference.elemental import ElementalReference
from transferkit.typing import Json, Property

if TYPE_CHECKING:
    from ase.calculators.calculator import Calculator

TABLE_LENGTH = len(chemical_symbols)


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
        table = torch.zeros(len(references), TABLE_LENGTH, dtype=torch.float64)
        for row, reference in zip(table, references, strict=True):
            row[torch.from_numpy(reference.elements.copy())] = torch.from_numpy(reference.energies.copy())
        if trainable_reference:
            self.e0 = nn.Parameter(table)
        else:
            self.register_buffer("e0", table)

    @property
    def trainable_reference(self) -> bool:
        """Whether E0 is a parameter."""
        return isinstance(self.e0, nn.Parameter)

    def reference(self, head: str | None = None) -> ElementalReference:
        """The reference of a head (of the only one, if there is one), as it stands now."""
        index = 0 if head is None and len(self.adapter.heads) == 1 else self.adapter.head_index(head or "")
        start = self._references[index]
        now = self.e0[index].detach().cpu().numpy()[start.elements]
        return replace(start, energies=now.astype(np.float64))

    def with_reference(
        self, reference: ElementalReference, head: str | None = None, *, trainable: bool = False
    ) -> "ReferencedPotential":
        """The same network object with another reference for one head."""
        index = 0 if head is None and len(self.adapter.heads) == 1 else self.adapter.head_index(head or "")
        references = [self.reference(h) for h in self.adapter.heads]
        references[index] = reference
        new = ReferencedPotential(self.adapter, references, trainable_reference=trainable)
        return new.to(self.e0.device)

    def graph(self, structure: Structure, *, skin: float = 0.0, head: str | None = None) -> Graph:
        """Topology of one structure; refuses elements that the network or the reference does not know.

        Raises:
            MissingReference: an element is unknown.
            GraphError: see :meth:`Adapter.graph`.
        """
        present = {int(z) for z in np.unique(structure.numbers)}
        known = self.adapter.elements & {int(z) for z in self.reference(head or self.adapter.heads[0]).elements}
        if unknown := present - known:
            names = ", ".join(chemical_symbols[z] for z in sorted(unknown))
            raise MissingReference(
                f"structure {structure.id!r} holds {names}, which this {self.adapter.name} checkpoint does not know. "
                f"Leave such structures out, or choose a checkpoint that was trained on {names}."
            )
        return self.adapter.graph(structure, skin=skin)

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
        out = self.adapter(batch, need=need, positions=positions, strain=strain, create_graph=create_graph)
        return replace(out, energy=out.energy.double() + self.reference_energy(batch))

    def reference_energy(self, batch: Batch) -> Tensor:
        """Sum of E0 over the atoms of each structure, eV, float64, (structures,)."""
        per_atom = self.e0[batch.head[batch.owner], batch.numbers]
        zero = torch.zeros(batch.n_structures, dtype=torch.float64, device=per_atom.device)
        return zero.index_add(0, batch.owner, per_atom)

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
        new.e0.data.copy_(tensors["e0"])
        return new

    def save(self, folder: str | Path) -> None:
        """Write ``model.safetensors`` and ``model.json`` into a folder; no pickle."""
        from safetensors.torch import save_file

        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        info, tensors = self.state()
        save_file({k: v.contiguous() for k, v in tensors.items()}, folder / "model.safetensors")
        (folder / "model.json").write_text(json.dumps(info, indent=1))

    @classmethod
    def open(cls, folder: str | Path) -> "ReferencedPotential":
        """Open what :meth:`save` wrote."""
        from safetensors.torch import load_file

        folder = Path(folder)
        return cls.from_state(json.loads((folder / "model.json").read_text()), load_file(folder / "model.safetensors"))

    def export(self, path: str | Path, head: str | None = None) -> Path:
        """Write a file that the native package opens and that gives the same energies, E0 included."""
        reference = self.reference(head)
        table = {int(z): float(e) for z, e in zip(reference.elements, reference.energies, strict=True)}
        self.adapter.export(Path(path), table, head or self.adapter.heads[0])
        return Path(path)

    def calculator(self, head: str | None = None) -> "Calculator":
        """An ASE calculator: energy eV, forces eV/Å, stress eV/Å³ (Voigt), magmoms μB where predicted."""
        from transferkit.adapters.calculator import PotentialCalculator

        return PotentialCalculator(self, head=head)
