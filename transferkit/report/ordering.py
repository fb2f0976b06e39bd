"""Which variant came out ahead, in words computed from the numbers."""

from collections.abc import Mapping, Sequence

from transferkit.evaluation.compare import SEEDS_FOR_A_CLAIM
from transferkit.report.quantities import QUANTITIES, Quantity
from transferkit.report.sentences import overlap
from transferkit.report.told_apart import ALIKE, BETTER, WORSE, standing
from transferkit.typing import Json, Property

ORDERED: tuple[Property, ...] = ("energy", "forces", "stress")


def ordering(variants: Mapping[str, Json], test: str, *, baseline: str) -> list[str]:
    """Per property, the variant with the lowest final error on one test, and where the baseline started.

    Args:
        variants: of comparison.json, errors in eV/atom, eV/Å, eV/Å³
        test: name of the test
        baseline: name of a variant; its error at step 0 is added where it was measured

    Returns:
        one text per property that was measured, energy first; it says where the interval overlaps that of the second

    >>> def variant(mean):
    ...     return {
    ...         "label": f"V{mean}",
    ...         "tests": {"t": {"final": {"energy": {"mean": mean, "interval": [mean, mean]}}}},
    ...     }
    >>> ordering({"a": variant(0.2), "b": variant(0.1)}, "t", baseline="a")
    ['On t the final energy error is lowest for V0.1: 100 [100, 100] meV/atom.']
    """
    out, first = [], variants.get(baseline) or {}
    for name in ORDERED:
        quantity = QUANTITIES[name]
        entries = []
        for key, variant in variants.items():
            entry = error_of(variant, test, "final", name)
            if quantity.value(entry.get("mean")) is not None:
                entries.append((entry["mean"], variant.get("label") or key, entry.get("interval")))
        if entries:
            text = _sentence(quantity, test, sorted(entries, key=lambda e: (e[0], e[1])))
            out.append(text + _start(quantity, name, test, first, first.get("label") or baseline))
    return out


def error_of(variant: Json, test: str, stage: str, name: Property) -> Json:
    """Mean and interval of one error of a variant of comparison.json; empty where it was not measured."""
    found: Json = (((variant.get("tests") or {}).get(test) or {}).get(stage) or {}).get(name) or {}
    return found


def _sentence(quantity: Quantity, test: str, entries: Sequence[tuple[float, str, Sequence[float] | None]]) -> str:
    (mean, label, interval), *others = entries
    text = (
        f"On {test} the final {quantity.error} is lowest for {label}: {quantity.show(mean, interval)} {quantity.unit}."
    )
    if others and overlap(interval, others[0][2]):
        text += f" The interval of the next ({others[0][1]}) overlaps."
    return text


def _start(quantity: Quantity, name: Property, test: str, variant: Json, label: str) -> str:
    """Where the baseline was before training; empty where that was not measured."""
    entry = error_of(variant, test, "step0", name)
    if quantity.value(entry.get("mean")) is None:
        return ""
    shown = quantity.show(entry["mean"], entry.get("interval"))
    return f" Before training the baseline ({label}) was at {shown} {quantity.unit}."


def indicative(comparisons: Mapping[str, Mapping[Property, Sequence[Json]]]) -> str:
    """Why the paired comparisons of some tests claim no ordering; empty where all of them do.

    Args:
        comparisons: test -> property -> rows of :class:`transferkit.evaluation.compare.Comparison`

    >>> row = {"claim": False, "seeds_per_composition": 1}
    >>> indicative({"t": {"energy": [row]}})
    'a claim about an ordering needs 5 seeds for every composition; on t the fewest are 1.'
    """
    found = []
    for test, by_property in comparisons.items():
        rows = [row for several in by_property.values() for row in several]
        seeds = [row["seeds_per_composition"] for row in rows if "seeds_per_composition" in row]
        if not rows:
            found.append(f"on {test} nothing is paired")
        elif len(seeds) < len(rows):
            # Written before the number was stored: such a claim counts seeds that tested other compositions.
            found.append(f"on {test} their number was not stored")
        elif not all(row["claim"] for row in rows):
            found.append(f"on {test} the fewest are {min(seeds)}")
    if not found:
        return ""
    return f"a claim about an ordering needs {SEEDS_FOR_A_CLAIM} seeds for every composition; {', '.join(found)}."


def verdict(
    test: str, comparisons: Mapping[Property, Sequence[Json]], labels: Mapping[str, str], baseline: str
) -> list[str]:
    """Which methods are better or worse than the baseline on one test, and which are not told apart from it.

    >>> row = {"method": "b", "mean_difference": 0.1, "interval": [0.05, 0.2], "p_holm": 0.01}
    >>> verdict("t", {"energy": [row]}, {"b": "B"}, "A")
    ['On t, 1 of 1 paired comparisons tells a variant apart from the baseline (A): B is worse in energy.']
    """
    rows = [(name, row, standing(row)) for name, found in comparisons.items() for row in found]
    if not rows:
        return []
    clear = sum(where != ALIKE for _, _, where in rows)
    start = f"On {test}, {clear} of {len(rows)} paired comparisons {'tells' if clear == 1 else 'tell'} a variant apart from the baseline ({baseline})"
    parts = []
    for word in (BETTER, WORSE):
        for method in dict.fromkeys(r["method"] for _, r, where in rows if where == word):
            names = [QUANTITIES[n].name for n, r, where in rows if r["method"] == method and where == word]
            parts.append(f"{labels.get(method, method)} is {word} in {' and '.join(names)}")
    out = [f"{start}: {'; '.join(parts)}." if parts else f"{start}."]
    alike = []  # labels hold commas of their own, so that those of a list stand in quotation marks
    for name in comparisons:
        methods = [f"“{labels.get(r['method'], r['method'])}”" for n, r, where in rows if n == name and where == ALIKE]
        if methods:
            alike.append(f"in {QUANTITIES[name].name} {', '.join(methods)}")
    if alike:
        out.append(f"On {test}, {ALIKE} from the baseline: {'; '.join(alike)}.")
    return out
