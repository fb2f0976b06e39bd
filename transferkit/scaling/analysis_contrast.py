"""Two curves of a study against each other: where they meet, and how much data the first saves, as plain data."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from transferkit.errors import ScalingError
from transferkit.scaling.bounds import Interval
from transferkit.scaling.gain import Gain
from transferkit.scaling.table import gain_of
from transferkit.typing import Json

CONTRAST, STRATEGY, PARTS = "contrast", "strategy.kind", "parts"
SCRATCH = {CONTRAST: "scratch", STRATEGY: "from-scratch"}
"""Columns that say which curves are from random weights, and how."""
KNOWN = frozenset(
    {
        "curve",
        "size",
        "chain",
        "seed",
        "test",
        "quantity",
        "when",
        "error",
        "unit",
        "n_compositions",
        "composition",
        "point",
    }
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

    Where no curve is from scratch, the first one is set against each of the others with the same data.

    Args:
        final: rows of one test part and quantity, after training

    Yields:
        labels of two curves

    >>> table = pd.DataFrame({"curve": ["a", "b"], "contrast": ["transfer", "scratch"]})
    >>> list(pairs(table))
    [('a', 'b')]
    """
    curves = ordered(final)
    first = final.drop_duplicates("curve").set_index("curve")
    column = next((name for name in SCRATCH if name in final.columns and (final[name] == SCRATCH[name]).any()), None)
    if column is None:
        yield from (
            (curves[0], other) for other in curves[1:] if _same(*(_of(first, n, PARTS) for n in (curves[0], other)))
        )
        return
    others = [name for name in final.columns if name not in KNOWN | {column}]
    for one in curves:
        for other in curves:
            if first.loc[one, column] == SCRATCH[column] or first.loc[other, column] != SCRATCH[column]:
                continue
            if all(_same(first.loc[one, name], first.loc[other, name]) for name in others):
                yield one, other


def not_compared(transfer: str, scratch: str, why: str = "") -> Json:
    """Two curves of which nothing can be said together.

    >>> not_compared("a", "b")["refused"]
    'no crossing and no data factor, because they need a law of both curves.'
    """
    return {
        "transfer": transfer,
        "scratch": scratch,
        "crossing": None,
        "factors": [],
        "paired": False,
        "refused": why or "no crossing and no data factor, because they need a law of both curves.",
    }


def contrast(rows: pd.DataFrame, transfer: str, scratch: str, **options: Any) -> Json:
    """Crossing and data factors of two curves; where a law is missing, why there are none.

    Args:
        rows: to fit, of one test part and quantity (:func:`transferkit.scaling.study_points.fit_rows`)
        transfer: label of the first curve
        scratch: label of the second
        options: as of :func:`transferkit.scaling.table.law_of`
    """
    one, other = (rows[rows["curve"] == name] for name in (transfer, scratch))
    try:
        gain = gain_of(one, other, names=(transfer, scratch), **options)
    except ScalingError as error:
        return not_compared(transfer, scratch, str(error))
    crossing = gain.crossing
    return {
        **not_compared(transfer, scratch),
        "refused": "",
        "paired": gain.paired,
        "crossing": {
            "size": crossing.size,
            "interval": _ends(crossing.interval),
            "pieces": [list(piece) for piece in crossing.interval.pieces],
            "inside": crossing.inside,
            "below": crossing.below,
            "says": crossing.told(transfer, scratch),
        },
        "factors": [_factor(gain, float(n)) for n in np.intersect1d(one["size"], other["size"])],
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
    }


def _ends(interval: Interval) -> list[float | None]:
    return [interval.low, interval.high]


def _of(first: pd.DataFrame, curve: str, column: str) -> Any:
    return first.loc[curve, column] if column in first else None


def _same(one: Any, other: Any) -> bool:
    return bool(one == other or (pd.isna(one) and pd.isna(other)))
