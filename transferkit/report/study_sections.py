"""One test part and quantity of a study: figure, fits, crossing, data factor, forecast and table of points."""

from collections.abc import Sequence
from pathlib import Path

from transferkit.report.figures.scaling_curves import scaling_curves
from transferkit.report.pictures import Picture, picture
from transferkit.report.quantities import MISSING, QUANTITIES, Quantity, count
from transferkit.report.study_sentences import FAR, crossing_words, size_range, sizes_of
from transferkit.typing import Json

TITLES = {"energy": "Energy", "forces": "Forces", "stress": "Stress", "magmoms": "Magnetic moments"}


def section(folder: Path, told: Json, abscissa: str) -> Json:
    """What the template shows of one test part and quantity.

    Args:
        folder: of the study; the figure is written to ``figures/``
        told: one of "sections" of the analysis, errors in stored units
        abscissa: what a size counts, in the plural
    """
    quantity = QUANTITIES[told["quantity"]]
    curves, contrasts = told["curves"], told.get("contrasts") or []
    return {
        "name": TITLES[told["quantity"]],
        "unit": quantity.unit,
        "headline": _headline(curves, quantity),
        "picture": _picture(folder, told, abscissa),
        "sentences": refusals(curves, contrasts),
        "contrasts": [
            [_pair(c), _within(c["crossing"].get("size"), _largest(told)), crossing_words(c["crossing"], abscissa)]
            for c in contrasts
            if c.get("crossing")
        ],
        "factors": [_factor(c, row, quantity, _largest(told)) for c in contrasts for row in c.get("factors") or []],
        "fits": [_fit(curve, quantity) for curve in curves if curve.get("fit")],
        "methods": sorted({str(curve["fit"]["method"]) for curve in curves if curve.get("fit")}),
        "forms": [
            _form(curve, form, quantity) for curve in curves for form in (curve.get("fit") or {}).get("forms") or []
        ],
        "forecast_head": [f"at {row['factor']:g} times = {count(row['size'])}" for row in _first(curves, "forecast")],
        "forecast": [
            [c["curve"], *(quantity.show(row["error"], row.get("interval")) for row in c["forecast"])]
            for c in curves
            if c.get("forecast")
        ],
        "targets_head": [f"{quantity.show(row['target'])} {quantity.unit}" for row in _first(curves, "targets")],
        "targets": [
            [c["curve"], *(target_cell(row, _largest(told)) for row in c["targets"])]
            for c in curves
            if c.get("targets")
        ],
        "points": [row for curve in curves for row in _points(curve, quantity)],
    }


def refusals(curves: Sequence[Json], contrasts: Sequence[Json]) -> list[str]:
    """Why laws were not fitted, each reason once.

    >>> refusals([{"curve": "a", "refused": "Too few sizes."}, {"curve": "b", "refused": "Too few sizes."}], [])
    ['No power law is fitted to a and b. Too few sizes.']
    """
    reasons: dict[str, list[str]] = {}
    for curve in curves:
        if curve.get("refused"):
            reasons.setdefault(curve["refused"], []).append(curve["curve"])
    said = [f"No power law is fitted to {' and '.join(names)}. {why}" for why, names in reasons.items()]
    return said + [f"{_pair(c)}: {c['refused']}" for c in contrasts if c.get("refused")]


def target_cell(row: Json, largest: float) -> str:
    """Size that a target error needs, with its interval; or that it is out of reach.

    Args:
        row: {"size", "interval", "reach"}
        largest: size that was measured; no number is given for sizes far beyond it

    >>> target_cell({"size": 1200.0, "interval": [800.0, None]}, 120.0)
    '1,200 [800, no end]'
    >>> target_cell({"size": None, "interval": None, "reach": "unreachable"}, 120.0)
    'unreachable'
    """
    if row.get("size") is None:
        return str(row.get("reach") or MISSING)
    text, interval = _within(row["size"], largest), row.get("interval")
    if interval is None or row["size"] > FAR * largest:
        return text
    low, high = ("no end" if end is None else _within(end, largest) for end in interval)
    return f"{text} [{low}, {high}]"


def _largest(told: Json) -> float:
    return float(max((n for curve in told["curves"] for n in curve["sizes"]), default=0))


def _within(size: float | None, largest: float) -> str:
    """A size, or that it is far beyond what was measured: a number there would be read as a result."""
    return _size(size) if size is None or size <= FAR * largest else f"> {_size(FAR * largest)}"


def _picture(folder: Path, told: Json, abscissa: str) -> Picture | None:
    curves = [_numbered(curve) for curve in told["curves"]]
    if not curves:
        return None
    quantity = QUANTITIES[told["quantity"]]
    crossings = [c["crossing"] for c in told.get("contrasts") or [] if c.get("crossing")]
    ends = ", ".join(
        f"{c['curve']} {quantity.show(c['mean'][-1])} at {count(c['sizes'][-1])}" for c in curves if c["sizes"]
    )
    return picture(
        scaling_curves(curves, told["quantity"], abscissa=abscissa, crossings=crossings),
        folder,
        f"scaling {told['quantity']} {told['test']}",
        alt=f"Error against {abscissa} on logarithmic axes; {quantity.name} error in {quantity.unit}: {ends}.",
        caption=_caption(curves),
    )


