"""The figures of a comparison, with the words that stand for them where they cannot be seen."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from transferkit.report.figures.comparison import comparison
from transferkit.report.figures.paired import paired
from transferkit.report.figures.variant_curves import variant_curves
from transferkit.report.folder import read_history
from transferkit.report.ordering import error_of
from transferkit.report.pictures import Picture, picture
from transferkit.report.quantities import MISSING, QUANTITIES
from transferkit.typing import Json


def pictures_on_test(folder: Path, told: Json, test: str, labels: Mapping[str, str]) -> list[Picture]:
    """Errors of all variants on one test and, where they are paired with a baseline, their differences to it.

    Args:
        folder: of the comparison
        told: comparison.json
        test: name of the test
        labels: shown name of each variant
    """
    variants, comparisons = told.get("variants") or {}, (told.get("paired") or {}).get(test) or {}
    baseline = labels.get(told.get("baseline") or "", "") or MISSING
    finals = {
        labels[name]: error_of(variant, test, "final", "energy").get("mean") for name, variant in variants.items()
    }
    said = ", ".join(f"{label} {QUANTITIES['energy'].show(mean)}" for label, mean in finals.items())
    out = [
        picture(
            comparison(variants, test),
            folder,
            f"errors {test}",
            alt=f"Final energy error on {test} in meV/atom: {said}.",
            caption=f"Errors on {test}. Open circles: step 0; filled squares: final; lines: 95 % intervals. Logarithmic axes.",
        )
    ]
    if any(comparisons.values()):
        out.append(
            picture(
                paired(comparisons, labels=labels, baseline=baseline),
                folder,
                f"paired {test}",
                alt=f"Paired differences of final errors on {test}; the table below gives the numbers.",
                caption=f"Final error minus that of {baseline}, composition by composition, averaged over seeds.",
            )
        )
    return out


def curves_picture(folder: Path, variants: Mapping[str, Json], labels: Mapping[str, str]) -> Picture | None:
    """Validation errors of all variants against steps; None where no run's metrics.jsonl is in the folder."""
    histories: dict[str, Sequence[Sequence[Json]]] = {}
    for name, variant in variants.items():
        paths = [folder / str(run) / "metrics.jsonl" for run in variant.get("runs") or []]
        found = [history for path in paths if path.exists() and (history := read_history(path, []))]
        if found:
            histories[labels[name]] = found
    if not histories:
        return None
    energy = QUANTITIES["energy"]
    ends = {
        label: [(run[-1].get("valid") or {}).get("energy_mae") for run in runs] for label, runs in histories.items()
    }
    means = {label: [e for e in found if e is not None] for label, found in ends.items()}
    said = ", ".join(f"{label} {energy.show(sum(e) / len(e)) if e else MISSING}" for label, e in means.items())
    return picture(
        variant_curves(histories),
        folder,
        "learning-curves",
        alt=f"Validation errors against steps; the energy error at the end in meV/atom: {said}.",
        caption="Errors on the validation part against optimiser steps, mean over seeds; step 0 is before training. Logarithmic axes.",
    )
