"""Copies of structures whose atoms have moved: what augmentation is made of."""

from dataclasses import replace

import numpy as np

from transferkit.data.structures import Structures
from transferkit.errors import DataError
from transferkit.typing import Positions


def displaced(data: Structures, steps: Positions, name: str) -> Structures:
    """The same structures with moved atoms; cells, labels and materials stay.

    Args:
        data: structures
        steps: Å, (atoms, 3)
        name: appended to every id, so that the copies can stand beside what they are copies of

    Raises:
        DataError: there are more or fewer steps than atoms.

    >>> import transferkit as tk
    >>> data = tk.bundled("gpaw-pbe-r2scan")[:2]
    >>> moved = displaced(data, np.full_like(data.positions, 0.1), "moved")
    >>> str(moved.id[0]).removeprefix(str(data.id[0])), bool((moved.energy == data.energy).all())
    (':moved', True)
    """
    if steps.shape != data.positions.shape:
        raise DataError(f"displacements have shape {steps.shape}, and positions {data.positions.shape}.")
    return replace(data, positions=data.positions + steps, id=np.array([f"{one}:{name}" for one in data.id]))


def original(name: str) -> str:
    """Id of the structure that a copy is a copy of.

    >>> original("mp-1:frame-3:noise-1")
    'mp-1:frame-3'
    """
    return name.rpartition(":")[0]
