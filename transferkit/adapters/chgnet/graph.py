"""Topology of a crystal for CHGNet: directed edges, the undirected bonds they share, and the angles between short ones.

The same edges and angles as upstream's converter (CHGNet paper, Methods, "crystal graph"), found with arrays.
"""

import numpy as np
from pymatgen.optimization.neighbors import find_points_in_spheres

from transferkit.adapters.base import Graph
from transferkit.adapters.preflight import require_cell, require_distinct, require_finite
from transferkit.data.structures import Structure
from transferkit.errors import GraphError

AT_CUTOFF = 1e-6
"""Å: an edge this close to the cutoff may be found in one direction only; its weight there is zero to rounding"""


def crystal_graph(structure: Structure, *, atom_cutoff: float, bond_cutoff: float, skin: float = 0.0) -> Graph:
    """Edges up to ``atom_cutoff + skin`` and angles between edges shorter than ``bond_cutoff + skin`` Å.

    ``extra`` holds, as int64:
        bond: undirected bond of each directed edge, (edges,)
        first: one directed edge of each bond, (bonds,)
        short: bonds that take part in angles, (short,)
        angle_edges: the two directed edges of each angle, from its apex, (2, angles)
        angle_short: the same as positions in ``short``, (2, angles)

    Raises:
        GraphError: not periodic in all directions, no volume, coinciding atoms, or an edge without its reverse.
    """
    require_finite(structure)
    require_cell(structure, "CHGNet")
    positions = np.ascontiguousarray(structure.positions, dtype=np.float64)
    reach = atom_cutoff + skin
    i, j, offset, distance = find_points_in_spheres(
        positions,
        positions,
        r=reach,
        pbc=np.ones(3, dtype=np.int64),
        lattice=np.ascontiguousarray(structure.cell, dtype=np.float64),
        tol=1e-8,
    )
    image: np.ndarray = np.rint(offset).astype(np.int64).reshape(-1, 3)
    other = (i != j) | image.any(axis=1)
    i, j, image, distance = i[other], j[other], image[other], distance[other]
    require_distinct(structure, distance, i, j)
    keep, bond, first = _pair(structure, np.stack([i, j]), image, distance, reach)
    i, j, image, distance = i[keep], j[keep], image[keep], distance[keep]
    angle_edges = _angles(i, np.flatnonzero(distance < bond_cutoff + skin))
    short, angle_short = np.unique(bond[angle_edges], return_inverse=True)
    return Graph(
        numbers=np.array(structure.numbers, dtype=np.int64),
        positions=positions.copy(),
        cell=np.array(structure.cell, dtype=np.float64),
        edges=np.stack([i, j]).astype(np.int64),
        image=image,
        extra={
            "bond": bond,
            "first": first,
            "short": short,
            "angle_edges": angle_edges,
            "angle_short": angle_short.reshape(2, -1),
        },
        id=structure.id,
    )


def _pair(
    structure: Structure, edges: np.ndarray, image: np.ndarray, distance: np.ndarray, reach: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Join each edge with its reverse: which edges stay, bond of each, first edge of each bond."""
    i, j = edges
    if len(i) == 0:
        return np.ones(0, dtype=bool), np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    # A bond has one key in both directions: the larger of the codes of (i, j, n) and (j, i, -n).
    base = 2 * int(np.abs(image).max()) + 1
    there, back = (n[:, 0] * base**2 + n[:, 1] * base + n[:, 2] for n in (image, -image))
    n_atoms, span = len(structure.numbers), base**3
    key = np.maximum((i * n_atoms + j) * span + there, (j * n_atoms + i) * span + back)
    _, group, size = np.unique(key, return_inverse=True, return_counts=True)
    keep = size[group] == 2
    if (alone := ~keep & (distance < reach - AT_CUTOFF)).any():
        e = int(np.argmax(alone))
        raise GraphError(
            f"structure {structure.id!r}: the edge from atom {i[e]} to atom {j[e]} (image {image[e].tolist()}, "
            f"{distance[e]:.6f} Å) was found in one direction only. Wrap the atoms into the cell and try again."
        )
    _, start, bond = np.unique(key[keep], return_index=True, return_inverse=True)
    # Bonds are numbered in the order in which their first edge occurs: neighbouring in memory, and as upstream.
    order = np.argsort(start)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return keep, rank[bond], start[order]


def _angles(i: np.ndarray, short: np.ndarray) -> np.ndarray:
    """All ordered pairs of different short edges that leave the same atom, (2, angles)."""
    short = short[np.argsort(i[short], kind="stable")]
    apex = i[short]
    count = np.bincount(apex, minlength=1)[apex]
    start = np.searchsorted(apex, apex)
    one = np.repeat(np.arange(len(short)), count)
    step = np.arange(len(one)) - np.repeat(np.cumsum(count) - count, count)
    two = start[one] + step
    different = one != two
    return np.stack([short[one[different]], short[two[different]]])
