"""Forgetting: what a potential lost of its old level of theory, and of its repulsion, when it learnt a new one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from transferkit.adapters.batch import Graph
from transferkit.adapters.graphs import build_graphs
from transferkit.adapters.potential import ReferencedPotential
from transferkit.data.structures import Structures
from transferkit.evaluation.diatomics import SHORTENED, TOLERANCE, Curve, diatomic_curves
from transferkit.evaluation.intervals import bootstrap_compositions
from transferkit.evaluation.judge import determined, symmetry_free
from transferkit.evaluation.metrics import UNITS, measure
from transferkit.evaluation.predict import predict
from transferkit.reference.elemental import ElementalReference
from transferkit.typing import Json, Property

SHOWN: tuple[tuple[Property, str], ...] = (("energy", "energy"), ("forces", "free_forces"), ("stress", "stress"))
"""Property, and its column in the errors by composition: forces are those that symmetry leaves free."""
CURVES = 6
"""Elements whose curves are kept."""


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Labelled structures of an old level of theory that nothing was trained on.

    Attributes:
        data: with labels of that level
        head: that they go through, in both potentials
        graphs: of the structures in order, where they are built already
        reference: E0 of that level. Give it where the head has another one now: a potential with one head has that of the
            new level after training, and is judged with the E0 that it came with. Left out, each has that of its head.
        fitted_on: what that E0 was fitted on, if it was: energies of structures whose E0 it does not determine are left out
    """

    data: Structures
    head: str
    graphs: Sequence[Graph] | None = None
    reference: ElementalReference | None = None
    fitted_on: Structures | None = field(default=None)

    def judged(self) -> Structures:
        """The data without the energies that E0 does not determine; forces and stress do not depend on E0, so all stay."""
        if self.fitted_on is None:
            return self.data
        known = self.data.mask["energy"] & determined(self.fitted_on, self.data)
        energy = np.where(known, self.data.energy, np.nan)
        return replace(self.data, energy=energy, mask={**self.data.mask, "energy": known})


def forgetting(
    before: ReferencedPotential | None,
    after: ReferencedPotential,
    *,
    elements: Sequence[int] | np.ndarray,
    head: str | None = None,
    held_out: Mapping[str, HeldOut] | None = None,
) -> Json:
    """Errors on held-out data of the old level, and the curves of diatomics, before and after training.

    In a run: ``forgetting(referenced.potential, fitted.potential, elements=parts.train.elements, head=head, held_out={...})``
    goes into ``result.json`` as ``"forgetting"``. ``before`` is ``None`` for random weights, which have nothing to forget:
    then only the curves after training are there. For a difference that is learnt (delta) neither has a meaning: do not call it.

    Args:
        before: the potential that training started from; it has the same heads
        after: the trained one
        elements: atomic numbers of the training data, whose diatomics are looked at
        head: whose diatomics: the one that was trained; may be left out where there is one
        held_out: by a name for people, e.g. "PBE, unseen compositions"; see :class:`HeldOut`

    Returns:
        ``held_out``: per set how many energies are left out as ``undetermined`` (see :class:`HeldOut`), and per property the
        mean over compositions of the error ``before`` and ``after``, their paired
        ``change``, also ``by_composition``, with its 95 % ``interval`` from resampling compositions (units as in ``unit``; None
        where there is no such label).
        ``diatomics``: see :func:`repulsion`.

    Raises:
        UnknownHead: a potential has no such head.

    >>> import transferkit as tk
    >>> potential, data = tk.load("chgnet"), tk.bundled("gpaw-pbe-r2scan")[:6]
    >>> found = forgetting(potential, potential, elements=data.elements, held_out={"PBE": HeldOut(data, "default")})
    >>> found["held_out"]["PBE"]["forces"]["change"], found["diatomics"]["opened"]
    (0.0, [])
    """
    out: Json = {"held_out": {}}
    if before is not None:
        out["held_out"] = {name: _errors(before, after, one) for name, one in (held_out or {}).items() if len(one.data)}
    numbers = [int(z) for z in elements]
    curves = [None if p is None else diatomic_curves(p, numbers, head) for p in (before, after)]
    out["diatomics"] = repulsion(curves[0], curves[1] or {})
    return out


def _errors(before: ReferencedPotential, after: ReferencedPotential, one: HeldOut) -> Json:
    data = one.judged()
    models = [p if one.reference is None else p.with_reference(one.reference, one.head) for p in (before, after)]
    apart = int((one.data.mask["energy"] & ~data.mask["energy"]).sum())
    out: Json = {"head": one.head, "fidelity": data.fidelity, "undetermined": apart, "n": len(data)}
    graphs = build_graphs(models[0], data, head=one.head) if one.graphs is None else one.graphs
    free = symmetry_free(data)
    tables = [
        measure(predict(m, data, graphs=graphs, head=one.head), data, free=free)["by_composition"] for m in models
    ]
    out["n_compositions"] = len(tables[0])
    return out | {p: _paired(tables[0], tables[1], key) | {"unit": UNITS[p]} for p, key in SHOWN}


