"""Do labels and potential mean the same by an energy? Raw PBE labels meet a potential of MP2020-corrected ones, say."""

import numpy as np

from transferkit.data.composition import fractions
from transferkit.data.finding import Finding
from transferkit.data.mp2020 import corrections, is_pbe
from transferkit.data.structures import Structures
from transferkit.errors import DataError
from transferkit.reference.elemental import ElementalReference

LOOKED_AT = 300
"""Structures that corrections are computed for, evenly taken from all; they cost milliseconds each."""
SMALL = 0.02
"""eV/atom, rms; what constants per element leave below this is no more than a good fit leaves"""
FAR = 0.1
"""eV/atom, MAE above which a potential is asked whether the labels are misnamed"""
OTHER = {"raw": "mp2020", "mp2020": "raw"}
TYPICAL = (
    "MP2020 adds -0.687 eV for each O of an oxide, -0.46 to -0.61 for F, Cl, S and Br, and -1.6 to -4.4 for each V, Cr, Mn, Fe, "
    "Co, Ni, Mo or W computed with +U in oxides and fluorides"
)


def convention_finding(
    reference: ElementalReference,
    data: Structures,
    *,
    predicted: np.ndarray | None = None,
    policy: str | None = None,
) -> Finding | None:
    """What to know where the labels are by another convention than the totals of a potential; None where they agree.

    Where they are said to agree, predictions may still tell that they do not: then that is the finding.

    ``mp2020`` against ``raw`` matters at PBE and PBE+U only: at another level of theory the shift of the functional comes on
    top, and there are no corrected labels. ``cohesive`` and ``formation`` differ from totals by a constant per element.

    Args:
        reference: E0 of the potential before anything is moved, with its ``label_convention``; nothing is said where that is
            unknown
        data: labelled structures
        predicted: total energies of the potential, eV, shape (structures,); the finding then measures both readings
        policy: how E0 is moved before the labels are used; None where it is not, as in an evaluation

    Returns:
        A warning, or a note where the policy takes up nearly everything.

    >>> import transferkit as tk
    >>> model, data = tk.load("chgnet", checkpoint="0.3.0"), tk.bundled("gpaw-pbe-r2scan", fidelity="PBE")
    >>> convention_finding(model.reference(), data[:20]).what
    'the labels are raw energies, and the potential was trained on mp2020 energies'
    """
    ours, theirs = data.label_convention, reference.label_convention
    labelled = np.flatnonzero(data.mask["energy"])
    if theirs is None or not len(labelled):
        return None
    if ours == theirs:
        return _misnamed(data, labelled, predicted)
    if {ours, theirs} == {"raw", "mp2020"}:
        return _corrections(data, labelled, theirs, predicted, policy) if is_pbe(data.fidelity) else None
    moved = policy not in {None, "keep", "isolated-atoms"}
    takes_up = f"; policy {policy} takes that up whole" if moved else ""
    return Finding(
        "note" if moved else "warning",
        _what(ours, theirs),
        (),
        f"{ours} and {theirs} energies differ by a constant per element, several eV/atom{takes_up}",
        _mend(ours, theirs, moved=moved),
    )


def _chosen(labelled: np.ndarray) -> np.ndarray:
    steps = np.linspace(0, len(labelled) - 1, min(LOOKED_AT, len(labelled))).astype(int)
    return np.asarray(labelled[np.unique(steps)])


