"""The figures of one run, with the words that stand for them where they cannot be seen."""

from transferkit.report.figures.e0_shift import e0_shift
from transferkit.report.figures.learning_curve import learning_curve
from transferkit.report.figures.parity import parity
from transferkit.report.figures.policies import policies
from transferkit.report.folder import RunFolder
from transferkit.report.pictures import Picture, picture
from transferkit.report.quantities import QUANTITIES
from transferkit.report.sentences import shown
from transferkit.typing import Json


def run_pictures(run: RunFolder) -> Json:
    """All figures that the files of a run allow, written to ``figures/``.

    Returns:
        {"policies", "e0", "learning": Picture or None, "parity": {test: Picture}}
    """
    return {
        "policies": _policies(run),
        "e0": _e0_shift(run),
        "learning": _learning_curve(run),
        "parity": _parity(run),
    }


def _policies(run: RunFolder) -> Picture | None:
    reference = run.result.get("reference") or {}
    rows = (reference.get("table") or {}).get("rows", [])
    if not any(row.get("mean") for row in rows):
        return None
    said = ", ".join(f"{r['policy']} {QUANTITIES['energy'].show(r.get('mean'))}" for r in rows)
    return picture(
        policies(rows, chosen=reference.get("policy", "")),
        run.path,
        "policies",
        alt=f"Mean error of each policy in meV/atom: {said}.",
        caption="Energy error before any training when each composition in turn is left out of the fit of E0. Logarithmic axis.",
    )


def _e0_shift(run: RunFolder) -> Picture | None:
    reference = run.result.get("reference") or {}
    shift = {s: v for s, v in (reference.get("shift") or {}).items() if v is not None}
    if not shift:
        return None
    undetermined = reference.get("undetermined") or []
    settled = {s: v for s, v in shift.items() if s not in undetermined} or shift
    low, high = min(settled, key=settled.__getitem__), max(settled, key=settled.__getitem__)
    return picture(
        e0_shift(shift, undetermined=undetermined),
        run.path,
        "e0-shift",
        alt=f"Periodic table. The shift runs from {settled[low]:.2f} eV/atom ({low}) to {settled[high]:.2f} ({high}).",
        caption="Change of each elemental energy E0 when the potential moves to the new level of theory, before any training.",
    )


def _learning_curve(run: RunFolder) -> Picture | None:
    if not run.history:
        return None
    last = run.history[-1]
    error = QUANTITIES["energy"].show((last.get("valid") or {}).get("energy_mae"))
    return picture(
        learning_curve(run.history, best_step=(run.result.get("training") or {}).get("best_step")),
        run.path,
        "learning-curves",
        alt=f"Errors against steps; the energy error on the validation part ends at {error} meV/atom.",
        caption="Errors on the training and validation parts against optimiser steps; step 0 is before training.",
    )


def _parity(run: RunFolder) -> dict[str, Picture]:
    out = {}
    for name, p in run.predictions.items():
        test = run.result["tests"][name]
        out[name] = picture(
            parity(p.labels, p.final, step0=p.step0, e0=run.e0),
            run.path,
            f"parity {name}",
            alt=f"Predictions against labels on {name}; final energy error {shown(test.get('final'), 'energy')}.",
            caption="Open circles: step 0; filled squares: final. The same E0 is subtracted from labelled and predicted energies. "
            "All structures of the test are drawn, those with an undetermined reference too.",
        )
    return out
