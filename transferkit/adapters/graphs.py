"""Graphs of a data set, and their union in a batch."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from transferkit.adapters.base import Batch, Graph
from transferkit.adapters.heads import head_for
from transferkit.adapters.potential import ReferencedPotential
from transferkit.data.structures import Structures
from transferkit.errors import GraphError, TransferkitError


def build_graphs(
    potential: ReferencedPotential,
    data: Structures,
    *,
    skin: float = 0.0,
    head: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[Graph]:
    """One graph per structure, in order.

    Args:
        potential: whose adapter builds them
        data: structures
        skin: Å added to the cutoff
        head: whose reference must know the elements; that of the data if not given, see
            :func:`~transferkit.adapters.heads.head_for`
        progress: called with (done, all) after each structure

    Raises:
        UnknownHead: no head is called so, or nothing says which of several is meant.
        MissingReference: an element is unknown to the checkpoint or the reference; names the structure.
        GraphError: a structure cannot be turned into a graph; names it. Nothing is skipped or substituted.

    >>> import transferkit as tk
    >>> potential = tk.load("toy", checkpoint="demo")
    >>> len(build_graphs(potential, tk.bundled("gpaw-pbe-r2scan")[:3]))
    3
    """
    head = head_for(potential, data.fidelity, head)
    graphs = []
    for s, structure in enumerate(data):
        try:
            graphs.append(potential.graph(structure, skin=skin, head=head))
        except TransferkitError:
            raise
        except Exception as error:
            raise GraphError(
                f"structure {structure.id!r} (number {s}, {structure.formula}): {potential.adapter.name} failed to "
                f"build its graph: {error}. Look at its cell and positions, or leave it out."
            ) from error
        if progress is not None:
            progress(s + 1, len(data))
    return graphs


def join(graphs: Sequence[Graph], heads: Sequence[int], extra: Mapping[str, Tensor] | None = None) -> Batch:
    """The union of several graphs; atom indices of edges are shifted into the batch.

    Args:
        graphs: at least one
        heads: index of a head for each graph
        extra: the adapter's own tensors, already shifted
    """
    atoms = np.array([g.n_atoms for g in graphs])
    edges = np.array([g.n_edges for g in graphs])
    first = np.concatenate([[0], np.cumsum(atoms)[:-1]])
    which = np.arange(len(graphs))
    return Batch(
        numbers=torch.from_numpy(np.concatenate([g.numbers for g in graphs])),
        positions=torch.from_numpy(np.concatenate([g.positions for g in graphs])),
        cell=torch.from_numpy(np.stack([g.cell for g in graphs])),
        owner=torch.from_numpy(np.repeat(which, atoms)),
        head=torch.tensor(list(heads), dtype=torch.int64),
        edges=torch.from_numpy(np.concatenate([g.edges for g in graphs], axis=1) + np.repeat(first, edges)),
        image=torch.from_numpy(np.concatenate([g.image for g in graphs])),
        edge_owner=torch.from_numpy(np.repeat(which, edges)),
        extra=dict(extra or {}),
    )
