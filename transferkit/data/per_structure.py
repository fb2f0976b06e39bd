"""One number per structure for the figures of a data set: referenced energy, forces, pressure, stress, volume."""

import numpy as np

from transferkit.data.quarantine import largest_forces
from transferkit.data.referenced import Referenced
from transferkit.data.structures import Structures
from transferkit.typing import Json
from transferkit.units import GPA


def per_structure(data: Structures, left: Referenced) -> Json:
    """Lists with one entry per structure, in their order; None where a label or a volume is absent.

    Args:
        data: structures
        left: energies after a constant per element

    Returns:
        ``id``, ``formula``, ``n_atoms``; ``referenced_energy`` (eV/atom), ``max_force`` (eV/Å, largest norm on an atom),
        ``rms_force`` (eV/Å, of components), ``pressure`` (GPa, positive where compressed), ``max_stress`` (GPa, largest
        component), ``volume_per_atom`` (Å³, of structures that are periodic in three directions).

    >>> import transferkit as tk
    >>> from transferkit.data.referenced import referenced
    >>> data = tk.bundled("gpaw-pbe-r2scan")[:1]
    >>> found = per_structure(data, referenced(data))
    >>> found["n_atoms"], [round(v, 2) for v in found["volume_per_atom"]]
    ([2], [25.36])
    """
    square = np.bincount(data.owner, weights=(data.forces**2).mean(axis=1), minlength=len(data))
    values: dict[str, np.ndarray] = {
        "referenced_energy": left.residual,
        "max_force": largest_forces(data),
        "rms_force": np.sqrt(np.where(data.mask["forces"], square, np.nan) / data.n_atoms),
        "pressure": np.where(data.mask["stress"], -np.trace(data.stress, axis1=1, axis2=2) / 3 / GPA, np.nan),
        "max_stress": np.where(data.mask["stress"], np.abs(data.stress).max(axis=(1, 2), initial=0.0) / GPA, np.nan),
        "volume_per_atom": np.where(data.pbc.all(axis=1), data.volume / data.n_atoms, np.nan),
    }
    return {
        "id": [str(i) for i in data.id],
        "formula": [str(c) for c in data.composition],
        "n_atoms": data.n_atoms.tolist(),
        **{name: [float(v) if np.isfinite(v) else None for v in array] for name, array in values.items()},
    }
