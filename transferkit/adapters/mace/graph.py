"""Topology for MACE: directed edges up to the cutoff, for crystals, slabs, molecules and single atoms."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from ase.geometry import complete_cell
from matscipy.neighbours import neighbour_list

from transferkit.adapters.base import Batch, Graph
from transferkit.adapters.graphs import join
from transferkit.adapters.mace.species import group
from transferkit.adapters.preflight import require_distinct, require_finite
from transferkit.data.structures import Structure
from transferkit.errors import GraphError


def neighbours(structure: Structure, reach: float) -> Graph:
    """All pairs nearer than ``reach`` Å, periodic images among them; sorted by the receiving atom.

    Raises:
        GraphError: positions or cell are not finite, two atoms coincide, or a periodic structure has no volume.
    """
    require_finite(structure)
    positions = np.array(structure.positions, dtype=np.float64)
    cell, origin = _box(structure, reach)
    i, j, image, distance = neighbour_list(
        "ijSd",
        pbc=np.asarray(structure.pbc, dtype=bool),
        cell=cell,
        positions=positions - origin,
        cutoff=float(reach),
    )
    other = (i != j) | image.any(axis=1)
    i, j, image, distance = i[other], j[other], image[other], distance[other]
    require_distinct(structure, distance, i, j)
    return Graph(
        numbers=np.array(structure.numbers, dtype=np.int64),
        positions=positions,
        cell=np.array(structure.cell, dtype=np.float64),
        edges=np.stack([i, j]).astype(np.int64),
        image=image.reshape(-1, 3).astype(np.int64),
        extra={},
        id=structure.id,
    )


def _box(structure: Structure, reach: float) -> tuple[np.ndarray, np.ndarray]:
    """A cell with a volume for the search, and its origin: along directions that are not periodic, around all atoms."""
    pbc = np.asarray(structure.pbc, dtype=bool)
    cell, origin = np.where(pbc[:, None], structure.cell, 0.0), np.zeros(3)
    if np.linalg.matrix_rank(cell, tol=1e-3) < pbc.sum():
        raise GraphError(
            f"structure {structure.id!r} ({structure.formula}) is periodic along {pbc.tolist()}, and its cell vectors there "
            "span no volume. Give it a cell, or set pbc to False."
        )
    if pbc.all():
        return cell, origin
    cell = np.array(complete_cell(cell))  # type: ignore[no-untyped-call]
    for k in np.flatnonzero(~pbc):
        along = cell[k] / np.linalg.norm(cell[k])
        place = structure.positions @ along
        cell[k] = along * (np.ptp(place) + 2 * reach)
        origin = origin + along * (place.min() - reach)
    return cell, origin


def collate(graphs: Sequence[Graph], heads: Sequence[int], table: np.ndarray) -> Batch:
    """The union of graphs; ``extra`` holds the groups of :mod:`.species`.

    Args:
        graphs: at least one
        heads: index of a head for each
        table: row in the element table by atomic number, -1 where there is none
    """
    batch = join(graphs, heads)
    index = table[batch.numbers.numpy()]
    if (index < 0).any():
        raise GraphError("a graph holds an element that this MACE does not know; build it through the potential")
    return replace(batch, extra={k: v.to(torch.int64) for k, v in group(index).items()})
