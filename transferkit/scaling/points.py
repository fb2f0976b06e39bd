"""Tables of points: read from a file, checked, and cut into the arrays of one curve.

One row per point, or per point and test composition. Columns ``size`` and ``error`` must be there; ``chain``, ``curve``, ``quantity``,
``test``, ``unit``, ``seed``, ``when`` and ``composition`` may be.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import numpy as np
import pandas as pd

from transferkit.errors import ScalingError, closest, nearest

NEEDED = ("size", "error")
WORDS = ("curve", "quantity", "test", "unit")
KNOWN = (*NEEDED, *WORDS, "chain", "seed", "when", "composition")
OTHERS = ("n_compositions", "point", "parts")
"""Columns of a study's table that no law needs."""
FINAL, STEP0 = "final", "step0"
MOMENTS = (FINAL, STEP0)
"""What a column ``when`` may hold."""


def read_points(path: Path, needed: Sequence[str] = NEEDED) -> pd.DataFrame:
    """A table of points from a CSV or Parquet file.

    Args:
        path: of the file
        needed: columns that a message names

    Raises:
        ScalingError: there is none, or it cannot be read.
    """
    if not path.exists():
        raise ScalingError(f"there is no file {path}. Give a CSV file with columns {', '.join(needed)}.")
    try:
        table = pd.read_parquet(path) if path.suffix == ".parquet" else _csv(path)
    except (ValueError, OSError) as error:  # pandas' and pyarrow's parsers raise these
        raise ScalingError(
            f"{path} cannot be read as a table: {error}. Write CSV with columns {', '.join(needed)}."
        ) from error
    return table


def _csv(path: Path) -> pd.DataFrame:
    """Only an empty cell is missing: pandas would take the composition NaN for a number that is none."""
    text = dict.fromkeys((*WORDS, "composition", *OTHERS[1:]), str)
    return pd.read_csv(path, skipinitialspace=True, keep_default_na=False, na_values=[""], dtype=text)


def checked(table: pd.DataFrame) -> pd.DataFrame:
    """The rows to fit, with every column of words that is optional filled in; the final points where ``when`` tells them apart.

    Raises:
        ScalingError: a column is missing or misspelt, or a size or error is no number.

    >>> list(checked(pd.DataFrame({"size": [10], "error": ["0.5"]})).columns)
    ['size', 'error', 'curve', 'quantity', 'test', 'unit']
    """
    columns = [str(c) for c in table.columns]
    for name in NEEDED:
        if name not in columns:
            raise ScalingError(f"the table has no column {name!r}. {_nearest_column(name, columns)}")
    for name in columns:
        close = get_close_matches(name.lower(), KNOWN, n=1, cutoff=0.7)
        if name not in {*KNOWN, *OTHERS} and close and close[0] not in columns:
            raise ScalingError(
                f"the table has a column {name!r}, which nothing reads. Did you mean {close[0]!r}? Rename it."
            )
    if not len(table):
        raise ScalingError("the table has no rows. Give at least three sizes with their errors.")
    for name in NEEDED:
        numbers = pd.to_numeric(table[name], errors="coerce")
        wrong = np.flatnonzero(numbers.isna() & table[name].notna())
        if len(wrong):
            value = str(table[name].iloc[wrong[0]])
            mend = (
                "Leave out points without a result; all sizes of a chain where one is missing."
                if value.strip().lower() in {"nan", "inf", "none", "null", "na", "n/a", "-"}
                else "Write it with a point, and nothing else in the cell."
            )
            raise ScalingError(
                f"row {wrong[0] + 1}: {name} {value!r} is not a number (the line of names is not counted). {mend}"
            )
    table = table.assign(size=pd.to_numeric(table["size"]), error=pd.to_numeric(table["error"]))
    table = _final(table)
    missing = {name: "" for name in WORDS if name not in columns}
    table = table.assign(**missing)
    for name in WORDS:
        table[name] = table[name].fillna("")
    return table


def _final(table: pd.DataFrame) -> pd.DataFrame:
    """Points after training, where a column ``when`` tells them from those before; all where there are no others."""
    if "when" not in table or set(table["when"]) == {STEP0}:
        return table
    for row, moment in enumerate(table["when"]):
        if moment not in MOMENTS:
            raise ScalingError(f"row {row + 1}: when is {moment!r}. {nearest(str(moment), MOMENTS)}")
    return table[table["when"] == FINAL]


def _nearest_column(name: str, columns: list[str]) -> str:
    close = closest(name, sorted(columns))
    hint = "" if close is None else f"Nearest: {close!r}. "
    return f"{hint}Columns: {', '.join(sorted(columns))}. Rename it, or write CSV with a first line such as size,error,chain,curve."


@dataclass(frozen=True)
class Points:
    """Arrays of one curve, as :func:`transferkit.fit_power_law` takes them."""

    sizes: np.ndarray
    errors: np.ndarray
    chains: np.ndarray | None
    compositions: dict[str, np.ndarray] | None


def points_of(table: pd.DataFrame, name: str) -> Points:
    """The points of one curve. Without a column ``chain`` a column ``seed`` says which points share a chain.

    Several seeds of one chain and size count by the mean of their errors.

    Args:
        table: rows of one curve, quantity and test part, from :func:`checked`
        name: of the curve, for messages

    Raises:
        ScalingError: a point has no chain, or a composition stands twice in a point.
    """
    by = next((column for column in ("chain", "seed") if column in table and table[column].notna().any()), None)
    if by is not None and table[by].isna().any():
        row = table[table[by].isna()].iloc[0]
        raise ScalingError(f"a point of {name!r} at size {row['size']:g} has no {by}, and others have. Name it.")
    keys = ["size"] if by is None else [by, "size"]
    several = by == "chain" and "seed" in table and not (table["seed"] == table["seed"].iloc[0]).all()
    compositions = None
    if "composition" in table and table["composition"].notna().any():
        index = [*keys, "seed"] if several else keys
        twice = table.duplicated([*index, "composition"])
        if twice.any():
            row = table[twice].iloc[0]
            raise ScalingError(
                f"composition {row['composition']!r} of {name!r} stands twice at size {row['size']:g}. Give it once."
            )
        wide = table.pivot_table(index=index, columns="composition", values="error")
        if wide.isna().any(axis=None):
            at, gone = next((at, row.index[row.isna()]) for at, row in wide.iterrows() if row.isna().any())
            raise ScalingError(
                f"a point of {name!r} ({', '.join(f'{k} {v}' for k, v in zip(index, np.atleast_1d(np.array(at, dtype=object)), strict=True))}) "
                f"has no error of composition {gone[0]!r}, and others have. Leave out compositions that were not tested at every point."
            )
        wide = wide.groupby(level=list(range(len(keys)))).mean() if several else wide
        compositions = {str(c): wide[c].to_numpy() for c in wide.columns}
        table = wide.mean(axis=1, skipna=False).rename("error").reset_index()
    elif several:
        table = table.groupby(keys)["error"].agg(_mean).reset_index()
    chains = None if by is None else table[by].to_numpy()
    return Points(
        table["size"].to_numpy(dtype=np.float64), table["error"].to_numpy(dtype=np.float64), chains, compositions
    )


def _mean(values: pd.Series) -> float:
    return float(values.mean(skipna=False))
