"""Graph, Batch and Prediction: what goes into a network, and what comes out of it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from transferkit.adapters.parcel import send


@dataclass(frozen=True, eq=False)
class Graph:
    """Topology of one structure; CPU, picklable.

    Attributes:
        numbers: atomic numbers, int64, (atoms,)
        positions: Å, float64, (atoms, 3)
        cell: Å, float64, (3, 3)
        edges: int64, (2, edges): receiving atom i, sending atom j
        image: int64, (edges, 3): lattice translation of j
        extra: the adapter's own arrays (angles, reverse edges, ...)
        id: name of the structure, for messages
        skin: Å that the edges reach beyond the cutoff
    """

    numbers: np.ndarray
    positions: np.ndarray
    cell: np.ndarray
    edges: np.ndarray
    image: np.ndarray
    extra: Mapping[str, np.ndarray]
    id: str = ""
    skin: float = 0.0

    @property
    def n_atoms(self) -> int:
        """Number of atoms."""
        return len(self.numbers)

    @property
    def n_edges(self) -> int:
        """Number of directed edges: what a batch budget counts."""
        return int(self.edges.shape[1])


@dataclass(frozen=True, eq=False)
class Batch:
    """Several graphs as one; every index is shifted into the batch.

    Attributes:
        numbers: int64, (atoms,)
        positions: Å, float64, (atoms, 3)
        cell: Å, float64, (structures, 3, 3)
        owner: structure of each atom, int64, (atoms,)
        head: head of each structure, int64, (structures,)
        edges: int64, (2, edges)
        image: int64, (edges, 3)
        edge_owner: structure of each edge, int64, (edges,)
        extra: the adapter's own tensors
        skin: Å that edges reach beyond the cutoff, the most of any graph
    """

    numbers: Tensor
    positions: Tensor
    cell: Tensor
    owner: Tensor
    head: Tensor
    edges: Tensor
    image: Tensor
    edge_owner: Tensor
    extra: Mapping[str, Tensor]
    skin: float = 0.0

    @property
    def n_structures(self) -> int:
        """Number of structures."""
        return len(self.cell)

    @property
    def n_atoms(self) -> Tensor:
        """Atoms per structure, int64, (structures,)."""
        return torch.bincount(self.owner, minlength=self.n_structures)

    def to(self, device: torch.device | str) -> "Batch":
        """The same batch on another device."""
        return send(self, device)


@dataclass(frozen=True, eq=False)
class Prediction:
    """What was asked for, and only that.

    Attributes:
        energy: eV, total, float64, (structures,)
        forces: eV/Å, float64, (atoms, 3)
        stress: eV/Å³, ASE sign, float64, (structures, 3, 3); NaN for a structure without a volume
        magmoms: μB, absolute, in the network's dtype, (atoms,)
    """

    energy: Tensor
    forces: Tensor | None = None
    stress: Tensor | None = None
    magmoms: Tensor | None = None
