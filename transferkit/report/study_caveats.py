"""What a reader of a study must know before using its numbers, in plain words."""

import math
from collections.abc import Sequence

from transferkit.data.parts import KNOWN
from transferkit.report.quantities import count, counted, percent
from transferkit.report.study_sentences import size_range, sizes_of
from transferkit.typing import Json

FEW_CHAINS, FEW_COMPOSITIONS = 5, 20
LEARNT = 0.1
"""Share of the error at step 0 below which a gain is hardly one of training."""
DRAWN_OUT = 0.8
"""Share of the training pool above which subsets of different chains are nearly the same."""


def caveats(told: Json, sections: Sequence[Json], abscissa: str) -> list[str]:
    """Caveats that follow from the numbers, the gravest first.

    Args:
        told: study.json
        sections: of its analysis
        abscissa: what a size counts, in the plural
    """
    curves = [c for s in sections for c in s["curves"] if c["sizes"]]
    if not curves:
        return []
    out = [
        *_partial(told),
        *_learnt(sections),
        *_waiting(curves),
        *_chains(curves),
        *_range(curves, abscissa),
        *_compositions(sections),
        *_pool(told, curves, abscissa),
        *(f"{note[:1].upper()}{note[1:]}." for note in told.get("notes") or []),
    ]
    out.append(_test_part(told, sections))
    return out + list(told.get("caveats") or [])


def over_compositions(sections: Sequence[Json]) -> bool:
    """Whether intervals of laws hold for other test compositions, too, wherever a law was fitted on unseen structures.

    >>> over_compositions([{"test": "unseen compositions", "curves": [{"fit": {"compositions": 32}}]}])
    True
    """
    fits = [c["fit"] for s in sections for c in s["curves"] if c.get("fit") and s["test"] != KNOWN]
    return bool(fits) and all(fit.get("compositions") for fit in fits)


def _test_part(told: Json, sections: Sequence[Json]) -> str:
    if len({point.get("parts") for point in told.get("points") or []}) > 1:
        return "Not all points have the same data and division: curves that differ in these are tested on other structures."
    if over_compositions(sections):
        return (
            "All points are tested on the same structures. Intervals of laws hold the chance in choosing these; those of single points "
            "do not, and another fold may move all curves together."
        )
    return (
        "All points are tested on the same structures. The intervals do not hold the chance in choosing that test part; "
        "another fold may move all curves together."
    )


def little_learnt(section: Json) -> list[str]:
    """Curves whose training hardly lowered the error at the largest size: they show E0 and what the network knew before.

    >>> little_learnt({"curves": [{"curve": "a", "sizes": [12, 120], "mean": [0.2, 0.1], "step0": [0.2, 0.102]}]})
    ['a']
    """
    return [
        c["curve"]
        for c in section["curves"]
        if c["sizes"] and (first := (c.get("step0") or [None])[-1]) and c["mean"][-1] > (1 - LEARNT) * first
    ]


def _learnt(sections: Sequence[Json]) -> list[str]:
    return [
        (
            f"{s['quantity'].capitalize()} on {s['test']}: at the largest size training lowered the error of {' and '.join(names)} by less "
            f"than {percent(LEARNT)} of what it was at step 0. What such a curve shows with size is E0 and what the network knew before, "
            "not what it learnt."
        )
        for s in sections
        if s["test"] != KNOWN and (names := little_learnt(s))
    ]


def _waiting(curves: Sequence[Json]) -> list[str]:
    """Chains without all sizes, which laws are not fitted to."""
    late = {c["curve"]: c["waiting"] for c in curves if c.get("waiting") and c.get("fit")}
    said = "; ".join(f"{curve}: {', '.join(names)}" for curve, names in late.items())
    return [f"Chains that have not all sizes yet are drawn, and left out of the fits ({said})."] if said else []


def _partial(told: Json) -> list[str]:
    missing = told.get("missing") or []
    if not missing:
        return []
    return [
        f"{counted(len(missing), 'point')} of {count(told.get('planned'))} had not finished when this page was written."
    ]


def _chains(curves: Sequence[Json]) -> list[str]:
    numbers = [c["fit"]["chains"] if c.get("fit") else len(c["chains"]) for c in curves]
    fewest = min(numbers)
    if fewest >= FEW_CHAINS:
        return []
    if fewest == 1:
        return ["A curve has one chain: nothing says how much another draw of the training data would change it."]
    return [
        f"A curve has {count(fewest)} chains: intervals are wide, because so few draws say little about the spread."
    ]


def _range(curves: Sequence[Json], abscissa: str) -> list[str]:
    spans = [math.log10(max(c["sizes"]) / min(c["sizes"])) for c in curves]
    if min(spans) < 0.999:
        return [
            (
                f"A curve spans a factor of {10 ** min(spans):.2g} in {abscissa}. Below a decade a power law is not told from "
                "other shapes, so none is fitted to it."
            )
        ]
    return [
        (
            f"The curves span a factor of {10 ** min(spans):.2g} in {abscissa}. Forecasts to ten times the largest size go as far "
            "again as the data do; read them as a plan, not as a result."
        )
    ]


def _compositions(sections: Sequence[Json]) -> list[str]:
    out = []
    for s in sections:
        numbers = [n for c in s["curves"] for size in c["sizes"] for n in sizes_of(c, size)]
        if numbers and min(numbers) < FEW_COMPOSITIONS:
            out.append(
                f"{s['quantity'].capitalize()} on {s['test']}: errors are means over {size_range(numbers)} compositions only."
            )
        if len(set(numbers)) > 1:
            out.append(
                f"{s['quantity'].capitalize()} on {s['test']}: the number of compositions differs between curves or chains "
                f"({size_range(numbers)}), so curves are not over quite the same test."
            )
    return out


def _pool(told: Json, curves: Sequence[Json], abscissa: str) -> list[str]:
    pool = told.get("pool")
    largest = max(max(c["sizes"]) for c in curves)
    if not pool or largest / pool < DRAWN_OUT:
        return []
    return [
        (
            f"The largest size takes {percent(largest / pool)} of the {count(pool)} {abscissa} that there are for training: there the chains "
            "hold nearly the same data, and their spread is that of initialisation and order more than of the draw."
        )
    ]
