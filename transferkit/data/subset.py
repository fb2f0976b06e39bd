"""Nested subsets D1 ⊂ D2 ⊂ ... for learning curves."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from transferkit.data.order import seeded_order
from transferkit.data.split import By, groups
from transferkit.data.structures import Structures
from transferkit.errors import SplitError, nearest

ORDERS = ("random", "covering")


def nested_subsets(data: Structures, sizes: Sequence[int], *, seed: int, by: By = "composition") -> list[Structures]:
    """Subsets of the asked sizes, each contained in every larger one.

    All frames of a group come before those of the next, so a small subset holds few groups in full, as a small data
    set does; only the last group of a subset may be cut. With ``by="random"`` frames come one by one.

    Args:
        data: what to draw from
        sizes: numbers of structures
        seed: the same seed, the same subsets, on any machine
        by: the group

    Returns:
        One Structures per size, in the order of ``sizes``.

    Raises:
        SplitError: a size is below 1 or above the number of structures.

    >>> import transferkit as tk
    >>> small, large = nested_subsets(tk.bundled("gpaw-pbe-r2scan"), [20, 80], seed=0)
    >>> set(small.id) < set(large.id)
    True
    """
    for size in sizes:
        if not 1 <= size <= len(data):
            raise SplitError(f"a subset of {size} structures cannot be drawn from {len(data)}; choose 1 to {len(data)}")
    group = groups(data, by)
    place = {name: k for k, name in enumerate(seeded_order(group, seed, "subset"))}
    within = {name: k for k, name in enumerate(seeded_order(data.id, seed, "subset frames"))}
    order = np.array(sorted(range(len(data)), key=lambda s: (place[str(group[s])], within[str(data.id[s])])))
    return [data[np.sort(order[:size])] for size in sizes]


def composition_subset(
    data: Structures, compositions: int, *, frames: int | None = None, seed: int = 0, order: str = "random"
) -> Structures:
    """The first compositions of a chain, with at most so many frames of each.

    The chain is drawn by the seed alone, so fewer compositions lie within more, and fewer frames within more. It is the
    one of :func:`nested_subsets`. A composition with fewer frames gives all that it has.

    Args:
        data: what to draw from
        compositions: how many
        frames: of each, at most; all of them if not given
        seed: of the chain
        order: "random", as data come; "covering" puts compositions that bring a new element first, in the random order,
            and the others behind them. Small subsets then hold more elements than random ones of their size do.

    Raises:
        SplitError: there are not that many compositions, or no order is called so.

    >>> import transferkit as tk
    >>> data = tk.bundled("gpaw-pbe-r2scan")
    >>> small, large = composition_subset(data, 20, frames=1), composition_subset(data, 40, frames=2)
    >>> len(small), set(small.id) < set(large.id)
    (20, True)
    """
    if order not in ORDERS:
        raise SplitError(f"no order of compositions is called {order!r}. {nearest(order, ORDERS)}")
    name = data.composition.astype(str)
    known = len(set(name))
    if not 1 <= compositions <= known:
        raise SplitError(f"a subset of {compositions} compositions cannot be drawn from {known}; choose 1 to {known}")
    chain = seeded_order(name, seed, "subset")
    if order == "covering":
        chain = _covering(data, name, chain)
    chosen = set(chain[:compositions])
    within = {frame: k for k, frame in enumerate(seeded_order(data.id, seed, "subset frames"))}
    taken: Counter[str] = Counter()
    rows = []
    for row in sorted(range(len(data)), key=lambda s: within[str(data.id[s])]):
        if name[row] in chosen and (frames is None or taken[name[row]] < frames):
            taken[name[row]] += 1
            rows.append(row)
    return data[np.sort(rows)]


def _covering(data: Structures, name: np.ndarray, chain: list[str]) -> list[str]:
    """Compositions that bring an element which none before them has, then the rest; each in the order of the chain."""
    first = {str(n): s for s, n in reversed(list(enumerate(name)))}
    covered: set[int] = set()
    new: list[str] = []
    for one in chain:
        elements = {*data.structure(first[one]).numbers.tolist()}
        if elements - covered:
            covered |= elements
            new.append(one)
    return [*new, *(one for one in chain if one not in set(new))]