def _paired(before: Json, after: Json, key: str) -> Json:
    """Means over compositions, and the interval of their difference; None where no composition has the label."""
    found = {c: (row[key], after[c][key]) for c, row in before.items() if row[key] is not None}
    if not found:
        empty: Json = dict.fromkeys(("before", "after", "change", "interval"))
        return empty | {"n_compositions": 0, "by_composition": {}}
    values = np.array(list(found.values()))
    changes = {c: b - a for c, (a, b) in found.items()}
    interval = bootstrap_compositions({c: [change] for c, change in changes.items()})
    return {
        "before": float(values[:, 0].mean()),
        "after": float(values[:, 1].mean()),
        "change": float((values[:, 1] - values[:, 0]).mean()),
        "interval": None if interval is None else list(interval),
        "n_compositions": len(found),
        "by_composition": changes,
    }


def repulsion(before: Mapping[str, Curve] | None, after: Mapping[str, Curve]) -> Json:
    """Holes in the repulsion between equal atoms, and how far training moved the curves.

    On the way in from the bonded minimum the energy must rise. Where it falls again by more than 0.1 eV, before it has risen by
    20 eV, there is a hole, as deep as the largest fall. The minimum after training is looked for at 0.85 of the distance before and
    more, so that a hole is not taken for a bond.

    Args:
        before: curves by symbol, or None where there was no potential before
        after: of the same elements at the same distances

    Returns:
        ``elements``: by symbol the bonded distance before (Å), depth of the hole ``before`` and ``after`` (eV), and the mean
        absolute change of the energy above that of the bonded distance, below it (``wall``, eV) and from it on (``well``, eV);
        ``holes``: how many elements have one, before and after; ``opened`` and ``closed``: which; ``worst``: the deepest;
        ``wall``, ``well``: medians over elements; ``curves``: of those that changed most.
    """
    elements: dict[str, Json] = {}
    curves: dict[str, Json] = {}
    for symbol, last in after.items():
        first = None if before is None else before[symbol]
        point = last.bonded() if first is None else first.bonded()
        own = last.bonded(0.0 if first is None else SHORTENED * float(last.distance[point]))
        row: Json = {"bond": float(last.distance[point]), "before": None, "after": last.hole(own)}
        curves[symbol] = {"distance": _short(last.distance, 4), "before": None, "after": _short(last.above(point), 3)}
        if first is not None:
            moved = np.abs(last.above(point) - first.above(point))
            row |= {"before": first.hole(point), "wall": _mean(moved[:point]), "well": _mean(moved[point:])}
            curves[symbol]["before"] = _short(first.above(point), 3)
        elements[symbol] = row
    holes = {when: [s for s, row in elements.items() if (row[when] or 0.0) > TOLERANCE] for when in ("before", "after")}
    order = sorted(elements, key=lambda s: (-_deepened(elements[s]), -(elements[s].get("wall") or 0.0)))
    return {
        "tolerance": TOLERANCE,
        "elements": elements,
        "holes": {"before": None if before is None else len(holes["before"]), "after": len(holes["after"])},
        "opened": [] if before is None else [s for s in holes["after"] if s not in holes["before"]],
        "closed": [s for s in holes["before"] if s not in holes["after"]],
        "worst": {when: _worst(elements, when) for when in ("before", "after")},
        "wall": _median([row.get("wall") for row in elements.values()]),
        "well": _median([row.get("well") for row in elements.values()]),
        "curves": {s: curves[s] for s in order[:CURVES]},
    }


def _deepened(row: Json) -> float:
    """How much deeper a hole became, eV; ripples do not count."""
    return float(max(row["after"] - max(row["before"] or 0.0, TOLERANCE), 0.0))


def _worst(elements: Mapping[str, Json], when: str) -> Json | None:
    """The element with the deepest hole; None where there is none."""
    deep = {s: row[when] for s, row in elements.items() if row[when] is not None and row[when] > TOLERANCE}
    if not deep:
        return None
    symbol = max(deep, key=deep.__getitem__)
    return {"element": symbol, "depth": deep[symbol]}


def _mean(values: np.ndarray) -> float | None:
    return float(values.mean()) if len(values) else None


def _median(values: Sequence[float | None]) -> float | None:
    there = [v for v in values if v is not None]
    return float(np.median(there)) if there else None


def _short(values: np.ndarray, digits: int) -> list[float]:
    return [round(float(v), digits) for v in values]
