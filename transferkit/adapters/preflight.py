"""What no potential can turn into a graph, said before a neighbour search hangs or returns NaN."""

import numpy as np

from transferkit.data.structures import Structure
from transferkit.errors import GraphError

COINCIDING = 0.01
"""Å"""


def require_finite(structure: Structure) -> None:
    """Refuse an empty structure, and NaN or infinite positions or cell.

    Raises:
        GraphError: names the structure.
    """
    if len(structure) == 0:
        raise GraphError(f"structure {structure.id!r} has no atoms; leave it out")
    for name in ("positions", "cell"):
        if not np.isfinite(getattr(structure, name)).all():
            raise GraphError(f"structure {structure.id!r}: its {name} hold NaN or infinity; leave it out")


def require_cell(structure: Structure, who: str) -> None:
    """Refuse what is not periodic in three directions with a volume.

    Raises:
        GraphError: names the structure and says how to put it in a box.
    """
    volume = abs(float(np.linalg.det(structure.cell)))
    if not np.all(structure.pbc) or volume < 1e-6:
        raise GraphError(
            f"structure {structure.id!r} ({structure.formula}) has pbc {np.asarray(structure.pbc).tolist()} and a cell of "
            f"{volume:.3g} Å³; {who} needs a periodic cell. Put it in a box: atoms.center(vacuum=8); atoms.pbc = True."
        )


def require_distinct(structure: Structure, distance: np.ndarray, i: np.ndarray, j: np.ndarray) -> None:
    """Refuse two atoms at the same place.

    Args:
        structure: for the message
        distance: length of each edge, Å
        i: atom at one end of each edge
        j: atom at the other end

    Raises:
        GraphError: names the structure and the atoms.
    """
    if len(distance) and distance.min() < COINCIDING:
        e = int(np.argmin(distance))
        raise GraphError(
            f"structure {structure.id!r}: atoms {int(i[e])} and {int(j[e])} are {distance[e]:.4f} Å apart. "
            "Remove one of them, or leave the structure out."
        )
