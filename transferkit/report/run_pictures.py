"""The figures of one run, with the words that stand for them where they cannot be seen."""

from pathlib import Path

from transferkit.report.error_tables import element_values
from transferkit.report.figures.e0_shift import e0_shift
from transferkit.report.figures.element_errors import element_errors
from transferkit.report.figures.learning_curve import RESIDUALS, learning_curve
from transferkit.report.figures.parity import parity
from transferkit.report.figures.policies import policies
from transferkit.report.folder import RunFolder
from transferkit.report.forgetting_section import diatomics_picture
from transferkit.report.levels_section import set_names
from transferkit.report.pictures import Picture, picture
from transferkit.report.quantities import QUANTITIES
from transferkit.report.sentences import HEADLINE, shown
from transferkit.typing import Json, Property

WORDS: dict[Property, str] = {
    "energy": "Final energy error ({unit}): mean over the structures that hold the element. Darker is worse.",
    "forces": "Final force error ({unit}): mean over all components on atoms of the element. Darker is worse.",
}


def run_pictures(run: RunFolder) -> Json:
    """All figures that the files of a run allow, written to ``figures/``.

    Returns:
        {"policies", "e0", "learning", "diatomics": Picture or None, "parity": {test: Picture}, "elements": {test: [Picture]}}
    """
    return {
        "policies": _policies(run),
        "e0": shift_picture(run.result, run.path),
        "learning": _learning_curve(run),
        "diatomics": diatomics_picture(run.result, run.path),
        "parity": _parity(run),
        "elements": {name: _elements(run, name, test) for name, test in run.result["tests"].items()},
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


def shift_picture(result: Json, folder: Path) -> Picture | None:
    """The shift of E0 on the periodic table, from a result.json; None where none was stored."""
    reference = result.get("reference") or {}
    shift = {s: v for s, v in (reference.get("shift") or {}).items() if v is not None}
    if not shift:
        return None
    undetermined = reference.get("undetermined") or []
    settled = {s: v for s, v in shift.items() if s not in undetermined} or shift
    low, high = min(settled, key=settled.__getitem__), max(settled, key=settled.__getitem__)
    return picture(
        e0_shift(shift, undetermined=undetermined),
        folder,
        "e0-shift",
        alt=f"Periodic table. The shift runs from {settled[low]:.2f} eV/atom ({low}) to {settled[high]:.2f} ({high}).",
        caption="Change of each elemental energy E0 when the potential moves to the new level of theory, before any training. "
        "Grey in brackets: not determined by the data. White: not in the data.",
    )


def _learning_curve(run: RunFolder) -> Picture | None:
    if not run.history:
        return None
    last = run.history[-1]
    error = QUANTITIES["energy"].show((last.get("valid") or {}).get("energy_mae"))
    trained = last.get("train") or {}
    ends = [
        f"{name} {QUANTITIES['energy'].show(trained[key])} meV/atom"
        for name, key in RESIDUALS.items()
        if key in trained
    ]
    left = f"; mean consistency residuals in training end at {' and '.join(ends)}" if ends else ""
    several = " Errors are those of the data; the last panel has the loss of every set." if trained.get("heads") else ""
    of = (
        " Residuals: how far energies and forces at displaced positions disagree (PITC, PISC), mean absolute values over the "
        "training structures that took part since the evaluation before; they need no labels."
    )
    return picture(
        learning_curve(
            run.history,
            best_step=(run.result.get("training") or {}).get("best_step"),
            sets=set_names(run.result, run.history),
        ),
        run.path,
        "learning-curves",
        alt=f"Errors against steps; the energy error on the validation part ends at {error} meV/atom{left}.",
        caption="Errors on the training and validation parts against optimiser steps; step 0 is before training."
        + (of if ends else "")
        + several,
    )


def _parity(run: RunFolder) -> dict[str, Picture]:
    out = {}
    for name, p in run.predictions.items():
        test = run.result["tests"][name]
        out[name] = picture(
            parity(p.labels, p.final, step0=p.step0, e0=run.e0),
            run.path,
            f"parity {name}",
            alt=f"Predictions against labels on {name} as densities, before and after training; {_errors_said(test)}.",
            caption="Left: step 0; middle: final; darker: more values. Right: the share of values below each error. The same E0 is "
            "subtracted from labelled and predicted energies. All structures of the test are drawn, those with an "
            "undetermined reference too.",
        )
    return out


def _errors_said(test: Json) -> str:
    said = [f"{QUANTITIES[p].name} {shown(test.get('final'), p)}" for p in HEADLINE]
    return f"final errors: {', '.join(said)}"


def _elements(run: RunFolder, name: str, test: Json) -> list[Picture]:
    """Maps of the final errors by element; a single element needs no map."""
    out = []
    for p, words in WORDS.items():
        errors, quantity = element_values(test, p), QUANTITIES[p]
        if len(errors) < 2:
            continue
        first = sorted(errors, key=errors.__getitem__, reverse=True)[:3]
        said = ", ".join(f"{s} {quantity.show(errors[s])}" for s in first)
        out.append(
            picture(
                element_errors(errors, p),
                run.path,
                f"elements {name} {p}",
                alt=f"Periodic table of the final {quantity.name} error on {name}; largest in {quantity.unit}: {said}.",
                caption=words.format(unit=quantity.unit),
            )
        )
    return out
