"""Nested subsets D1 ⊂ D2 ⊂ ... for learning curves."""

from collections.abc import Sequence

import numpy as np

from transferkit.data.order import seeded_order
from transferkit.data.split import By, groups
from transferkit.data.structures import Structures
from transferkit.errors import SplitError


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
