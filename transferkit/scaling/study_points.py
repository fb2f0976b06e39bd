"""The points of a study as they are fitted: errors of single compositions where all points share them, of chains with all sizes."""

from collections.abc import Hashable
from pathlib import Path

import pandas as pd

from transferkit.errors import ScalingError
from transferkit.scaling.curve import FEWEST_COMPOSITIONS
from transferkit.scaling.points import FINAL, read_points

CURVE = ["test", "quantity", "curve"]
"""What tells one curve from another in the tables of a study."""
Waiting = dict[tuple[Hashable, ...], list[object]]
"""Chains that lack a size, by test part, quantity and curve."""


def read_study_points(folder: Path) -> tuple[pd.DataFrame, list[str]]:
    """The rows to fit of a study, from the tables in its folder, and what to know about them.

    Raises:
        ScalingError: the tables are missing or damaged.
    """
    if not (folder / "points.csv").exists():
        raise ScalingError(f"{folder} holds no points.csv. Give a CSV file, or the folder of a study that has points.")
    cells = folder / "compositions.parquet"
    rows, waiting = fit_rows(read_points(folder / "points.csv"), read_points(cells) if cells.exists() else None)
    return rows, [
        waiting_words(chains, str(curve), f"{quantity} on {test}")
        for (test, quantity, curve), chains in waiting.items()
    ]


def waiting_words(chains: list[object], curve: str, where: str) -> str:
    """That chains are left out.

    >>> waiting_words([3, 4], "transfer", "energy on unseen compositions")
    'energy on unseen compositions, transfer: chains 3, 4 have not all sizes yet and are left out of the fit'
    """
    names = ", ".join(map(str, chains))
    said = f"chains {names} have" if len(chains) > 1 else f"chain {names} has"
    return f"{where}, {curve}: {said} not all sizes yet and {'are' if len(chains) > 1 else 'is'} left out of the fit"


def fit_rows(points: pd.DataFrame, compositions: pd.DataFrame | None = None) -> tuple[pd.DataFrame, Waiting]:
    """The rows that laws are fitted to.

    Where all points of a curve were tested on the same compositions, these are rows of single compositions, so that intervals hold
    for other test parts, too. Known materials are others in every chain; there the spread over chains holds their choice.

    Args:
        points: one row per point, as :func:`transferkit.scaling.collect.collect` gives them
        compositions: the errors behind them

    Returns:
        the rows, and the chains that wait: they lack a size and are left out. Where no chain has all sizes, all rows stay.

    >>> table = pd.DataFrame(
    ...     {
    ...         "curve": "a",
    ...         "test": "t",
    ...         "quantity": "energy",
    ...         "when": "final",
    ...         "error": 0.1,
    ...         "size": [10, 20, 10],
    ...         "chain": [0, 0, 1],
    ...     }
    ... )
    >>> rows, waiting = fit_rows(table)
    >>> len(rows), waiting
    (2, {('t', 'energy', 'a'): [1]})
    """
    final = points[points["when"] == FINAL]
    behind = None if compositions is None else compositions[compositions["when"] == FINAL]
    cells = {} if behind is None else dict(iter(behind.groupby(CURVE, sort=False)))
    kept: list[pd.DataFrame] = []
    waiting: Waiting = {}
    for key, own in final.groupby(CURVE, sort=False):
        rows = cells[key] if key in cells and _shared(cells[key]) else own
        whole = _whole(rows)
        if left := sorted(set(rows["chain"]) - whole):
            waiting[key] = left
        kept.append(rows[rows["chain"].isin(whole)] if whole else rows)
    return pd.concat(kept, ignore_index=True) if kept else final, waiting


def _shared(cells: pd.DataFrame) -> bool:
    """All points have the same compositions, and enough of them."""
    have = cells.groupby("composition")["point"].nunique()
    return len(have) >= FEWEST_COMPOSITIONS and bool((have == cells["point"].nunique()).all())


def _whole(rows: pd.DataFrame) -> set[object]:
    """Chains that have every size of the curve."""
    sizes = rows.groupby("chain")["size"].nunique()
    return set(sizes[sizes == rows["size"].nunique()].index)
