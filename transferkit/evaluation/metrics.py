"""Errors of predictions against reference labels, as one JSON object."""

import numpy as np

from transferkit.data.structures import Structures
from transferkit.errors import DataError
from transferkit.evaluation.breakdown import LabelErrors, by_composition, by_element, check_same, label_errors
from transferkit.evaluation.chemistry import by_chemistry
from transferkit.evaluation.intervals import bootstrap_ratio
from transferkit.typing import PROPERTIES, Json, Property

UNITS: dict[Property, str] = {"energy": "eV/atom", "forces": "eV/Å", "stress": "eV/Å³", "magmoms": "μB"}


def measure(predicted: Structures, reference: Structures, *, free: np.ndarray | None = None, seed: int = 0) -> Json:
    """Mean absolute and root-mean-square errors per label, by element, composition and chemistry.

    ``mae`` is the mean over structures for energy (per atom), over Cartesian components for forces and stress (all nine),
    over atoms for magmoms; ``n`` counts these values. ``interval`` is the 95 % interval of ``mae`` from resampling
    compositions. ``mean_over_compositions`` weighs each compound once. ``predict_zero_mae`` is what a prediction of zero
    would score. ``free_*`` are over the force components that symmetry does not set to zero. A label that either side
    lacks gives null, never zero.

    Args:
        predicted: the same structures in the same order, whose labels are the predictions
        reference: structures with reference labels
        free: force components that are free, bool, shape (atoms, 3); see :mod:`transferkit.evaluation.symmetry`
        seed: of the bootstrap

    Raises:
        DataError: the two differ in structures or order, or ``free`` has the wrong shape.

    >>> import transferkit as tk
    >>> data = tk.bundled("gpaw-pbe-r2scan")
    >>> result = measure(data.with_labels(energy=data.energy + 0.02 * data.n_atoms), data)
    >>> round(result["energy"]["mae"], 6), result["energy"]["unit"], result["magmoms"]["mae"]
    (0.02, 'eV/atom', None)
    """
    check_same(predicted, reference)
    if free is not None and free.shape != (len(reference.numbers), 3):
        raise DataError(f"free has shape {free.shape} for {len(reference.numbers)} atoms; it must be (atoms, 3)")
    errors = {label: label_errors(label, predicted, reference) for label in PROPERTIES}
    free_forces = None if free is None else errors["forces"].free(free)
    _, group = np.unique(reference.composition.astype(str), return_inverse=True)
    listed = {"energy": errors["energy"], "forces": errors["forces"], "stress": errors["stress"]}
    table = by_composition(reference, listed | ({} if free_forces is None else {"free_forces": free_forces}))
    if free_forces is None:
        table = {name: {**row, "free_forces": None} for name, row in table.items()}
    out: Json = {label: _summary(errors[label], group, label, seed) for label in PROPERTIES}
    out["energy"] |= _over_compositions(table)
    out["forces"] |= {
        "free_mae": None if free_forces is None else _mean(free_forces.absolute),
        "free_predict_zero_mae": None if free_forces is None else _mean(np.abs(free_forces.reference)),
        "n_free": None if free_forces is None else len(free_forces),
    }
    out["by_element"] = by_element(reference, errors["energy"], errors["forces"])
    out["by_composition"] = table
    out["by_chemistry"] = by_chemistry(table)
    return out


def _summary(errors: LabelErrors, group: np.ndarray, label: Property, seed: int) -> Json:
    mean_square = _mean(errors.difference**2)
    clusters = group[errors.structure]
    interval = bootstrap_ratio(
        np.bincount(clusters, weights=errors.absolute), np.bincount(clusters).astype(np.float64), seed=seed
    )
    out: Json = {
        "mae": _mean(errors.absolute),
        "rmse": None if mean_square is None else float(np.sqrt(mean_square)),
        "interval": None if interval is None else list(interval),
        "unit": UNITS[label],
        "n": len(errors),
    }
    if label != "energy":  # the zero of energy is arbitrary, so predicting it means nothing
        out["predict_zero_mae"] = _mean(np.abs(errors.reference))
    return out


def _over_compositions(table: Json) -> Json:
    values = [row["energy"] for row in table.values() if row["energy"] is not None]
    return {
        "mean_over_compositions": float(np.mean(values)) if values else None,
        "median_over_compositions": float(np.median(values)) if values else None,
    }


def _mean(values: np.ndarray) -> float | None:
    return float(values.mean()) if len(values) else None
