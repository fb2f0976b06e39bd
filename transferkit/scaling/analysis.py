"""From the table of a study to what its page and `transferkit fit` say: curves, fits, contrasts, forecasts, as plain data."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import t as student

from transferkit.errors import ScalingError
from transferkit.scaling.analysis_contrast import contrast, not_compared, ordered, pairs
from transferkit.scaling.bounds import Interval
from transferkit.scaling.law import CRITERION, PLAIN, PowerLaw
from transferkit.scaling.points import FINAL, STEP0
from transferkit.scaling.study_points import fit_rows
from transferkit.scaling.table import law_of
from transferkit.typing import Json

FACTORS = (2, 5, 10)
"""Multiples of the largest size for which an error is forecast."""
TARGETS = {"energy": (0.05, 0.02, 0.01), "forces": (0.1, 0.05, 0.03), "stress": (0.005, 0.002, 0.001)}
"""Errors for which a size is forecast: eV/atom, eV/Å, eV/Å³."""
LINE = 80
"""Points of a drawn line."""


def analyse(
    points: pd.DataFrame,
    compositions: pd.DataFrame | None = None,
    *,
    targets: dict[str, Sequence[float]] | None = None,
    offset: bool | None = None,
    level: float = 0.95,
) -> Json:
    """Everything that the finished points of a study say, one section per test part and quantity.

    Args:
        points: the tidy table of :func:`transferkit.scaling.collect.collect`
        compositions: the errors behind it; with them intervals hold for other test parts, too, where all points share their
            compositions
        targets: errors for which a size is forecast, by quantity, in the stored unit; :data:`TARGETS` if not given
        offset: as of :func:`transferkit.scaling.power_law.fit_power_law`; None chooses the form
        level: of all intervals

    Returns:
        ``{"level", "criterion", "sections": [{"test", "quantity", "unit", "curves", "contrasts"}]}``: all of it plain data; a curve that no law
        is fitted to has ``"fit": None`` and says why under ``"refused"``.

    >>> rows = [
    ...     dict(
    ...         curve="a",
    ...         size=n,
    ...         chain=k,
    ...         seed=k,
    ...         test="t",
    ...         quantity="energy",
    ...         when="final",
    ...         error=(1 + k / 9) * n**-0.5,
    ...         unit="eV/atom",
    ...         n_compositions=9,
    ...         point=f"{n}{k}",
    ...     )
    ...     for n in (10, 40, 100)
    ...     for k in (0, 1, 2)
    ... ]
    >>> found = analyse(pd.DataFrame(rows))["sections"][0]["curves"][0]
    >>> round(found["fit"]["exponent"], 3), found["sizes"]
    (0.5, [10, 40, 100])
    """
    wanted = TARGETS | dict(targets or {})
    to_fit, waiting = fit_rows(points, compositions)
    options: dict[str, Any] = {"offset": offset, "loss": "least-squares", "level": level}
    sections = []
    for (test, quantity), rows in points.groupby(["test", "quantity"], sort=False):
        final, unit = rows[rows["when"] == FINAL], str(rows["unit"].iloc[0])
        here = to_fit[(to_fit["test"] == test) & (to_fit["quantity"] == quantity)]
        curves = {}
        for name in ordered(final):
            told = measured(rows[rows["curve"] == name], name, level)
            late = waiting.get((str(test), str(quantity), name), [])
            if late:
                told["waiting"] = [str(chain) for chain in late]
            try:
                if len(late) == len(told["chains"]):
                    raise ScalingError("no chain has all sizes yet. The law is fitted when one has.")  # noqa: TRY301  # told as any refusal
                law = law_of(
                    here[here["curve"] == name], "", unit=unit, **options
                )  # the page names the curves of a reason
                told |= fitted(law, wanted.get(str(quantity), ()))
            except ScalingError as error:
                told["refused"] = _sentence(str(error))
            curves[name] = told
        sections.append(
            {
                "test": test,
                "quantity": quantity,
                "unit": unit,
                "curves": [*curves.values()],
                "contrasts": [
                    contrast(here, one, other, unit=unit, **options)
                    if curves[one]["fit"] and curves[other]["fit"]
                    else not_compared(one, other)
                    for one, other in pairs(final)
                ],
            }
        )
    return {"level": level, "criterion": CRITERION.format(level=f"{100 * level:g} %"), "sections": sections}


def measured(rows: pd.DataFrame, name: str, level: float) -> Json:
    """One curve as it was measured, as plain data, with empty places for its law.

    Args:
        rows: of this curve
        name: of the curve
        level: of the intervals over chains
    """
    final, start = rows[rows["when"] == FINAL], rows[rows["when"] == STEP0]
    table = final.pivot_table(index="chain", columns="size", values="error", aggfunc="mean")
    number = final.pivot_table(index="chain", columns="size", values="n_compositions", aggfunc="min")
    step0 = start.groupby("size")["error"].mean()
    return {
        "curve": name,
        "sizes": [int(n) for n in table.columns],
        "mean": [float(np.exp(np.log(table[n].dropna()).mean())) for n in table.columns],
        "interval": [_interval(table[n].dropna().to_numpy(), level) for n in table.columns],
        "step0": [float(step0[n]) if n in step0.index else None for n in table.columns],
        "chains": _nested(table, float),
        "n_compositions": _nested(number, int),
        "fit": None,
        "refused": "",
        "line": None,
        "forecast": [],
        "targets": [],
    }


def fitted(law: PowerLaw, targets: Sequence[float]) -> Json:
    """A law as the page shows it: parameters, drawn line, errors at larger sizes, sizes for target errors."""
    low, high = (float(end) for end in law.fit.curve.sizes[[0, -1]])
    grid = np.geomspace(low, max(FACTORS) * high, LINE)
    band = law.band(grid)
    ahead = [law.error_at(factor * high) for factor in FACTORS]
    needed = [law.size_for(target) for target in targets]
    floor = law.floor
    return {
        "fit": {
            "form": law.form,
            "exponent": law.exponent,
            "exponent_interval": ends(law.interval),
            "prefactor": law.prefactor,
            "offset": None if law.form == PLAIN else law.offset,
            "offset_bound": None if floor is None else floor.at_most,
            "r2": law.r2,
            "why": law.choice,
            "method": law.method,
            "warnings": list(law.warnings),
            "chains": len(law.fit.logs),
            "compositions": len(law.fit.curve.compositions),
            "forms": [
                {
                    "form": one.form,
                    "chosen": one.form == law.form,
                    "exponent": one.exponent,
                    "exponent_interval": ends(one.interval),
                    "offset": None if one.form == PLAIN else one.offset,
                    "offset_bound": None if one.form == PLAIN or one.floor is None else one.floor.at_most,
                }
                for one in law.forms
            ],
        },
        "line": {
            "sizes": grid.tolist(),
            "errors": law.errors(grid).tolist(),
            "low": band[0].tolist(),
            "high": band[1].tolist(),
        },
        "forecast": [
            {"factor": factor, "size": at.size, "error": at.error, "interval": ends(at.prediction), "says": str(at)}
            for factor, at in zip(FACTORS, ahead, strict=True)
        ],
        "targets": [
            {
                "target": size.error,
                "size": size.size,
                "interval": ends(size.interval),
                "reach": size.reach,
                "says": str(size),
            }
            for size in needed
        ],
    }


def ends(interval: Interval) -> list[float | None]:
    """Lowest and highest value that are not excluded; None where there is no end.

    >>> ends(Interval(((2.0, None),), 0.95))
    [2.0, None]
    """
    return [_finite(interval.low), _finite(interval.high)]


def _finite(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) else float(value)


def _interval(errors: np.ndarray, level: float) -> list[float] | None:
    """The t interval of the geometric mean over chains; none for a single chain."""
    if len(errors) < 2:
        return None
    logs = np.log(errors)
    half = student.ppf(0.5 + level / 2, len(logs) - 1) * logs.std(ddof=1) / np.sqrt(len(logs))
    return [float(np.exp(logs.mean() - half)), float(np.exp(logs.mean() + half))]


def _nested(table: pd.DataFrame, kind: type) -> Json:
    """{chain: {size: value}} with text for keys, as JSON has them; what is not there is left out."""
    sizes = [f"{n:.0f}" for n in table.columns.to_numpy(dtype=np.float64)]
    return {
        str(chain): {n: kind(value) for n, value in zip(sizes, row, strict=True) if not np.isnan(value)}
        for chain, row in zip(table.index, table.to_numpy(dtype=np.float64), strict=True)
    }


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
