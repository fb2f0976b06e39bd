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
from transferkit.data.structures import Structure
from transferkit.errors import CheckpointError, UnknownHead, UnsupportedProperty, nearest
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
    cutoff: float
    elements: frozenset[int]
    heads: tuple[str, ...]
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
    def add_head(self, name: str, copy_of: str) -> None:
        """Add a readout head with its own copy of another's parameters.

        Raises:
            UnknownHead: ``copy_of`` is not a head.
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

    def head_index(self, head: str) -> int:
        """Index of a head by its name.

        Raises:
            UnknownHead: no head is called so.
        """
        if head not in self.heads:
            raise UnknownHead(f"{self.name} has no head called {head!r}. {nearest(head, self.heads)}")
        return self.heads.index(head)

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
