"""Replay: which structures of an old level of theory are trained on again, so that it is not forgotten.

All of them are rarely needed. Random ones look like the set; farthest points cover it (Gonzalez, Theor. Comput. Sci. 38, 293
(1985)): rare chemistry is in, near copies are out.
"""

from collections.abc import Sequence

import numpy as np
import torch

from transferkit.adapters.batch import Graph
from transferkit.adapters.graphs import edges_of, take
from transferkit.adapters.potential import ReferencedPotential
from transferkit.data.batch import rng
from transferkit.errors import DataError, RecipeError, nearest

HOW = ("random", "farthest")
CHOICE = "replay"


def choose(
    n: int,
    structures: int | None,
    *,
    how: str = "random",
    seed: int = 0,
    potential: ReferencedPotential | None = None,
    graphs: Sequence[Graph] | None = None,
    head: str | None = None,
) -> np.ndarray:
    """Which of n structures to keep, int64, in the order in which they were chosen.

    The first k of a larger choice with the same seed are the choice of k, so that sets of several sizes are nested.

    Args:
        n: how many there are
        structures: how many are wanted; all, in their own order, where that is not given or there are no more
        how: "random", or "farthest": see :func:`farthest_points`, in the features of the potential
        seed: of the order, or of the first point
        potential: for "farthest"
        graphs: of the n structures in order, for "farthest"
        head: for "farthest"; may be left out where there is one

    Raises:
        RecipeError: ``how`` is unknown, ``structures`` is below 1, or "farthest" lacks the potential or the graphs.

    >>> choose(5, 2).tolist() == choose(5, 4).tolist()[:2], choose(3, 9).tolist()
    (True, [0, 1, 2])
    """
    if how not in HOW:
        raise RecipeError(f"choose.how: nothing is called {how!r}. {nearest(how, HOW)}")
    if structures is not None and structures < 1:
        raise RecipeError(f"choose.structures must be at least 1; got {structures}. Leave it out to take all.")
    if structures is None or structures >= n:
        return np.arange(n)
    if how == "random":
        return np.argsort(rng(seed, 0, 0, CHOICE).bit_generator.random_raw(n), kind="stable")[:structures]
    if potential is None or graphs is None or len(graphs) != n:
        raise RecipeError(f"choose.how 'farthest' needs the potential and the graphs of all {n} structures.")
    return farthest_points(structure_features(potential, graphs, head), structures, seed)


def farthest_points(features: np.ndarray, n: int, seed: int = 0) -> np.ndarray:
    """Points that lie far from each other: each the one farthest from its nearest among those before.

    Features are standardised first (those that do not vary say nothing), distances are Euclidean, the first point is drawn by the
    seed, and of equals the first is taken. Time grows with points times chosen points.

    Args:
        features: shape (points, channels)
        n: how many are chosen
        seed: of the first point

    Returns:
        Row numbers, int64, shape (n,), in the order in which they were chosen.

    Raises:
        DataError: more are wanted than there are, none at all, or a feature is NaN or infinite; names the first such row.

    >>> corners = np.array([[0.0, 0.0], [0.0, 0.1], [5.0, 0.0], [0.0, 7.0]])
    >>> sorted(farthest_points(corners, 3, seed=1).tolist())[1:]
    [2, 3]
    """
    if not 1 <= n <= len(features):
        raise DataError(f"{n} farthest points of {len(features)}; choose from 1 to {len(features)}")
    broken = ~np.isfinite(features).all(axis=1)
    if broken.any():
        raise DataError(f"the features of structure {int(np.argmax(broken))} are NaN or infinite; leave it out")
    x = np.asarray(features, dtype=np.float64)
    spread = x.std(axis=0)
    varies = spread > 1e-12 * np.abs(x).max(axis=0, initial=0.0)
    x = (x[:, varies] - x[:, varies].mean(axis=0)) / spread[varies]
    chosen = [int(rng(seed, 0, 0, CHOICE).bit_generator.random_raw() % len(x))]
    gap = np.full(len(x), np.inf)
    while len(chosen) < n:
        gap = np.minimum(gap, ((x - x[chosen[-1]]) ** 2).sum(axis=1))
        gap[chosen[-1]] = -1.0  # a point is chosen once, also where others coincide with it
        chosen.append(int(np.argmax(gap)))
    return np.array(chosen, dtype=np.int64)


def structure_features(
    potential: ReferencedPotential, graphs: Sequence[Graph], head: str | None = None, *, edges: int = 20_000
) -> np.ndarray:
    """What the network sees in each structure: the mean over its atoms of the features after the last block.

    Args:
        potential: it is not changed
        graphs: of the structures
        head: whose features, where heads differ in them; may be left out where there is one
        edges: of a batch at most; a structure above it goes alone

    Returns:
        float64, shape (structures, channels)

    Raises:
        UnknownHead: see :meth:`~transferkit.adapters.potential.ReferencedPotential.head_index`.

    >>> import transferkit as tk
    >>> potential = tk.load("toy")
    >>> graphs = [potential.graph(s) for s in tk.bundled("gpaw-pbe-r2scan")[:3]]
    >>> structure_features(potential, graphs).shape
    (3, 16)
    """
    name = potential.adapter.heads[potential.head_index(head)]
    ends = np.concatenate([[0], np.cumsum(edges_of(graphs))])
    rows: list[np.ndarray] = []
    start = 0
    while start < len(graphs):
        stop = max(start + 1, int(np.searchsorted(ends, ends[start] + edges, side="right")) - 1)
        batch = potential.collate(take(graphs, np.arange(start, stop)), name)
        with torch.no_grad():
            last = list(potential.adapter.features(batch).values())[-1].double()
        total = torch.zeros(batch.n_structures, last.shape[1], dtype=torch.float64, device=last.device)
        means = total.index_add(0, batch.owner, last) / batch.n_atoms.unsqueeze(1)
        rows.append(means.cpu().numpy())
        start = stop
    return np.concatenate(rows) if rows else np.zeros((0, 0))
