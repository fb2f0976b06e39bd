"""The face behind which every potential stands. Abstract or final; nothing in between.

Energies leave an adapter in eV, total per structure, *without* elemental energies E0: those live in
:class:`~transferkit.adapters.potential.ReferencedPotential`.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor, nn

from transferkit.adapters.batch import Batch, Graph, Prediction
from transferkit.adapters.card import Card
from transferkit.adapters.shapes import SHAPES, copied
from transferkit.data.structures import Structure
from transferkit.errors import CheckpointError, UnknownHead, UnsupportedHead, UnsupportedProperty, nearest
from transferkit.typing import Json, Property

if TYPE_CHECKING:
    from transferkit.adapters.potential import ReferencedPotential

__all__ = ["Adapter", "Batch", "Capabilities", "Graph", "Prediction"]


@dataclass(frozen=True)
class Capabilities:
    """What an adapter can do; a ``need`` outside ``properties`` is a typed error, never an empty answer."""

    properties: frozenset[Property]
    dtypes: frozenset[torch.dtype]
    native_heads: bool = False
    isolated_atoms: bool = True


class Adapter(nn.Module, ABC):
    """A potential without its elemental energies.

    Attributes:
        name: registered name
        cutoff: Å
        elements: atomic numbers that the checkpoint knows
        heads: names of the readout heads; data choose theirs by fidelity
        capabilities: what can be predicted, in which dtypes
        package: distribution that the adapter wraps; its version is part of a run's provenance
        presets: named selections of blocks to train, for the strategy of the same name
        cards: what is known of published checkpoints without opening them, by name; names beyond :meth:`checkpoints`
            need a network connection
        ships: whether checkpoints come with the package. Where they do not, which lie on a machine is chance, and one
            must be named
        head_shapes: that :meth:`add_head` can give, of :data:`~transferkit.adapters.shapes.SHAPES`. One that has more than
            ``readout`` keeps :meth:`sharing` in its state and calls :meth:`share_again` in ``from_state``
        lineage: index, shape, and index of the head it was copied from, of each head that was added
        pickles: whether :meth:`load` opens its files, and those of ``export``, only with ``trust``
        graph_key: changes when graphs would
        licence: of the weights, in words
    """

    name: ClassVar[str]
    package: ClassVar[str]
    capabilities: ClassVar[Capabilities]
    presets: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    cards: ClassVar[Mapping[str, Card]] = {}
    ships: ClassVar[bool] = True
    pickles: ClassVar[bool] = False
    head_shapes: ClassVar[frozenset[str]] = frozenset({"readout"})
    cutoff: float
    elements: frozenset[int]
    heads: tuple[str, ...]
    lineage: tuple[tuple[int, str, int], ...] = ()
    graph_key: str
    licence: str

    @classmethod
    @abstractmethod
    def checkpoints(cls) -> tuple[str, ...]:
        """Names of checkpoints that load without a network connection."""

    @classmethod
    @abstractmethod
    def load(
        cls, checkpoint: str | Path, *, device: str = "cpu", dtype: torch.dtype = torch.float32, trust: bool = False
    ) -> "ReferencedPotential":
        """A pre-trained potential; E0 is lifted out of the network.

        Args:
            checkpoint: name or path
            device: of torch
            dtype: of the network
            trust: the user's word that a pickle may be opened, which runs code that its author chose; never needed where
                an adapter's files are plain tensors

        Raises:
            CheckpointError: unknown name (the known ones are listed), unreadable file, a pickle without ``trust``, or
                unsupported dtype.
        """

    @classmethod
    @abstractmethod
    def scratch(
        cls, config: str = "full", *, seed: int = 0, device: str = "cpu", dtype: torch.dtype = torch.float32
    ) -> "ReferencedPotential":
        """Random weights by a named configuration; E0 is zero for every element.

        Raises:
            CheckpointError: the configuration is unknown; the known ones are listed.
        """

    @abstractmethod
    def graph(self, structure: Structure, *, skin: float = 0.0) -> Graph:
        """Topology of one structure, with edges up to ``cutoff + skin`` Å. Does not look at E0 or labels.

        Raises:
            GraphError: the structure cannot be turned into a graph; names it and says what mends it.
        """

    @abstractmethod
    def collate(self, graphs: Sequence[Graph], heads: Sequence[int]) -> Batch:
        """One batch on CPU; ``heads`` holds an index into :attr:`heads` for each graph."""

    @abstractmethod
    def forward(
        self,
        batch: Batch,
        *,
        need: frozenset[Property],
        positions: Tensor | None = None,
        strain: Tensor | None = None,
        create_graph: bool = False,
    ) -> Prediction:
        """Predict what ``need`` names, energies without E0. Forces and stress come out of one gradient call.

        Args:
            batch: from :meth:`collate`
            need: properties wanted; energy is always given
            positions: Å, (atoms, 3): evaluate the same topology at these positions
            strain: (structures, 3, 3): deform cell and positions by (1 + strain)
            create_graph: keep the graph through forces and stress, for a loss on them; without it, a prediction with
                forces or stress comes back detached, also inside ``torch.no_grad``

        Raises:
            UnsupportedProperty: ``need`` names something outside the capabilities.
        """

    @abstractmethod
    def blocks(self) -> Mapping[str, Sequence[nn.Parameter]]:
        """All parameters exactly once, ordered from input to output: embedding, interaction.0, ..., readout.<head>."""

    @abstractmethod
    def features(self, batch: Batch) -> Mapping[str, Tensor]:
        """Per-atom features after each block, (atoms, channels)."""

    @abstractmethod
    def low_rank_sites(self) -> Mapping[str, nn.Module]:
        """Linear modules that a low-rank update may attach to, by name."""

    @abstractmethod
    def head_modules(self) -> Mapping[str, nn.ModuleList]:
        """Lists with one module per head, by family of blocks.

        ``readout``; ``magmom`` where there are moments; and in front of them ``fidelity``, where a head may have the shape
        ``embedding``: one :class:`~transferkit.adapters.shapes.Fidelity` each.
        """

    @abstractmethod
    def state(self) -> tuple[Json, dict[str, Tensor]]:
        """Configuration as JSON, and every tensor including buffers; never a pickle."""

    @classmethod
    @abstractmethod
    def from_state(cls, config: Json, tensors: Mapping[str, Tensor]) -> "Adapter":
        """Rebuild what :meth:`state` gave, bitwise."""

    @abstractmethod
    def export(self, path: Path, e0: Mapping[int, float], head: str) -> None:
        """Write a file that the native package opens, with E0 (eV per atom, by atomic number) put back in."""

    def add_head(self, name: str, copy_of: str, shape: str = "readout") -> None:
        """Add a head that starts as a copy of another; in place.

        Args:
            name: of the new head
            copy_of: head that it starts from, with equal predictions
            shape: what is the new head's own, see :data:`~transferkit.adapters.shapes.SHAPES`; it shares the rest with
                ``copy_of``

        Raises:
            UnknownHead: ``copy_of`` is not a head, ``name`` already is one, or cannot be a name.
            UnsupportedHead: there is no such shape, or this adapter does not have it.
        """
        source = self.head_index(copy_of)
        self.check_head_name(name)
        self.check_head_shape(shape)
        self._copy_heads([(len(self.heads), shape, source)])
        self.heads = (*self.heads, name)

    def rename_head(self, old: str, new: str) -> None:
        """Give a head another name; in place. Its blocks, and what is saved, follow.

        Raises:
            UnknownHead: ``old`` is not a head, ``new`` is another one, or cannot be a name.

        >>> from transferkit.adapters.toy import Toy
        >>> adapter = Toy.scratch("tiny").adapter
        >>> adapter.rename_head("default", "PBE")
        >>> adapter.heads
        ('PBE',)
        """
        index = self.head_index(old)
        if new != old:
            self.check_head_name(new)
        self.heads = (*self.heads[:index], new, *self.heads[index + 1 :])

    def sharing(self) -> Json:
        """What :meth:`state` adds to the configuration where heads share parts: ``{"lineage": ...}``, or nothing."""
        shares = any(shape != "readout" for _, shape, _ in self.lineage)
        return {"lineage": [list(entry) for entry in self.lineage]} if shares else {}

    def share_again(self, config: Json) -> None:
        """Let heads share what they shared when ``config`` was made; for :meth:`from_state`, before tensors are loaded."""
        self._copy_heads([(int(index), str(shape), int(source)) for index, shape, source in config.get("lineage", [])])

    def _copy_heads(self, lineage: Sequence[tuple[int, str, int]]) -> None:
        like = next(self.parameters())
        for index, shape, source in lineage:
            for modules in self.head_modules().values():
                part = copied(modules[source], shape, like=like)
                if index < len(modules):
                    modules[index] = part
                else:
                    modules.append(part)
        self.lineage = (*self.lineage, *lineage)

    def head_index(self, head: str) -> int:
        """Index of a head by its name.

        Raises:
            UnknownHead: no head is called so.
        """
        if head not in self.heads:
            raise UnknownHead(f"{self.name} has no head called {head!r}. {nearest(head, self.heads)}")
        return self.heads.index(head)

    def check_head_name(self, name: str) -> None:
        """Refuse a name that is taken, or that could not be told from a range of blocks.

        Raises:
            UnknownHead: says which.
        """
        if name in self.heads:
            raise UnknownHead(f"{self.name} already has a head called {name!r}; choose another name")
        if not name or name != name.strip() or {":", ","} & {*name}:
            raise UnknownHead(
                f"a head cannot be called {name!r}: blocks are named after heads, so leave out ':' and ',' and blanks at the "
                f"ends. {nearest(name, self.heads)}"
            )

    @classmethod
    def check_head_shape(cls, shape: str) -> None:
        """Refuse a shape that heads of this adapter cannot have.

        Raises:
            UnsupportedHead: names the possible ones.
        """
        if shape in cls.head_shapes:
            return
        possible = ", ".join(s for s in SHAPES if s in cls.head_shapes)
        if shape in SHAPES:
            raise UnsupportedHead(f"heads of {cls.name} cannot have the shape {shape!r}; they can have: {possible}.")
        raise UnsupportedHead(f"there is no head of the shape {shape!r}. {nearest(shape, cls.head_shapes)}")

    @classmethod
    def check_dtype(cls, dtype: torch.dtype) -> None:
        """Refuse a dtype that the network cannot compute in.

        Raises:
            CheckpointError: names the dtype and the possible ones.
        """
        if dtype not in cls.capabilities.dtypes:
            possible = ", ".join(sorted(str(d).removeprefix("torch.") for d in cls.capabilities.dtypes))
            raise CheckpointError(f"{cls.name} does not compute in {dtype}; use {possible}.")

    def check_need(self, need: frozenset[Property]) -> None:
        """Refuse what cannot be predicted.

        Raises:
            UnsupportedProperty: names the property and what the adapter predicts.
        """
        if extra := need - self.capabilities.properties:
            raise UnsupportedProperty(
                f"{self.name} does not predict {', '.join(sorted(extra))}; "
                f"it predicts {', '.join(sorted(self.capabilities.properties))}. Leave the others out of the loss."
            )
