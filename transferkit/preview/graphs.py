"""Graphs of as many structures as there is time for, what they cost, and the structures of which none can be made."""

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np

from transferkit.adapters.base import Graph
from transferkit.adapters.graph_store import stored_bytes
from transferkit.adapters.graphs import build_graphs
from transferkit.adapters.potential import ReferencedPotential
from transferkit.data.structures import Structures
from transferkit.errors import TransferkitError
from transferkit.preview.span import Span

SAMPLE = 48
"""Structures that are always tried, and on which evaluation and prediction are measured."""
MISTAKES = 5
"""Structures without a graph that are named."""


@dataclass(frozen=True, eq=False)
class Graphs:
    """Graphs of as many structures as time allowed.

    Attributes:
        built: by row of the data, in random order
        edges: directed edges of every structure; where no graph was built, as many per atom as the others have
        seconds: per edge
        mistakes: structures of which no graph can be made
        stored: bytes on disk per edge
    """

    built: dict[int, Graph]
    edges: np.ndarray
    seconds: Span
    mistakes: tuple[str, ...]
    stored: float

    @property
    def complete(self) -> bool:
        """Whether every structure was tried."""
        return len(self.built) + len(self.mistakes) >= len(self.edges)


def measure_graphs(
    potential: ReferencedPotential,
    data: Structures,
    head: str,
    *,
    seconds: float,
    first: Sequence[int] = (),
    skin: float = 0.0,
) -> Graphs:
    """Build graphs, in random order, until all are there or the time is up.

    Args:
        potential: whose adapter builds them
        data: structures
        head: whose reference must know the elements
        seconds: to spend; at least ``SAMPLE`` structures are tried, and ``first``
        first: rows that come first: what must be there to measure anything
        skin: Å added to the cutoff

    >>> import transferkit as tk
    >>> found = measure_graphs(tk.load("toy"), tk.bundled("gpaw-pbe-r2scan")[:3], "default", seconds=5.0)
    >>> found.complete, sorted(found.built)
    (True, [0, 1, 2])
    """
    built: dict[int, Graph] = {}
    mistakes: list[str] = []
    times: list[float] = []
    begun = perf_counter()
    order = dict.fromkeys([*first, *np.random.default_rng(0).permutation(len(data)).tolist()])
    for tried, s in enumerate(order):
        if tried >= max(SAMPLE, len(first)) and perf_counter() - begun > seconds:
            break
        before = perf_counter()
        try:
            (built[s],) = build_graphs(potential, data[s : s + 1], skin=skin, head=head)
        except TransferkitError as error:
            mistakes.append(f"{type(error).__name__}: {error}")
            if len(mistakes) == MISTAKES:
                break
        else:
            times.append(perf_counter() - before)
    sizes = np.array([g.n_edges for g in built.values()], dtype=float)
    rows = np.array([*built], dtype=int)
    per_atom = sizes.sum() / max(data.n_atoms[rows].sum(), 1)
    edges = np.rint(data.n_atoms * per_atom)
    edges[rows] = sizes
    whole = sum(times) / max(sizes.sum(), 1.0)  # a sum, because small graphs cost more per edge than large ones
    stored = stored_bytes([*built.values()][:SAMPLE]) / max(sizes[:SAMPLE].sum(), 1.0)
    return Graphs(built, edges.astype(int), Span(whole * 0.85, whole, whole * 1.3), tuple(mistakes), stored)