def _caption(curves: Sequence[Json]) -> str:
    """What is drawn, and over what its intervals are; of lines and bands only where there are some."""
    lines = [curve["line"] for curve in curves if curve.get("line") is not None]
    text = "Small points: single chains. Large points: mean over chains."
    if any(interval is not None for curve in curves for interval in curve["interval"]):
        text = f"{text} Bars: its interval over chains, on this test part."
    if lines:
        text = f"{text} Lines: fitted power laws, dashed beyond what was measured."
    if any(line.get("low") is not None for line in lines):
        both = any((curve.get("fit") or {}).get("compositions") for curve in curves)
        text = f"{text} Bands: their intervals, over chains{' and compositions' if both else ', on this test part'}."
    return text


def _numbered(curve: Json) -> Json:
    """Sizes as numbers again: a JSON object has text for keys."""
    chains = {chain: {int(n): e for n, e in errors.items()} for chain, errors in curve["chains"].items()}
    return {**curve, "chains": chains}


def _headline(curves: Sequence[Json], quantity: Quantity) -> str:
    """Final error of each curve at its largest size: what a folded section tells."""
    there = [c for c in curves if c["sizes"]]
    said = "; ".join(
        f"{c['curve']} {quantity.show(c['mean'][-1])} {quantity.unit} at {count(c['sizes'][-1])}" for c in there
    )
    return said or "nothing was measured"


def _pair(contrast: Json) -> str:
    return f"{contrast['transfer']} and {contrast['scratch']}"


def _size(value: float | None) -> str:
    """A size to three significant digits.

    >>> _size(719996.0), _size(None)
    ('720,000', '–')
    """
    if value is None:
        return MISSING
    if not 1.0 <= value < 1e7:
        return f"{value:.2g}"
    return count(float(f"{value:.3g}"))


def _floor(fit: Json, quantity: Quantity) -> str:
    bound = fit.get("offset_bound")
    floor = MISSING if fit.get("offset") is None else quantity.show(fit["offset"])
    return floor if bound is None else f"{floor} (at most {quantity.show(bound)})"


def _form(curve: Json, form: Json, quantity: Quantity) -> list[str]:
    """One of two forms between which choosing moves b."""
    return [
        curve["curve"],
        form["form"],
        _number(form["exponent"], form["exponent_interval"]),
        _floor(form, quantity),
        "chosen" if form["chosen"] else "",
    ]


def _fit(curve: Json, quantity: Quantity) -> list[str]:
    fit = curve["fit"]
    return [
        curve["curve"],
        _number(fit["exponent"], fit.get("exponent_interval")),
        quantity.show(fit["prefactor"]),
        _floor(fit, quantity),
        MISSING if fit.get("r2") is None else f"{fit['r2']:.3f}",
        " ".join([str(fit.get("why") or fit["form"]), *(fit.get("warnings") or [])]),
    ]


def _number(value: float, interval: Sequence[float | None] | None) -> str:
    text = f"{value:.3f}"
    if interval is None:
        return text
    low, high = ("no end" if end is None else f"{end:.3f}" for end in interval)
    return f"{text} [{low}, {high}]"


def _factor(contrast: Json, row: Json, quantity: Quantity, largest: float) -> list[str]:
    head = [_pair(contrast), count(row["size"]), quantity.show(row["error"])]
    factor, needed = row["factor"], row["scratch_size"]
    if factor is None:
        return [*head, MISSING, "out of reach"]
    if needed > FAR * largest:
        return [*head, _within(needed, largest), f"> {FAR * largest / row['size']:,.0f} †"]
    beyond = " †" if row.get("extrapolated") else ""
    low, high = ("no end" if end is None else f"{end:,.3g}" for end in row["interval"])
    return [*head, _size(needed), f"{factor:,.3g}{beyond} [{low}, {high}]"]


def _first(curves: Sequence[Json], key: str) -> list[Json]:
    return next((c[key] for c in curves if c.get(key)), [])


def _points(curve: Json, quantity: Quantity) -> list[list[str]]:
    step0 = curve.get("step0") or [None] * len(curve["sizes"])
    rows = zip(curve["sizes"], curve["mean"], curve["interval"], step0, strict=True)
    return [
        [
            curve["curve"],
            count(n),
            quantity.show(mean, interval),
            quantity.show(first),
            count(sum(str(n) in errors for errors in curve["chains"].values())),
            size_range(sizes_of(curve, n)),
        ]
        for n, mean, interval, first in rows
    ]
