"""Graphs on disk, built once and read through memory mapping by every run that needs them.

A graph follows from geometry, adapter and skin, and from nothing else. So it is found by a hash of numbers, positions, cell and
periodicity, in a folder for adapter, ``graph_key`` and skin: a subset, another level of theory at the same geometry and another run find
what is there. Positions and the like are taken from the data; what is kept is topology.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import SupportsIndex, overload
from uuid import uuid4

import numpy as np

from transferkit.adapters.base import Adapter
from transferkit.adapters.batch import Graph
from transferkit.data.array_shard import DRAFT, KEY_BYTES, Shard, compact, write_shard
from transferkit.data.structure import Structure
from transferkit.data.structures import Structures
from transferkit.typing import Json

SUFFIX = ".arrow"
GEOMETRY = ("numbers", "positions", "cell")
OWN, EXTRA = "own:", "extra:"
"""Arrays that an adapter changed, and arrays that it added."""


def geometry_keys(data: Structures) -> list[bytes]:
    """A hash for each structure of what its graph depends on: numbers, positions, cell and periodicity, to the bit.

    >>> import transferkit as tk
    >>> data = tk.bundled("gpaw-pbe-r2scan")
    >>> geometry_keys(data[3:5]) == geometry_keys(data)[3:5]
    True
    """
    numbers, positions = data.numbers.astype("<i8"), data.positions.astype("<f8")
    cell, pbc = data.cell.astype("<f8"), data.pbc.astype("?")
    ends = data.offsets.tolist()
    return [
        sha256(numbers[a:b].tobytes() + positions[a:b].tobytes() + cell[s].tobytes() + pbc[s].tobytes()).digest()[
            :KEY_BYTES
        ]
        for s, (a, b) in enumerate(pairwise(ends))
    ]


class GraphStore:
    """The graphs of one adapter, ``graph_key`` and skin in a folder; several processes may read and write at once.

    Args:
        root: folder of all graphs, shared by adapters; made if needed
        adapter: that builds the graphs
        skin: Å added to its cutoff
    """

    def __init__(self, root: Path, adapter: Adapter, skin: float) -> None:
        """Make the folder."""
        self.about: Json = {"adapter": adapter.name, "graph_key": adapter.graph_key, "skin": float(skin)}
        self.skin = skin
        digest = sha256(json.dumps(self.about, sort_keys=True).encode()).hexdigest()[:12]
        self.folder = Path(root) / f"{adapter.name}-{digest}"
        self.folder.mkdir(parents=True, exist_ok=True)
        self._shards: dict[Path, Shard] = {}

    def __getstate__(self) -> Json:
        """For a process that writes: open files stay here."""
        return {**self.__dict__, "_shards": {}}

    def find(self, keys: Iterable[bytes]) -> dict[bytes, tuple[Shard, int]]:
        """Where the graphs of these geometries are: shard and row; those that are not there are left out.

        Raises:
            DataError: a file is damaged; names it and says what to do.
        """
        wanted = set(keys)
        found: dict[bytes, tuple[Shard, int]] = {}
        for path in sorted(self.folder.glob(f"*{SUFFIX}")):
            if path.name.startswith(DRAFT):
                continue
            shard = self._shards.get(path) or self._shards.setdefault(path, Shard(path))
            found |= {key: (shard, row) for row, key in enumerate(shard.keys) if key in wanted}
        return found

    def write(self, keys: Sequence[bytes], structures: Sequence[Structure], graphs: Sequence[Graph]) -> None:
        """Add graphs, as one file; nothing is done for none."""
        if graphs:
            changed = [
                name
                for name in GEOMETRY
                if any(not _same(getattr(g, name), getattr(s, name)) for g, s in zip(graphs, structures, strict=True))
            ]
            records = [_record(graph, changed) for graph in graphs]
            write_shard(self.folder / f"{uuid4().hex[:12]}{SUFFIX}", keys, records, self.about)

    def drop_drafts(self) -> None:
        """Remove what killed processes left half written; only while no other process writes."""
        for path in self.folder.glob(f"{DRAFT}*"):
            path.unlink(missing_ok=True)


class StoredGraphs(Sequence[Graph]):
    """Graphs of a data set, each read from the store when its turn comes: only what a batch needs is in memory.

    Args:
        data: structures, for positions and names
        places: shard and row of each
        skin: Å that edges reach beyond the cutoff
    """

    def __init__(self, data: Structures, places: Sequence[tuple[Shard, int]], skin: float) -> None:
        """Look up the sizes; no graph is read."""
        self._data, self._places, self.skin = data, places, skin
        self.n_edges = np.array([shard.shapes("edges")[row, 1] for shard, row in places], dtype=np.int64)

    def __len__(self) -> int:
        """Count the graphs."""
        return len(self._places)

    @overload
    def __getitem__(self, s: SupportsIndex) -> Graph: ...

    @overload
    def __getitem__(self, s: slice) -> "StoredGraphs": ...

    def __getitem__(self, s: SupportsIndex | slice) -> "Graph | StoredGraphs":
        """Read a graph, or choose some without reading them.

        Raises:
            DataError: the file is damaged.
        """
        if isinstance(s, slice):
            return self.take(np.arange(len(self))[s])
        number = range(len(self))[s]
        shard, row = self._places[number]
        return _graph(self._data.structure(number), shard.record(row), self.skin)

    def take(self, index: np.ndarray) -> "StoredGraphs":
        """The graphs of the structures ``index``, in that order; none is read."""
        return StoredGraphs(self._data[index], [self._places[s] for s in index.tolist()], self.skin)


def stored_bytes(graphs: Sequence[Graph]) -> int:
    """Bytes that graphs take in a store.

    >>> import transferkit as tk
    >>> from transferkit.adapters.graphs import build_graphs
    >>> graphs = build_graphs(tk.load("toy"), tk.bundled("gpaw-pbe-r2scan")[:3])
    >>> stored_bytes(graphs) == 5 * sum(g.n_edges for g in graphs)  # two atoms and three images of one byte each
    True
    """
    records = [_record(graph, ()) for graph in graphs]
    return (
        sum(compact(np.concatenate([r[name].ravel() for r in records])).nbytes for name in records[0]) if records else 0
    )


def _same(a: np.ndarray, b: np.ndarray) -> bool:
    return a.shape == b.shape and bool((a == b).all())


def _record(graph: Graph, changed: Sequence[str]) -> dict[str, np.ndarray]:
    out = {"edges": graph.edges, "image": graph.image}
    out |= {f"{EXTRA}{name}": array for name, array in graph.extra.items()}
    return out | {f"{OWN}{name}": getattr(graph, name) for name in changed}


def _graph(structure: Structure, record: Mapping[str, np.ndarray], skin: float) -> Graph:
    own = {name: record.get(f"{OWN}{name}") for name in GEOMETRY}
    return Graph(
        numbers=np.array(structure.numbers, dtype=np.int64) if own["numbers"] is None else own["numbers"],
        positions=np.array(structure.positions, dtype=np.float64) if own["positions"] is None else own["positions"],
        cell=np.array(structure.cell, dtype=np.float64) if own["cell"] is None else own["cell"],
        edges=record["edges"],
        image=record["image"],
        extra={name.removeprefix(EXTRA): array for name, array in record.items() if name.startswith(EXTRA)},
        id=structure.id,
        skin=skin,
    )
