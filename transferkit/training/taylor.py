"""Taylor augmentation: displaced copies whose energies follow from the force labels."""

import numpy as np

from transferkit.data.batch import rng
from transferkit.data.displaced import displaced
from transferkit.data.structures import Structures, concatenate
from transferkit.errors import DataError
from transferkit.training.displacement import draw


def taylor_copies(data: Structures, *, length: float, copies: int = 1, seed: int = 0) -> Structures:
    """Copies moved by small steps a, with the energy ``E(r) - Σ_i a_i · F_i(r)`` and no other label.

    Cooper, Kästner, Urban and Artrith, npj Comput. Mater. 6, 54 (2020): force labels teach a potential that is trained on
    energies alone. E and F are the labels; what is left out is half the curvature along a. Steps are drawn as those of the
    consistency losses: uniform in a cube, without a net translation.

    Args:
        data: structures with energies and forces
        length: largest step along x, y and z, Å
        copies: of each structure
        seed: the same seed, the same copies

    Raises:
        DataError: a structure has no energy or no forces.

    >>> import transferkit as tk
    >>> data = tk.bundled("gpaw-pbe-r2scan")[:4]
    >>> near = taylor_copies(data, length=0.01, copies=2)
    >>> len(near), near.has("energy").all().item(), near.has("forces").any().item()
    (8, True, False)
    """
    ready = data.has("energy") & data.has("forces")
    if not ready.all():
        s = int(np.argmin(ready))
        lacks = "energy" if not data.has("energy")[s] else "forces"
        raise DataError(
            f"Taylor augmentation makes energies out of labelled energies and forces, and {int((~ready).sum())} of {len(data)} training "
            f"structures lack them, e.g. {str(data.id[s])!r} has no {lacks}. Take training.augmentation.kind: noise, or "
            f"loss.consistency, which need no forces, or leave augmentation out."
        )
    parts = []
    for copy in range(1, copies + 1):
        steps = np.concatenate(
            [
                draw("uniform", length, int(n), rng(seed, 0, copy, f"taylor step of {one}"))
                for one, n in zip(data.id, data.n_atoms, strict=True)
            ]
        )
        work = np.bincount(data.owner, weights=(steps * data.forces).sum(axis=1), minlength=len(data))
        moved = displaced(data, steps, f"taylor-{copy}").without("forces", "stress", "magmoms")
        parts.append(moved.with_labels(energy=data.energy - work))
    return concatenate(parts)
