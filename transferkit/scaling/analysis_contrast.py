"""Two curves of a study against each other: where they meet, and how much data the first saves, as plain data."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from transferkit.errors import ScalingError
from transferkit.scaling.bounds import Interval
from transferkit.scaling.gain import Gain, compare_curves
from transferkit.typing import Json

CONTRAST, STRATEGY = "contrast", "strategy.kind"
SCRATCH = {CONTRAST: "scratch", STRATEGY: "from-scratch"}
"""Columns that say which curves are from random weights, and how."""
KNOWN = frozenset(
    {"curve", "size", "chain", "seed", "test", "quantity", "when", "error", "unit", "n_compositions", "point"}
    | {"data.subset", "data.subset.compositions", "data.subset.seed"}
)
"""Columns that do not tell one curve from another."""


def ordered(final: pd.DataFrame) -> list[str]:
    """Labels of the curves as they came, those from random weights last.

    >>> ordered(pd.DataFrame({"curve": ["scratch", "transfer"], "contrast": ["scratch", "transfer"]}))
    ['transfer', 'scratch']
    """
    column = next((name for name in SCRATCH if name in final.columns), None)
    last = set() if column is None else set(final["curve"][final[column] == SCRATCH[column]])
    return sorted(dict.fromkeys(final["curve"]), key=lambda name: name in last)


def pairs(final: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """Which curves are set against which: pre-trained against scratch where all other options agree.

    Where no curve is from scratch, the first one is set against each of the others.

    Args:
        final: rows of one test part and quantity, after training

    Yields:
        labels of two curves

    >>> table = pd.DataFrame({"curve": ["a", "b"], "contrast": ["transfer", "scratch"]})
    >>> list(pairs(table))
    [('a', 'b')]
    """
    curves = ordered(final)
    column = next((name for name in SCRATCH if name in final.columns and (final[name] == SCRATCH[name]).any()), None)
    if column is None:
        yield from ((curves[0], other) for other in curves[1:])
        return
    others = [name for name in final.columns if name not in KNOWN | {column}]
    first = final.drop_duplicates("curve").set_index("curve")
    for one in curves:
        for other in curves:
            if first.loc[one, column] == SCRATCH[column] or first.loc[other, column] != SCRATCH[column]:
                continue
            if all(_same(first.loc[one, name], first.loc[other, name]) for name in others):
                yield one, other


def contrast(
    final: pd.DataFrame, transfer: str, scratch: str, *, fitted: bool, offset: bool | None, level: float
) -> Json:
    """Crossing and data factors of two curves; where a law is missing, why there are none.

    Args:
        final: rows of one test part and quantity, after training
        transfer: label of the first curve
        scratch: label of the second
        fitted: both have a law
        offset: as of :func:`transferkit.scaling.power_law.fit_power_law`
        level: of the intervals
    """
    told: Json = {
        "transfer": transfer,
        "scratch": scratch,
        "crossing": None,
        "factors": [],
        "paired": False,
        "refused": "",
    }
    if not fitted:
        return {**told, "refused": "no crossing and no data factor, because they need a law of both curves."}
    unit = str(final["unit"].iloc[0])
    tables = [
        final[final["curve"] == name].pivot_table(index="chain", columns="size", values="error").dropna()
        for name in (transfer, scratch)
    ]
    given = [(_sizes(table), table.to_numpy(), list(table.index)) for table in tables]
    try:
        gain = compare_curves(transfer=given[0], scratch=given[1], offset=offset, level=level, unit=unit)
    except ScalingError as error:
        return {**told, "refused": str(error)}
    crossing = gain.crossing
    sizes = np.intersect1d(given[0][0], given[1][0])
    return {
        **told,
        "paired": gain.paired,
        "crossing": {
            "size": crossing.size,
            "interval": _ends(crossing.interval),
            "pieces": [list(piece) for piece in crossing.interval.pieces],
            "inside": crossing.inside,
            "below": crossing.below,
            "says": _named(str(crossing), transfer, scratch),
        },
        "factors": [_factor(gain, float(n)) for n in sizes],
    }


def _factor(gain: Gain, size: float) -> Json:
    found = gain.data_factor_at(size)
    return {
        "size": int(size),
        "error": found.error,
        "scratch_size": found.scratch_size,
        "factor": found.factor,
        "interval": _ends(found.interval),
        "extrapolated": bool(found.beyond),
        "says": str(found),
    }


def _ends(interval: Interval) -> list[float | None]:
    return [interval.low, interval.high]


def _named(text: str, transfer: str, scratch: str) -> str:
    """The curves by their own names."""
    out = text.replace("transfer is", f"{transfer} is").replace("scratch is", f"{scratch} is")
    return out.replace("above it transfer", f"above it {transfer}").replace("above it scratch", f"above it {scratch}")


def _sizes(table: pd.DataFrame) -> np.ndarray:
    return table.columns.to_numpy(dtype=np.float64)


def _same(one: Any, other: Any) -> bool:
    return bool(one == other or (pd.isna(one) and pd.isna(other)))
