"""Noise augmentation: perturbed copies that carry the labels of the unperturbed structure."""

import numpy as np
from scipy.special import ndtri

from transferkit.data.batch import rng
from transferkit.data.displaced import displaced
from transferkit.data.structures import Structures, concatenate
from transferkit.typing import Positions


def noisy_copies(data: Structures, *, length: float, copies: int = 1, seed: int = 0) -> Structures:
    """Copies whose atoms are moved by Gaussian noise and whose labels, all of them, are those of the structure itself.

    To train with noise on the input is to penalise the gradient of what is predicted (Bishop, Neural Comput. 7, 108
    (1995)): here forces, curvature and so on, with a strength that goes as the square of ``length``. The labels of the copies
    are wrong by what the true energy changes along the way.

    Args:
        data: labelled structures
        length: standard deviation along x, y and z, Å
        copies: of each structure
        seed: the same seed, the same copies

    >>> import transferkit as tk
    >>> data = tk.bundled("gpaw-pbe-r2scan")[:40]
    >>> moved = noisy_copies(data, length=0.02).positions - data.positions
    >>> bool(0.015 < moved.std() < 0.025)
    True
    """
    parts = []
    for copy in range(1, copies + 1):
        steps = [gaussian(length, int(n), seed, copy, str(one)) for one, n in zip(data.id, data.n_atoms, strict=True)]
        parts.append(displaced(data, np.concatenate(steps), f"noise-{copy}"))
    return concatenate(parts)


def gaussian(length: float, n_atoms: int, seed: int, copy: int, name: str) -> Positions:
    """Displacements of one structure, Å, (atoms, 3), which depend on its name and not on its place in the data."""
    # Raw bits through the inverse of the normal distribution: numpy promises to keep only the bits between versions.
    bits = rng(seed, 0, copy, f"noise of {name}").bit_generator.random_raw(3 * n_atoms) >> np.uint64(11)
    drawn: Positions = length * ndtri((bits.reshape(n_atoms, 3) + 0.5) * 2.0**-53)
    return drawn
