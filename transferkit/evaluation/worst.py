"""The structures that a potential predicts worst, and what is known about why."""

from collections.abc import Mapping

import numpy as np

from transferkit.data.structures import Structures
from transferkit.evaluation.breakdown import label_errors
from transferkit.evaluation.unusual import Familiar
from transferkit.typing import Json

WORST = 20
HARM = 2.0
"""An energy error that grew by this factor since step 0 is called harm by training."""
ALIKE = 0.3
"""Energy errors of one composition whose spread is below this share of their mean are called alike."""
NOTHING = "nothing unusual about it: look at the calculation"


def worst(
    reference: Structures,
    final: Structures,
    *,
    step0: Structures | None = None,
    training: Familiar | None = None,
    n: int = WORST,
) -> list[Json]:
    """The ``n`` structures with the largest error, measured in mean errors of the set; those below the mean are left out.

    A structure's rank is its energy error over the mean energy error, or its mean force error over that of the set,
    whichever is larger, so that neither unit decides.

    Args:
        reference: structures with reference labels
        final: the same with predictions after training
        step0: the same with predictions before it; says where training did harm
        training: what the training part holds, from :func:`transferkit.evaluation.unusual.familiar`
        n: how many

    Returns:
        worst first: {"id", "formula", "n_atoms", "energy": prediction minus reference in eV/atom, "energy_step0",
        "forces": mean absolute error of its components in eV/Å, "times": mean errors of the set, "why": [words]};
        null for what was not measured

    >>> import transferkit as tk
    >>> data = tk.bundled("gpaw-pbe-r2scan")[:5]
    >>> off = data.with_labels(energy=data.energy + data.n_atoms * np.array([0.0, 0.0, 0.3, 0.0, -0.1]))
    >>> [round(row["energy"], 3) for row in worst(data, off, n=2)]
    [0.3, -0.1]
    """
    size = len(reference)
    energy, forces = _energies(reference, final), _forces(reference, final)
    before = np.full(size, np.nan) if step0 is None else _energies(reference, step0)
    times = {"energy": _times(np.abs(energy)), "forces": _times(forces)}
    score = np.fmax(times["energy"], times["forces"])
    beyond = np.flatnonzero(np.nan_to_num(score, nan=0.0) >= 1.0)
    order = beyond[np.argsort(-score[beyond], kind="stable")][:n]
    return [
        {
            "id": str(reference.id[s]),
            "formula": str(reference.composition[s]),
            "n_atoms": int(reference.n_atoms[s]),
            "energy": _or_none(energy[s]),
            "energy_step0": _or_none(before[s]),
            "forces": _or_none(forces[s]),
            "times": float(score[s]),
            "why": [
                *_why({name: float(t[s]) for name, t in times.items()}, float(energy[s]), float(before[s])),
                *_known(reference, energy, int(s), training),
            ],
        }
        for s in order
    ]


def _why(times: Mapping[str, float], after: float, before: float) -> list[str]:
    name = max(times, key=lambda key: np.nan_to_num(times[key], nan=-1.0))
    said = [f"{'energy' if name == 'energy' else 'force'} error {times[name]:.1f} times the mean"]
    if np.isfinite(before) and abs(after) > HARM * abs(before):
        said.append(f"training raised its energy error from {1000 * abs(before):.0f} meV/atom")
    return said


def _known(reference: Structures, energy: np.ndarray, s: int, training: Familiar | None) -> list[str]:
    """What is known about the structure itself; that nothing is, where it was compared and nothing was found."""
    said = _alike(reference, energy, s)
    if training is None:
        return said
    return [*said, *training.unusual(reference, s)] or [NOTHING]


def _alike(reference: Structures, energy: np.ndarray, s: int) -> list[str]:
    """Whether all frames of a composition are off by about the same, which its geometry cannot explain."""
    errors = energy[(reference.composition == reference.composition[s]) & np.isfinite(energy)]
    if len(errors) < 2 or np.ptp(errors) > ALIKE * abs(float(errors.mean())):
        return []
    return [f"all {len(errors)} of {reference.composition[s]} are off alike: its E0 or its bonds, not the geometry"]


def _energies(reference: Structures, predicted: Structures) -> np.ndarray:
    """Prediction minus reference, eV/atom, by structure; NaN where not measured."""
    errors = label_errors("energy", predicted, reference)
    out = np.full(len(reference), np.nan)
    out[errors.structure] = errors.difference
    return out


def _forces(reference: Structures, predicted: Structures) -> np.ndarray:
    """Mean absolute error of the force components, eV/Å, by structure; NaN where not measured."""
    errors = label_errors("forces", predicted, reference)
    sums = np.bincount(errors.structure, weights=errors.absolute, minlength=len(reference))
    sizes = np.bincount(errors.structure, minlength=len(reference))
    out: np.ndarray = np.divide(sums, sizes, out=np.full(len(reference), np.nan), where=sizes > 0)
    return out


def _times(errors: np.ndarray) -> np.ndarray:
    """Errors over their mean; NaN where not measured, and nowhere above zero where all are."""
    there = np.isfinite(errors)
    mean = float(errors[there].mean()) if there.any() else 0.0
    out: np.ndarray = np.divide(errors, mean, out=np.where(there, 0.0, np.nan), where=there & (mean > 0))
    return out


def _or_none(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
