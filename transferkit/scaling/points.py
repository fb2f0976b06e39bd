"""Tables of points: read from a file, checked, and cut into the arrays of one curve.

One row per point, or per point and test composition. Columns ``size`` and ``error`` must be there; ``chain``, ``curve``, ``quantity``,
``test``, ``unit``, ``seed``, ``when`` and ``composition`` may be.
"""

from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import numpy as np
import pandas as pd

from transferkit.errors import ScalingError, nearest

NEEDED = ("size", "error")
WORDS = ("curve", "quantity", "test", "unit")
KNOWN = (*NEEDED, *WORDS, "chain", "seed", "when", "composition")
OTHERS = ("n_compositions", "point")
"""Columns of a study's table that no law needs."""


def read_points(path: Path) -> pd.DataFrame:
    """A table of points from a CSV or Parquet file, or the one in the folder of a study.

    Raises:
        ScalingError: there is none, or it cannot be read.
    """
    if path.is_dir():
        if not (path / "points.csv").exists():
            raise ScalingError(
                f"{path} holds no points.csv. Give a CSV file, or the folder of a study that has points."
            )
        path = path / "points.csv"
    if not path.exists():
        raise ScalingError(f"there is no file {path}. Give a CSV file with columns {', '.join(NEEDED)}.")
    try:
        table = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path, skipinitialspace=True)
    except (ValueError, OSError) as error:  # pandas' and pyarrow's parsers raise these
        raise ScalingError(
            f"{path} cannot be read as a table: {error}. Write CSV with columns {', '.join(NEEDED)}."
        ) from error
    return table


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
            raise ScalingError(
                f"row {wrong[0] + 1}: {name} {table[name].iloc[wrong[0]]!r} is not a number. Write it with a point."
            )
    table = table.assign(size=pd.to_numeric(table["size"]), error=pd.to_numeric(table["error"]))
    if "when" in columns and set(table["when"]) != {"step0"}:
        table = table[table["when"] == "final"]
    missing = {name: "" for name in WORDS if name not in columns}
    table = table.assign(**missing)
    for name in WORDS:
        table[name] = table[name].fillna("")
    return table


def _nearest_column(name: str, columns: list[str]) -> str:
    said = (
        nearest(name, columns)
        .replace("Did you mean", "Nearest:")
        .replace("? Known", ". Columns")
        .replace("Known", "Columns")
    )
    return f"{said} Rename it, or write CSV with a first line such as size,error,chain,curve."


@dataclass(frozen=True)
class Points:
    """Arrays of one curve, as :func:`transferkit.fit_power_law` takes them."""

    sizes: np.ndarray
    errors: np.ndarray
    chains: np.ndarray | None
    compositions: dict[str, np.ndarray] | None


def points_of(table: pd.DataFrame, name: str) -> Points:
    """The points of one curve. Without a column ``chain`` a column ``seed`` says which points share a chain.

    Several seeds of one chain and size count by the geometric mean of their errors.

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
    if "composition" in table:
        index = [*keys, "seed"] if several else keys
        twice = table.duplicated([*index, "composition"])
        if twice.any():
            row = table[twice].iloc[0]
            raise ScalingError(
                f"composition {row['composition']!r} of {name!r} stands twice at size {row['size']:g}. Give it once."
            )
        wide = table.pivot_table(index=index, columns="composition", values="error")
        wide = wide.groupby(level=list(range(len(keys)))).mean() if several else wide
        compositions = {str(c): wide[c].to_numpy() for c in wide.columns}
        table = wide.mean(axis=1, skipna=False).rename("error").reset_index()
    elif several:
        logs = np.log(table["error"].where(table["error"] > 0)).groupby([table[k] for k in keys]).agg(_mean)
        table = np.exp(logs).reset_index()
    chains = None if by is None else table[by].to_numpy()
    return Points(
        table["size"].to_numpy(dtype=np.float64), table["error"].to_numpy(dtype=np.float64), chains, compositions
    )


def _mean(values: pd.Series) -> float:
    return float(values.mean(skipna=False))
