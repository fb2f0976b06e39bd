"""Labels against a potential's predictions: units and signs that the data alone cannot tell, and a Hubbard U in some frames only.

A pre-trained potential of any level of theory knows forces and stress to some ten per cent, and units differ by factors of
two and more: the slope of labels on predictions names them, for single relaxed frames too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from transferkit.data.finding import Finding
from transferkit.data.mixture_checks import clusters_of_metals, heaps
from transferkit.data.referenced import referenced
from transferkit.data.structures import Structures
from transferkit.data.unit_mend import unit_mend
from transferkit.errors import DataError
from transferkit.typing import Property
from transferkit.units import BOHR, ENERGIES, GPA, HARTREE, KBAR

CORRELATED = 0.7
"""Labels and predictions that go together less than this say nothing about units."""
FEWEST = 10
"""Numbers (energies beyond the constants per element, components of forces or stress) that a slope needs."""
VOICES = 5.0
"""Structures that must carry the correlation: forces of two in a set of relaxed ones say nothing about the others."""
SLIPS: Mapping[str, Mapping[str, float]] = {
    "energies": {
        "": 1.0,
        "Hartree": 1 / HARTREE,
        "Rydberg": 1 / ENERGIES["Ry"],
        "kcal/mol": 1 / ENERGIES["kcal/mol"],
        "kJ/mol": 1 / ENERGIES["kJ/mol"],
        "meV": 1e3,
    },
    "forces": {
        "": 1.0,
        "Hartree/Bohr": BOHR / HARTREE,
        "Rydberg/Bohr": BOHR / ENERGIES["Ry"],
        "eV/Bohr": BOHR,
        "kcal/mol/Å": 1 / ENERGIES["kcal/mol"],
        "kJ/mol/Å": 1 / ENERGIES["kJ/mol"],
        "meV/Å": 1e3,
    },
    "stress": {"": 1.0, "GPa": 1 / GPA, "kbar": 1 / KBAR, "Hartree/Bohr³": BOHR**3 / HARTREE},
}
"""What one eV, eV/Å or eV/Å³ is in each unit."""
LABELS: Mapping[str, tuple[Property, str]] = {
    "energies": ("energy", "eV"),
    "forces": ("forces", "eV/Å"),
    "stress": ("stress", "eV/Å³"),
}
TOLERANCE: Mapping[str, float] = {"energies": 0.3, "forces": 0.3, "stress": 0.8}
"""Of the logarithm of the slope: potentials are some ten per cent too soft or too stiff, under high pressure far more; units of
stress differ by factors of ten."""
TURNED = {
    "energies": "have the wrong sign",
    "forces": "have the sign of a gradient",
    "stress": "has the sign of VASP, pressure positive",
}


def against_model(labels: Structures, predicted: Structures, known: Sequence[Finding] = ()) -> list[Finding]:
    """Units and signs of the labels, from their slope on a potential's predictions for the same structures.

    Energies are compared after a constant per element on both sides, so that neither the potential's level of theory nor
    its reference matters.

    Args:
        labels: labelled structures
        predicted: the same structures with predictions in eV, eV/Å, eV/Å³, as
            :func:`transferkit.evaluation.predict.predict` returns them
        known: findings on the data alone; what they suspect already is not said again

    Raises:
        DataError: the structures are not the same.

    >>> import transferkit as tk
    >>> data = tk.bundled("gpaw-pbe-r2scan")
    >>> [found.what for found in against_model(data.with_labels(stress=-1602.1766 * data.stress), data)]
    ['against the potential, the stress looks like kbar and has the sign of VASP, pressure positive']
    """
    if len(labels) != len(predicted) or not np.array_equal(labels.offsets, predicted.offsets):
        raise DataError(
            f"{len(labels)} labelled structures and {len(predicted)} predictions are not of the same structures"
        )
    suspected = " ".join(f.what for f in known if f.severity == "warning")
    found = []
    for name, (given, expected, owner) in _compared(labels, predicted).items():
        if name.removesuffix("ies") not in suspected and _voices(given, expected, owner) >= VOICES:
            found += _slip(name, given, expected)
    if "U look mixed" not in suspected and "kinds of calculation" not in suspected and not found:
        found += _hubbard(labels, predicted)
    return found


def _compared(labels: Structures, predicted: Structures) -> dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Numbers of the labels, of the predictions, and their structure, by name, where both are there and enough of them."""
    out: dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]] = {}
    both = {p: labels.mask[p] & predicted.mask[p] for p in ("energy", "forces", "stress")}
    rows = np.flatnonzero(both["energy"])
    if len(rows):
        left = [referenced(data[rows]) for data in (labels, predicted)]
        if len(rows) - left[0].rank >= FEWEST:
            out["energies"] = (left[0].residual, left[1].residual, rows)
    atoms = both["forces"][labels.owner]
    for name, index, owner in (
        ("forces", atoms, np.repeat(labels.owner[atoms], 3)),
        ("stress", both["stress"], np.repeat(np.flatnonzero(both["stress"]), 9)),
    ):
        given, expected = getattr(labels, name)[index].reshape(-1), getattr(predicted, name)[index].reshape(-1)
        if np.count_nonzero(expected) >= FEWEST:
            out[name] = (given, expected, owner)
    return out


