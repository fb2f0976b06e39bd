"""Mixture: data sets of other levels of theory that are trained on at the same time, and which of their structures come when.

The target set decides: an epoch is one pass over it, in the order that it has alone. Each of its structures brings some of
every set beside it, so that all levels are in every batch in the same proportion.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property, lru_cache
from math import isfinite

import numpy as np

from transferkit.adapters.base import Graph
from transferkit.adapters.graphs import GraphChain
from transferkit.data.batch import order_of
from transferkit.data.structures import Structures, concatenate
from transferkit.errors import DataError, RecipeError

FINEST = 1_000_000
"""Largest denominator of a ratio: 1/3 is meant where 0.3333333 is written."""


@dataclass(frozen=True, eq=False)
class Beside:
    """A data set that is trained on together with the target.

    Attributes:
        data: labelled structures; a label that is absent is not learnt from
        graphs: one per structure; they need no skin
        head: that these data train; it may be the target's
        ratio: structures of this set per structure of the target, in every batch and every epoch
        weight: of its loss, where the target's has 1

    Raises:
        RecipeError: ratio or weight is not positive.
        DataError: there are no structures, or more or fewer graphs than structures.

    >>> import transferkit as tk
    >>> from transferkit.adapters.graphs import build_graphs
    >>> data = tk.bundled("gpaw-pbe-r2scan", fidelity="PBE")[:4]
    >>> Beside(data, build_graphs(tk.load("toy"), data), head="default", ratio=0.5).weight
    1.0
    """

    data: Structures
    graphs: Sequence[Graph]
    head: str
    ratio: float = 1.0
    weight: float = 1.0

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        for name, least in (("ratio", 1 / FINEST), ("weight", 0.0)):
            if not (isfinite(value := getattr(self, name)) and value > 0 and value >= least):
                raise RecipeError(
                    f"beside ({self.data.fidelity}): {name} must be positive{f', at least {least:g}' * bool(least)}; got "
                    f"{value}. To train without this set, leave it out."
                )
        if not len(self.data):
            raise DataError(f"beside: the set for head {self.head!r} ({self.data.fidelity}) is empty; leave it out.")
        if len(self.graphs) != len(self.data):
            raise DataError(
                f"beside: {len(self.graphs)} graphs were given for {len(self.data)} structures ({self.data.fidelity})."
            )


@dataclass(frozen=True)
class Draw:
    """Which rows of a set come with which structures of the target: an endless sequence of passes over the set.

    Every pass holds each row once, in an order of its own. So all rows are used equally often, whatever the sizes, and
    what comes depends on nothing but the seed and on how many structures of the target came before.

    Attributes:
        name: of the set; two sets draw independently
        first: row at which it begins
        size: its rows
        ratio: rows per structure of the target; its denominator is at most ``FINEST``
        seed: of the run

    >>> draw = Draw("PBE", first=10, size=4, ratio=Fraction(1, 2), seed=0)
    >>> sorted(draw.rows(0, 8).tolist()), draw.counts(0, 4).tolist()
    ([10, 11, 12, 13], [0, 1, 0, 1])
    """

    name: str
    first: int
    size: int
    ratio: Fraction
    seed: int

    def before(self, m: int) -> int:
        """Rows that came with the first ``m`` structures of the target: floor(m ratio)."""
        return m * self.ratio.numerator // self.ratio.denominator

    def counts(self, start: int, stop: int) -> np.ndarray:
        """Rows that come with each of the target's structures ``start`` to ``stop``, counted over all epochs, int64."""
        whole, rest = divmod(self.ratio.numerator, self.ratio.denominator)  # apart, so that no product leaves int64
        m = np.arange(start, stop + 1, dtype=np.int64)
        return whole + np.diff(m * rest // self.ratio.denominator)

    def rows(self, start: int, stop: int) -> np.ndarray:
        """The rows that come with the target's structures ``start`` to ``stop``, int64, in order."""
        begin, end = self.before(start), self.before(stop)
        passes = range(begin // self.size, -(-end // self.size))
        orders = [_pass(self.name, self.size, self.seed, number) for number in passes]
        drawn = np.concatenate(orders) if orders else np.zeros(0, dtype=np.int64)
        skipped = passes.start * self.size
        return self.first + drawn[begin - skipped : end - skipped]


@lru_cache(maxsize=8)
def _pass(name: str, size: int, seed: int, number: int) -> np.ndarray:
    """Order of one pass; kept, since a pass over a large set lasts for many epochs of the target."""
    return order_of(size, seed=seed, epoch=number, purpose=f"beside {name}")


@dataclass(frozen=True, eq=False)
class Mixture:
    """The target set and those beside it in one row space; rows of the target come first.

    Attributes:
        target: data set that decides
        graphs_of_target: its graphs
        head: of the target
        beside: other sets
        seed: of the order

    >>> import transferkit as tk
    >>> from transferkit.adapters.graphs import build_graphs
    >>> pbe, r2scan = (tk.bundled("gpaw-pbe-r2scan", fidelity=f)[:4] for f in ("PBE", "r2SCAN"))
    >>> graphs = build_graphs(tk.load("toy"), pbe)
    >>> mixture = Mixture(r2scan, graphs, "r2SCAN", (Beside(pbe, graphs, "PBE", ratio=0.5),), seed=0)
    >>> mixture.names, mixture.source.tolist()
    (('r2SCAN', 'PBE'), [0, 0, 0, 0, 1, 1, 1, 1])
    """

    target: Structures
    graphs_of_target: Sequence[Graph]
    head: str
    beside: tuple[Beside, ...]
    seed: int

    @cached_property
    def heads(self) -> tuple[str, ...]:
        """Heads that are trained, each once, that of the target first."""
        return tuple(dict.fromkeys([self.head, *(b.head for b in self.beside)]))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """One per set, the target first: its head; where several sets train one head, numbered from the second on."""
        return names_of([self.head, *(b.head for b in self.beside)])

    @cached_property
    def weights(self) -> dict[str, float]:
        """Weight of the loss of each set, by its name."""
        return dict(zip(self.names, [1.0, *(float(b.weight) for b in self.beside)], strict=True))

    @cached_property
    def source(self) -> np.ndarray:
        """Set that each row belongs to, int64, (rows,): 0 for the target."""
        sizes = [len(self.target), *(len(b.data) for b in self.beside)]
        return np.repeat(np.arange(len(sizes)), sizes)

    @cached_property
    def data(self) -> Structures:
        """All rows as one set; ids are led by the name of their set. It is for batches alone: its fidelity is the target's."""
        sets = (self.target, *(b.data for b in self.beside))
        first = self.target
        named = [[f"{name}:{one}" for one in data.id] for name, data in zip(self.names, sets, strict=True)]
        # One set may hold a structure twice, so ids are numbers until everything is joined.
        numbers = np.split(
            np.arange(len(self.source)).astype(str).astype(object), np.cumsum([len(d) for d in sets])[:-1]
        )
        joined = concatenate(
            [
                replace(data, id=ids, fidelity=first.fidelity, label_convention=first.label_convention)
                for data, ids in zip(sets, numbers, strict=True)
            ]
        )
        return replace(joined, id=np.array([one for names in named for one in names], dtype=object))

    @cached_property
    def graphs(self) -> GraphChain:
        """Graphs of all rows."""
        return GraphChain([self.graphs_of_target, *(b.graphs for b in self.beside)])

    @cached_property
    def draws(self) -> tuple[Draw, ...]:
        """Of each set beside the target."""
        sizes = [len(self.target), *(len(b.data) for b in self.beside)]
        return draws_of(self.names, sizes, [b.ratio for b in self.beside], self.seed)


def names_of(heads: Sequence[str]) -> tuple[str, ...]:
    """One name per set from the heads that they train; where several train one head, numbered from the second on.

    >>> names_of(["r2SCAN", "PBE", "PBE"])
    ('r2SCAN', 'PBE', 'PBE (2)')
    """
    names: list[str] = []
    for head in heads:
        again = sum(name == head or name.startswith(f"{head} (") for name in names)
        names.append(f"{head} ({again + 1})" if again else head)
    return tuple(names)


def draws_of(names: Sequence[str], sizes: Sequence[int], ratios: Sequence[float], seed: int) -> tuple[Draw, ...]:
    """How rows of each set beside the target are drawn.

    Args:
        names: of all sets, the target first
        sizes: their rows
        ratios: of the sets beside it
        seed: of the run

    >>> [draw.first for draw in draws_of(["r2SCAN", "PBE", "HSE06"], [5, 7, 2], [1.0, 0.5], 0)]
    [5, 12]
    """
    first = np.cumsum(sizes)
    return tuple(
        Draw(name, int(start), size, Fraction(ratio).limit_denominator(FINEST), seed)
        for name, start, size, ratio in zip(names[1:], first[:-1], sizes[1:], ratios, strict=True)
    )
