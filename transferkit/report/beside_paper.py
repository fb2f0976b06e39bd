"""Our numbers beside the published ones: the same methods, what differs, and whether the order is the same."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from transferkit.report.paper import method_of
from transferkit.report.quantities import MISSING, QUANTITIES, count
from transferkit.typing import Json, Property

OURS: tuple[Property, ...] = ("energy", "forces", "stress")
PUBLISHED: tuple[Property, ...] = (*OURS, "magmoms")


def beside_paper(
    paper: Json, variants: Mapping[str, Json], runs: Mapping[str, Json], tests: Sequence[str], *, steps: int | None
) -> Json | None:
    """Rows and sentences that set the paper's table beside our variants.

    Args:
        paper: from :func:`transferkit.report.paper.paper_a`
        variants: of comparison.json
        runs: result.json of one run of each variant; decides which of the paper's methods a variant is
        tests: names of our tests
        steps: optimiser steps of each run

    Returns:
        None where no variant is one of the paper's methods
    """
    ours = {method: name for name, run in runs.items() if (method := method_of(run, paper)) is not None}
    if not ours:
        return None
    rows = []
    for method in paper["methods"]:
        name = ours.get(method["id"])
        cells = [f"{method['errors'][p]:g}" for p in PUBLISHED]
        cells += [_final(variants[name], test, p) if name else MISSING for test in tests for p in OURS]
        rows.append({"name": f"{method['id']}. {method['name']}", "cells": cells})
    for name, variant in variants.items():
        if name not in ours.values():
            cells = [MISSING] * len(PUBLISHED) + [_final(variant, test, p) for test in tests for p in OURS]
            rows.append({"name": f"{variant.get('label') or name} (not in the paper)", "cells": cells})
    return {
        "source": paper,
        "rows": rows,
        "units": [paper["units"][p] for p in PUBLISHED],
        "our_units": [QUANTITIES[p].unit for p in OURS],
        "tests": list(tests),
        "orders": [text for test in tests if (text := _orders(paper, variants, ours, test))],
        "differences": _differences(paper, next(iter(runs.values())), tests, steps),
        "remarks": [
            f"{variants[n].get('label') or n}: {note}" for n in ours.values() if (note := variants[n].get("note"))
        ],
    }


def _mean(variant: Json, test: str, name: Property) -> float | None:
    entry = (((variant.get("tests") or {}).get(test) or {}).get("final") or {}).get(name) or {}
    return QUANTITIES[name].value(entry.get("mean"))


def _final(variant: Json, test: str, name: Property) -> str:
    value = _mean(variant, test, name)
    return MISSING if value is None else QUANTITIES[name].show(value / QUANTITIES[name].factor)


def ranking(errors: Mapping[int, float]) -> str:
    """Methods from the lowest error to the highest, equal ones joined.

    >>> ranking({1: 27.0, 2: 26.0, 3: 26.0, 4: 17.0})
    '4 < 2 = 3 < 1'
    """
    order = sorted(errors, key=lambda m: (errors[m], m))
    text = str(order[0])
    for previous, method in pairwise(order):
        text += f" {'=' if errors[method] == errors[previous] else '<'} {method}"
    return text


def _orders(paper: Json, variants: Mapping[str, Json], ours: Mapping[int, str], test: str) -> str:
    """Whether the order of the methods by energy error is the paper's, on one of our tests."""
    mine = {m: e for m, name in ours.items() if (e := _mean(variants[name], test, "energy")) is not None}
    theirs = {m["id"]: float(m["errors"]["energy"]) for m in paper["methods"] if m["id"] in mine}
    if len(mine) < 2:
        return ""
    # A tie in the paper is met by either order.
    same = all((theirs[a] - theirs[b]) * (mine[a] - mine[b]) >= 0 for a in mine for b in mine)
    return (
        f"Final energy error on {test}, methods from lowest to highest: {ranking(mine)} here, {ranking(theirs)} in the paper; "
        f"the order is {'the same' if same else 'not the same'}."
    )


def _differences(paper: Json, run: Json, tests: Sequence[str], steps: int | None) -> list[str]:
    data = run.get("data") or {}
    compositions = count((data.get("compositions") or {}).get("train"))
    train = count((data.get("counts") or {}).get("train"))
    sizes = ", ".join(f"{test} ({count((data.get('counts') or {}).get(test))} structures)" for test in tests)
    reference = (
        f"Reference: fitted on {compositions} compositions ({train} structures) here, on "
        f"{count(paper['training_frames'])} frames there. The narrower the set, the more of the network's own energy "
        "a label-only fit absorbs."
    )
    return [
        reference,
        f"Training: {count(steps)} steps here, {paper['epochs']} epochs of all frames there.",
        f"Labels: {run.get('fidelity', MISSING)} from {data.get('source', MISSING)} here, {paper['labels']} there.",
        f"Tests: {sizes} here; {paper['test']} ({count(paper['test_structures'])} structures) there.",
        f"Errors: means over compositions and seeds, forces over the components that symmetry does not make zero here; means over structures and over all components, seeds {paper['seeds']}, there.",
    ]
