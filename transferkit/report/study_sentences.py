"""A study in sentences: what pre-training was worth, where lines meet, and why a line was not fitted."""

from collections.abc import Sequence

from transferkit.report.quantities import MISSING, QUANTITIES, Quantity, count
from transferkit.typing import Json

FAR = 100
"""Times the largest measured size, beyond which no number is given."""


def answer(told: Json, abscissa: str) -> str:
    """What came out of one test part and quantity, in one or two sentences; empty where nothing was measured.

    Args:
        told: one of "sections" of the analysis
        abscissa: what a size counts, in the plural
    """
    quantity = QUANTITIES[told["quantity"]]
    curves = [c for c in told["curves"] if c["sizes"]]
    if not curves:
        return ""
    ends = ", ".join(
        f"{quantity.show(c['mean'][-1], c['interval'][-1])} {quantity.unit} for {c['curve']} at {count(c['sizes'][-1])} {abscissa}"
        f"{_before(c, quantity)}"
        for c in curves
    )
    text = f"{quantity.name.capitalize()} error on {told['test']}: {ends}."
    flat = [c["curve"] for c in curves if level(c)]
    if flat:
        text += (
            f" The interval of the exponent of {' and '.join(flat)} holds zero: that more data lower the error is not shown, so "
            "crossings and factors with it say little."
        )
    for contrast in told.get("contrasts") or []:
        if {contrast["transfer"], contrast["scratch"]} & set(flat):
            continue
        text += _factor_words(contrast, abscissa)
        if contrast.get("crossing"):
            text += f" {crossing_words(contrast['crossing'], abscissa)}"
    return text


def _before(curve: Json, quantity: Quantity) -> str:
    """Its error at step 0: without it a low error that E0 alone gives would pass for what training gave."""
    first = (curve.get("step0") or [None])[-1]
    return "" if first is None else f" (before training {quantity.show(first)})"


def not_fitted(sections: Sequence[Json]) -> list[str]:
    """Why no law is fitted, each reason once for all quantities.

    >>> not_fitted([{"curves": [{"curve": "a", "sizes": [12], "refused": "Too few."}]}] * 2)
    ['No power law is fitted to a. Too few.']
    """
    reasons: dict[str, dict[str, None]] = {}
    for curve in (c for s in sections for c in s["curves"]):
        if curve["sizes"] and curve.get("refused"):
            reasons.setdefault(curve["refused"], {})[curve["curve"]] = None
    return [f"No power law is fitted to {' and '.join(names)}. {why}" for why, names in reasons.items()]


def level(curve: Json) -> bool:
    """Whether a fitted exponent may be zero: the points do not show that the error falls.

    >>> level({"fit": {"exponent_interval": [-0.1, 0.2]}}), level({"fit": None})
    (True, False)
    """
    fit = curve.get("fit")
    if not fit:
        return False
    low = (fit.get("exponent_interval") or [None])[0]
    return low is None or low <= 0


def _factor_words(contrast: Json, abscissa: str) -> str:
    """What pre-training saves at the largest size."""
    rows = [row for row in contrast.get("factors") or [] if row.get("factor") is not None]
    if not rows:
        return ""
    row, largest = rows[-1], rows[-1]["size"]
    head = f" To match {contrast['transfer']} at {count(row['size'])} {abscissa}, {contrast['scratch']} needs"
    if row["scratch_size"] > FAR * largest:
        return f"{head} more than {FAR} times the largest size, if its line goes on."
    span = f" (95 % interval {_ends(row['interval'])})" if row.get("interval") else ""
    beyond = ", read beyond what was measured" if row.get("extrapolated") else ""
    return f"{head} {_times(row['factor'])} times as many{span}{beyond}."


def crossing_words(crossing: Json, abscissa: str) -> str:
    """Where two fitted lines meet, and what its interval leaves open.

    Args:
        crossing: {"size", "interval": [low, high], either end None where there is none, "says": words instead}
        abscissa: what a size counts, in the plural

    >>> crossing_words({"size": 1234.0, "interval": [800.0, None]}, "compositions")
    'The lines meet at 1,230 compositions; the interval begins at 800 and is unbounded to the right: the data do not exclude that they never meet.'
    """
    if crossing.get("says"):
        return str(crossing["says"])
    size, (low, high) = crossing.get("size"), crossing.get("interval") or (None, None)
    head = "The lines do not meet at a finite size" if size is None else f"The lines meet at {_round(size)} {abscissa}"
    if low is not None and high is not None:
        return f"{head}; 95 % interval from {_round(low)} to {_round(high)}."
    if low is not None:
        return f"{head}; the interval begins at {_round(low)} and is unbounded to the right: the data do not exclude that they never meet."
    if high is not None:
        return f"{head}; the interval ends at {_round(high)} and is unbounded to the left."
    return f"{head}; the interval is unbounded on both sides: the data say nothing about where."


def sizes_of(curve: Json, size: int) -> list[int]:
    """Test compositions that the points of one size were averaged over, one number a chain."""
    found = curve.get("n_compositions") or {}
    return [int(n) for errors in found.values() for key, n in errors.items() if int(key) == size]


def size_range(numbers: Sequence[int]) -> str:
    """One number where all are equal, else the ends.

    >>> size_range([12, 12]), size_range([8, 12]), size_range([])
    ('12', '8 to 12', '–')
    """
    if not numbers:
        return MISSING
    low, high = min(numbers), max(numbers)
    return count(low) if low == high else f"{count(low)} to {count(high)}"


def _times(value: float) -> str:
    return f"{value:.2g}" if value < 100 else _round(value)


def _round(value: float) -> str:
    return count(float(f"{value:.3g}")) if value < 1e7 else f"{value:.2g}"


def _ends(interval: Sequence[float | None]) -> str:
    low, high = (None if end is None else _times(end) for end in interval)
    if low and high:
        return f"{low} to {high}"
    if low:
        return f"from {low}, without an upper end"
    return f"up to {high}" if high else "without ends"
