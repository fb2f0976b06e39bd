"""Atoms of one element in groups of equal size, so that weights of an element multiply many atoms at once."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

SIZE = 32
"""Atoms in a group, at most; the last group of an element is filled up with copies that nothing reads"""


@dataclass(frozen=True, eq=False)
class Species:
    """Which atom stands where.

    Attributes:
        index: row of each atom in the element table, int64, (atoms,)
        members: atoms of each group, (groups, size)
        of_group: row in the element table of each group, (groups,)
        elements: rows of the element table that occur, (present,)
        local_of_group: place of each group's element in ``elements``, (groups,)
        place: position of each atom in the flattened ``members``, (atoms,)
    """

    index: Tensor
    members: Tensor
    of_group: Tensor
    elements: Tensor
    local_of_group: Tensor
    place: Tensor

    def grouped(self, x: Tensor) -> Tensor:
        """(atoms, ...) to (groups, size, ...)."""
        return x.index_select(0, self.members.flatten()).view(*self.members.shape, *x.shape[1:])

    def ungrouped(self, x: Tensor) -> Tensor:
        """(groups, size, ...) to (atoms, ...)."""
        return x.reshape(-1, *x.shape[2:]).index_select(0, self.place)


def group(index: np.ndarray, size: int = SIZE) -> dict[str, Tensor]:
    """Tensors of a :class:`Species` from the element of each atom.

    Args:
        index: row in the element table, int64, (atoms,)
        size: of a group, at most

    >>> {k: v.tolist() for k, v in group(np.array([7, 2, 7, 7]), size=2).items() if k in ("members", "of_group")}
    {'members': [[1, 1], [0, 2], [3, 3]], 'of_group': [2, 7, 7]}
    """
    elements, counts = np.unique(index, return_counts=True)
    size = int(min(size, counts.max()))
    order = np.argsort(index, kind="stable")
    groups = -(-counts // size)
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    first = np.concatenate([[0], np.cumsum(groups)[:-1]])
    local = np.repeat(np.arange(len(elements)), groups)
    within = (np.arange(groups.sum()) - first[local])[:, None] * size + np.arange(size)
    last = counts[local] - 1
    members = order[starts[local][:, None] + np.minimum(within, last[:, None])]
    place = np.empty(len(index), dtype=np.int64)
    real = within <= last[:, None]
    place[members[real]] = np.flatnonzero(real)
    tensors = {
        "index": index,
        "members": members,
        "of_group": elements[local],
        "elements": elements,
        "local_of_group": local,
        "place": place,
    }
    return {k: torch.from_numpy(np.ascontiguousarray(v, dtype=np.int64)) for k, v in tensors.items()}


def species_of(extra: Mapping[str, Tensor]) -> Species:
    """The groups that a batch carries."""
    return Species(**{name: extra[name] for name in Species.__dataclass_fields__})