def _voices(given: np.ndarray, expected: np.ndarray, owner: np.ndarray) -> float:
    """How many structures the correlation rests on: the participation ratio of their shares."""
    share = np.sqrt(np.bincount(owner, weights=np.abs(given * expected)))
    return float(share.sum() ** 2 / max((share**2).sum(), 1e-300))


def _slip(name: str, given: np.ndarray, expected: np.ndarray) -> list[Finding]:
    if not given.any():
        return []
    correlation = float((given * expected).sum() / np.sqrt((given**2).sum() * (expected**2).sum()))
    slope = _slope(given, expected)
    if abs(correlation) < CORRELATED or slope == 0.0:
        return []
    distance = {unit: abs(np.log(abs(slope) / factor)) for unit, factor in SLIPS[name].items()}
    unit = min(distance, key=distance.__getitem__)
    if distance[unit] > TOLERANCE[name] or (not unit and slope > 0):
        return []
    looks = f"look{'s' if name == 'stress' else ''} like {unit}"
    suspicions = [looks] * bool(unit) + [TURNED[name]] * (slope < 0)
    evidence = (
        f"the labels are {slope:.4g} times what the potential predicts (correlation {correlation:.2f}, {len(given)} numbers), "
        f"where one gives agreement" + (f" and {unit} gives {SLIPS[name][unit]:.4g}" if unit else "")
    )
    factor = float(np.sign(slope) / SLIPS[name][unit])
    what = f"against the potential, the {name} {' and '.join(suspicions)}"
    label, ours = LABELS[name]
    return [Finding("warning", what, (), evidence, unit_mend(label, factor, unit or ours))]


def _slope(given: np.ndarray, expected: np.ndarray) -> float:
    """The line through the origin with the smallest sum of absolute deviations: a weighted median of the quotients."""
    there = expected != 0
    quotient, weight = given[there] / expected[there], np.abs(expected[there])
    order = np.argsort(quotient)
    total = np.cumsum(weight[order])
    return float(quotient[order][np.searchsorted(total, total[-1] / 2)])


def _hubbard(labels: Structures, predicted: Structures) -> list[Finding]:
    both = labels.mask["energy"] & predicted.mask["energy"]
    blank = np.where(both, labels.energy - predicted.energy, np.nan)
    mask: dict[Any, np.ndarray] = {**labels.mask, "energy": both}
    left = referenced(replace(labels, energy=blank, mask=mask), robust=True).residual
    return heaps(clusters_of_metals(labels, left), "minus the potential's, after a constant per element,")
