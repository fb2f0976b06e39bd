"""Laws of all curves of a table of points: a CSV file of a user, or what a study collected.

One row per point. Columns ``size`` and ``error`` must be there; ``chain``, ``curve``, ``quantity``, ``test``, ``unit``, ``seed`` and
``when`` may be.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import numpy as np
import pandas as pd

from transferkit.errors import ScalingError, nearest
from transferkit.scaling.forecast import ErrorAt, SizeFor
from transferkit.scaling.gain import Gain, compare_curves
from transferkit.scaling.law import PowerLaw
from transferkit.scaling.power_law import fit_power_law
from transferkit.typing import Json

NEEDED = ("size", "error")
KNOWN = (*NEEDED, "chain", "curve", "quantity", "test", "unit", "seed", "when")
TRANSFER, SCRATCH = "transfer", "scratch"


@dataclass(frozen=True)
class CurveFits:
    """All curves of one quantity on one test part.

    Args:
        quantity: energy, forces, ...; empty where the table does not say
        test: name of the test part; empty where the table does not say
        laws: by name of the curve
        refused: curves without a law, with the reason
        gain: transfer against scratch; None where one of both is not there
        errors_at: forecasts at sizes, by name of the curve
        sizes_for: forecasts for target errors, by name of the curve
        factors: data factors at these sizes and for these errors
    """

    quantity: str
    test: str
    laws: dict[str, PowerLaw]
    refused: dict[str, str]
    gain: Gain | None
    errors_at: dict[str, list[ErrorAt]]
    sizes_for: dict[str, list[SizeFor]]
    factors: list[str]

    def to_json(self) -> Json:
        """Plain data."""
        return {
            "quantity": self.quantity,
            "test": self.test,
            "laws": {name: law.to_json() for name, law in self.laws.items()},
            "refused": self.refused,
            "gain": None
            if self.gain is None
            else {k: v for k, v in self.gain.to_json().items() if k not in {TRANSFER, SCRATCH}},
            "errors_at": {name: [f.to_json() for f in found] for name, found in self.errors_at.items()},
            "sizes_for": {name: [f.to_json() for f in found] for name, found in self.sizes_for.items()},
        }

    def __str__(self) -> str:
        """A paragraph per curve, then how they compare."""
        head = ", ".join(filter(None, [self.quantity, self.test and f"on {self.test}"]))
        blocks = [head] if head else []
        for name, law in self.laws.items():
            told = [*self.errors_at.get(name, []), *self.sizes_for.get(name, [])]
            blocks.append("\n".join([*([f"{name}:"] if name else []), str(law), *map(str, told)]))
        blocks += [f"{name}: no law. {why}" for name, why in self.refused.items()]
        if self.gain is not None:
            blocks.append("\n".join([f"{TRANSFER} against {SCRATCH}:", str(self.gain), *self.factors]))
        return "\n\n".join(blocks)


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


def fit_table(
    table: pd.DataFrame,
    *,
    transfer: str = TRANSFER,
    scratch: str = SCRATCH,
    offset: bool | None = None,
    loss: str = "least-squares",
    level: float = 0.95,
    unit: str = "",
    targets: Sequence[float] = (),
    at: Sequence[float] = (),
) -> list[CurveFits]:
    """Fit every curve of a table, and compare transfer with scratch where both are there.

    Several seeds of one chain and size count by the mean of their log errors. Where a column ``when`` says step0 or final, the
    final points are fitted.

    Args:
        table: one row per point, with columns ``size`` and ``error`` at least
        transfer: name of the curve of the pre-trained network
        scratch: name of the curve of the network from scratch
        offset: as in :func:`transferkit.fit_power_law`; None lets each curve choose
        loss: "least-squares" or "huber"
        level: of the intervals
        unit: of the errors, where the table has no column for it
        targets: errors for which sizes are asked, in the unit of the table
        at: sizes at which errors are asked

    Returns:
        one entry per quantity and test part, in the order of the table

    Raises:
        ScalingError: a column is missing or misspelt, a curve is named that is not there, or no curve at all carries a law.

    >>> table = pd.DataFrame({"size": [10, 100, 1000], "error": [0.3, 0.1, 0.03]})
    >>> round(fit_table(table)[0].laws[""].exponent, 2)
    0.5
    """
    table = _checked(table)
    _named(table, transfer, scratch)
    out = []
    for (quantity, test), part in table.groupby(["quantity", "test"], sort=False):
        shown = str(part["unit"].iloc[0]) or unit
        laws: dict[str, PowerLaw] = {}
        refused: dict[str, str] = {}
        for name, points in part.groupby("curve", sort=False):
            try:
                laws[str(name)] = _law(points, str(name), offset, loss, level, shown)
            except ScalingError as error:
                refused[str(name)] = str(error)
        gain = None
        factors: list[str] = []
        if transfer in laws and scratch in laws:
            gain = compare_curves(transfer=laws[transfer], scratch=laws[scratch], level=level, unit=shown)
            factors = [*(str(gain.data_factor_at(n)) for n in at), *(str(gain.data_factor_for(e)) for e in targets)]
        errors_at = {name: [law.error_at(n) for n in at] for name, law in laws.items()}
        sizes_for = {name: [law.size_for(e) for e in targets] for name, law in laws.items()}
        out.append(CurveFits(str(quantity), str(test), laws, refused, gain, errors_at, sizes_for, factors))
    if not any(one.laws for one in out):
        raise ScalingError(next(why for one in out for why in one.refused.values()))
    return out


def _checked(table: pd.DataFrame) -> pd.DataFrame:
    """The rows to fit, with every column that is optional filled in."""
    columns = [str(c) for c in table.columns]
    for name in NEEDED:
        if name not in columns:
            raise ScalingError(f"the table has no column {name!r}. {_nearest_column(name, columns)}")
    for name in columns:
        close = get_close_matches(name.lower(), KNOWN, n=1, cutoff=0.75)
        if name not in KNOWN and close and close[0] not in columns:
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
    missing = {name: "" for name in ("curve", "quantity", "test", "unit") if name not in columns}
    table = table.assign(**missing)
    for name in ("curve", "quantity", "test", "unit"):
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


def _named(table: pd.DataFrame, transfer: str, scratch: str) -> None:
    curves = [str(c) for c in table["curve"].unique()]
    for option, name, default in (("transfer", transfer, TRANSFER), ("scratch", scratch, SCRATCH)):
        if name != default and name not in curves:
            raise ScalingError(f"no curve is called {name!r}, which {option} names. {nearest(name, curves)}")
    if transfer == scratch:
        raise ScalingError(f"transfer and scratch both name {transfer!r}. Name two curves.")


def _law(points: pd.DataFrame, name: str, offset: bool | None, loss: str, level: float, unit: str) -> PowerLaw:
    chains = points["chain"] if "chain" in points else None
    if chains is not None and chains.isna().any():
        raise ScalingError(
            f"a point of {name!r} at size {points['size'][chains.isna()].iloc[0]:g} has no chain. Name it."
        )
    if "seed" in points and points["seed"].notna().all():
        keys = ["size"] if chains is None else ["chain", "size"]
        logs = np.log(points["error"].where(points["error"] > 0))
        whole = logs.groupby([points[k] for k in keys]).agg(lambda x: x.mean(skipna=False)).reset_index()
        points, chains = whole.assign(error=np.exp(whole["error"])), whole.get("chain")
    return fit_power_law(
        points["size"].to_numpy(),
        points["error"].to_numpy(),
        offset=offset,
        chains=None if chains is None else chains.to_numpy(),
        loss=loss,
        level=level,
        unit=unit,
        name=name,
    )
