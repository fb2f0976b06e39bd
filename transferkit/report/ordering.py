"""Which variant came out ahead, in words computed from the numbers."""

from collections.abc import Mapping, Sequence

from transferkit.report.figures.paired import LEVEL
from transferkit.report.quantities import QUANTITIES, Quantity
from transferkit.report.sentences import overlap
from transferkit.typing import Json, Property

ORDERED: tuple[Property, ...] = ("energy", "forces", "stress")


def ordering(variants: Mapping[str, Json], test: str) -> list[str]:
    """Per property, the variants from the lowest to the highest final error on one test.

    Args:
        variants: of comparison.json, errors in eV/atom, eV/Å, eV/Å³
        test: name of the test

    Returns:
        one sentence per property that was measured, energy first; it says where the intervals of the first two overlap

    >>> def variant(mean):
    ...     return {
    ...         "label": f"V{mean}",
    ...         "tests": {"t": {"final": {"energy": {"mean": mean, "interval": [mean, mean]}}}},
    ...     }
    >>> ordering({"a": variant(0.2), "b": variant(0.1)}, "t")
    ['On t the final energy error is lowest for V0.1: 100 [100, 100] meV/atom; then V0.2 200 [200, 200].']
    """
    out = []
    for name in ORDERED:
        quantity = QUANTITIES[name]
        entries = []
        for key, variant in variants.items():
            entry = (((variant.get("tests") or {}).get(test) or {}).get("final") or {}).get(name) or {}
            if quantity.value(entry.get("mean")) is not None:
                entries.append((entry["mean"], variant.get("label") or key, entry.get("interval")))
        if entries:
            out.append(_sentence(quantity, test, sorted(entries, key=lambda e: (e[0], e[1]))))
    return out


def _sentence(quantity: Quantity, test: str, entries: Sequence[tuple[float, str, Sequence[float] | None]]) -> str:
    (mean, label, interval), *others = entries
    text = f"On {test} the final {quantity.name} error is lowest for {label}: {quantity.show(mean, interval)} {quantity.unit}"
    if others:
        text += "; then " + "; ".join(f"{other} {quantity.show(m, ends)}" for m, other, ends in others)
        if overlap(interval, others[0][2]):
            text += ". The intervals of the first two overlap"
    return text + "."


def verdict(test: str, comparisons: Mapping[Property, Sequence[Json]], labels: Mapping[str, str], baseline: str) -> str:
    """Which methods differ from the baseline after Holm's correction, on one test.

    >>> row = {"method": "b", "mean_difference": 0.1, "p_holm": 0.01}
    >>> verdict("t", {"energy": [row]}, {"b": "B"}, "A")
    'On t, 1 of 1 paired comparisons with A is significant at 0.05 after Holm (within each property): B is worse in energy.'
    """
    rows = [(name, row) for name, found in comparisons.items() for row in found]
    if not rows:
        return ""
    clear = [(n, r) for n, r in rows if r.get("p_holm") is not None and r["p_holm"] < LEVEL]
    start = f"On {test}, {len(clear)} of {len(rows)} paired comparisons with {baseline} {'is' if len(clear) == 1 else 'are'} significant at {LEVEL} after Holm (within each property)"
    parts = []
    for word, sign in (("better", -1), ("worse", 1)):
        for method in dict.fromkeys(r["method"] for _, r in clear):
            names = [QUANTITIES[n].name for n, r in clear if r["method"] == method and r["mean_difference"] * sign > 0]
            if names:
                parts.append(f"{labels.get(method, method)} is {word} in {' and '.join(names)}")
    return f"{start}: {'; '.join(parts)}." if parts else f"{start}."
