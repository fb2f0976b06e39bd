"""Graphs of a data set, and their union in a batch."""

import multiprocessing
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import overload

import numpy as np
import torch
from torch import Tensor

from transferkit.adapters.batch import Batch, Graph
from transferkit.adapters.graph_builder import GraphBuilder, Missing
from transferkit.adapters.graph_store import GraphStore, StoredGraphs, geometry_keys
from transferkit.adapters.heads import head_for
from transferkit.adapters.potential import ReferencedPotential
from transferkit.cores import own_cores
from transferkit.data.file_lock import exclusive
from transferkit.data.structures import Structures
from transferkit.errors import GraphError

LOCK = ".lock"


def build_graphs(
    potential: ReferencedPotential,
    data: Structures,
    *,
    skin: float = 0.0,
    head: str | None = None,
    progress: Callable[[int, int], None] | None = None,
    store: Path | None = None,
) -> Sequence[Graph]:
    """One graph per structure, in order.

    Args:
        potential: whose adapter builds them
        data: structures
        skin: Å added to the cutoff
        head: whose reference must know the elements; that of the data if not given, see
            :func:`~transferkit.adapters.heads.head_for`
        progress: called with (done, all) while they are built
        store: folder in which graphs are looked for, and kept; what comes back then reads a graph when its turn comes.
            Several processes may name the same folder at the same time: one builds, the others wait and read. Without
            it, all graphs are built and stay in memory.

    Raises:
        UnknownHead: no head is called so, or nothing says which of several is meant.
        MissingReference: an element is unknown to the checkpoint or the reference; names the structure.
        GraphError: a structure cannot be turned into a graph; names it. Nothing is skipped or substituted; what was
            built before it is kept in the store. Or a script has no ``if __name__ == "__main__":``, where processes build.
        DataError: a file of the store is damaged; names it and says what to do.

    >>> import transferkit as tk
    >>> potential = tk.load("toy", checkpoint="demo")
    >>> data = tk.bundled("gpaw-pbe-r2scan")[:3]
    >>> len(build_graphs(potential, data)), build_graphs(potential, data, store=Path("graphs"))[2].n_atoms
    (3, 2)
    """
    head = head_for(potential, data.fidelity, head)
    check_elements(potential, data, head)
    done = 0

    def more(n: int) -> None:
        nonlocal done
        done += n
        if progress is not None:
            progress(done, len(data))

    builder = GraphBuilder(potential, skin, more)
    if store is None:
        return builder.build(data)
    shelf = GraphStore(store, potential.adapter, skin)
    keys = geometry_keys(data)
    places = shelf.find(keys)
    if len(places) < len(set(keys)):
        # A process that is to build runs the user's script once more, and would wait below for the one that started it.
        if getattr(multiprocessing.current_process(), "_inheriting", False):
            raise GraphError(
                "a process that is to build graphs runs your script from its beginning. Put what the script does below "
                "if __name__ == '__main__':."
            )
        with exclusive(shelf.folder / LOCK) as alone:
            if alone:
                shelf.drop_drafts()
            places = shelf.find(keys)  # another process may have built them meanwhile
            lacking = {key: s for s, key in reversed([*enumerate(keys)]) if key not in places}
            numbers = sorted(lacking.values())
            more(len(data) - len(numbers))
            missing = Missing(shelf, data[numbers], [keys[s] for s in numbers], numbers)
            builder.fill(missing, own_cores())
            places = shelf.find(keys)
    return StoredGraphs(data, [places[key] for key in keys], skin)


def check_elements(potential: ReferencedPotential, data: Structures, head: str | None = None) -> None:
    """Refuse data with an element that the network or the reference of a head does not know.

    Raises:
        UnknownHead: see :meth:`~transferkit.adapters.potential.ReferencedPotential.head_index`.
        MissingReference: names the first such structure and its unknown elements.
    """
    known: set[int] = set()
    for structure in data:
        if not known.issuperset(present := {*structure.numbers.tolist()}):
            potential.check_elements(structure, head)
            known |= present


class GraphChain(Sequence[Graph]):
    """Graphs of several sets behind each other; stored ones are read when their turn comes.

    Args:
        parts: graphs of each set

    >>> from transferkit.adapters.toy import Toy
    >>> import transferkit as tk
    >>> graphs = build_graphs(Toy.load("demo"), tk.bundled("gpaw-pbe-r2scan")[:3])
    >>> len(GraphChain([graphs, graphs])), GraphChain([graphs, graphs])[4] is graphs[1]
    (6, True)
    """

    def __init__(self, parts: Sequence[Sequence[Graph]]) -> None:
        """Note where each set begins."""
        self.parts = tuple(parts)
        self.first = np.concatenate([[0], np.cumsum([len(part) for part in self.parts])])

    def __len__(self) -> int:
        """Graphs of all sets."""
        return int(self.first[-1])

    @overload
    def __getitem__(self, k: int) -> Graph: ...
    @overload
    def __getitem__(self, k: slice) -> Sequence[Graph]: ...
    def __getitem__(self, k: int | slice) -> Graph | Sequence[Graph]:
        """One graph, or several as a list."""
        if isinstance(k, slice):
            return [self[s] for s in range(*k.indices(len(self)))]
        k = range(len(self))[k]
        part = int(np.searchsorted(self.first, k, side="right")) - 1
        return self.parts[part][k - int(self.first[part])]


def edges_of(graphs: Sequence[Graph]) -> np.ndarray:
    """Directed edges of each graph, int64, (graphs,); stored graphs are not read for it."""
    if isinstance(graphs, GraphChain):
        return np.concatenate([edges_of(part) for part in graphs.parts])
    if isinstance(graphs, StoredGraphs):
        return graphs.n_edges
    return np.array([graph.n_edges for graph in graphs], dtype=np.int64)


def skins_of(graphs: Sequence[Graph]) -> np.ndarray:
    """Å that the edges of each graph reach beyond the cutoff, (graphs,); stored graphs are not read for it."""
    if isinstance(graphs, GraphChain):
        return np.concatenate([skins_of(part) for part in graphs.parts])
    if isinstance(graphs, StoredGraphs):
        return np.full(len(graphs), graphs.skin)
    return np.array([graph.skin for graph in graphs])


def take(graphs: Sequence[Graph], index: np.ndarray) -> Sequence[Graph]:
    """Some graphs, in the order of ``index``; stored ones stay where they are."""
    return graphs.take(index) if isinstance(graphs, StoredGraphs) else [graphs[s] for s in index.tolist()]


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
        skin=max(g.skin for g in graphs),
    )