def _misnamed(data: Structures, labelled: np.ndarray, predicted: np.ndarray | None) -> Finding | None:
    """Labels that are said to be what the potential was trained on, and fit far better as the other of raw and mp2020."""
    ours = data.label_convention
    if predicted is None or ours not in OTHER or not is_pbe(data.fidelity):
        return None
    chosen = _chosen(labelled)
    part = data[chosen]
    error = (part.energy - predicted[chosen]) / part.n_atoms
    if abs(error).mean() < FAR:
        return None
    try:
        shift = corrections(part, hubbard="materials-project") / part.n_atoms
    except DataError:
        return None
    # raw labels that carry corrections want them off; corrected labels that lack them want them on
    otherwise = error + (shift if ours == "mp2020" else -shift)
    if abs(otherwise).mean() > abs(error).mean() / 2:
        return None
    evidence = (
        f"the potential is off by {abs(error).mean():.3f} eV/atom (MAE); were they {OTHER[ours]} energies, by "
        f"{abs(otherwise).mean():.3f}"
    )
    mend = f"look at where the energies come from, and say label_convention: {OTHER[ours]} if that is what they are"
    return Finding(
        "warning", f"the labels are said to be {ours} energies and look like {OTHER[ours]} ones", (), evidence, mend
    )


def _corrections(
    data: Structures, labelled: np.ndarray, theirs: str, predicted: np.ndarray | None, policy: str | None
) -> Finding:
    chosen = _chosen(labelled)
    part = data[chosen]
    evidence, left = [TYPICAL], float("inf")
    try:
        towards = (1.0 if theirs == "mp2020" else -1.0) * corrections(part, hubbard="materials-project") / part.n_atoms
    except DataError as error:
        evidence.append(f"for these structures they are not defined: {error}")
    else:
        left = _left(part, towards)
        evidence.append(
            f"on {len(part)} of these structures that is {abs(towards).mean():.3f} eV/atom in the mean (where the data do not say, "
            f"+U as the Materials Project sets it), of which a constant per element takes up "
            + (
                f"all but {left:.3f} rms"
                if np.isfinite(left)
                else "an unknown part: there are too few compositions to tell"
            )
        )
        if predicted is not None:
            evidence.append(_measured(part, predicted[chosen], towards, theirs))
    moved = policy not in {None, "keep", "isolated-atoms"}
    if moved:
        evidence.append(f"policy {policy} takes up the constants; the rest is left for the network to unlearn")
    ours, small = data.label_convention, moved and left < SMALL
    mend = _mend(ours, theirs, moved=moved)
    return Finding("note" if small else "warning", _what(ours, theirs), (), "; ".join(evidence), mend)


def _measured(part: Structures, predicted: np.ndarray, towards: np.ndarray, theirs: str) -> str:
    error = (part.energy - predicted) / part.n_atoms
    values = [abs(error).mean(), abs(error + towards).mean()]
    values += [abs(_without_constants(part, error)).mean(), abs(_without_constants(part, error + towards)).mean()]
    a, b, c, d = (f"{value:.3f}" for value in values)
    return (
        f"measured: the potential is off by {a} eV/atom (MAE) from the labels as they are and by {b} from the same as {theirs}; "
        f"after the best constant per element by {c} and {d}"
    )


def _without_constants(part: Structures, per_atom: np.ndarray) -> np.ndarray:
    """What is left of a quantity per atom after the best constant per element."""
    X = fractions(part.counts())
    left: np.ndarray = per_atom - X @ np.linalg.lstsq(X, per_atom, rcond=None)[0]
    return left


def _left(part: Structures, per_atom: np.ndarray) -> float:
    """Rms per atom of what constants per element leave, by degrees of freedom; infinite where there are none."""
    freedom = len(part) - int(np.linalg.matrix_rank(fractions(part.counts())))
    squares = float((_without_constants(part, per_atom) ** 2).sum())
    return float(np.sqrt(squares / freedom)) if freedom > 0 else float("inf")


def _what(ours: str, theirs: str) -> str:
    return f"the labels are {ours} energies, and the potential was trained on {theirs} energies"


def _mend(ours: str, theirs: str, *, moved: bool) -> str:
    needs = {"mp2020": ", hubbard: materials-project"}.get(ours if theirs == "raw" else theirs, ", energies: {...}")
    convert = (
        f"convert the labels (data.convert: {{to: {theirs}{needs}}}, or transferkit convert --to-convention {theirs}), or say "
        f"label_convention: {theirs} if they are {theirs} energies already"
    )
    return f"nothing if {ours} energies are what the potential is to learn; else {convert}" if moved else convert
