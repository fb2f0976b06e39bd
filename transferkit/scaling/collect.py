"""Collect: what the finished points of a study found, as one tidy table."""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from transferkit.data.parts import KNOWN
from transferkit.errors import RunFolderError
from transferkit.typing import Json

STUDY = "study.json"
QUANTITIES = {"energy": ("energy", "eV/atom"), "forces": ("free_forces", "eV/Å"), "stress": ("stress", "eV/Å³")}
"""Name of the quantity, of its entry in a result, and its unit. Forces: components that symmetry does not make zero."""
KEYS = ["curve", "size", "chain", "seed", "test", "quantity", "when"]
COLUMNS = [*KEYS, "error", "unit", "n_compositions", "point", "parts"]


@dataclass(frozen=True)
class Collected:
    """Finished points of a study.

    Attributes:
        points: one row per point, test, quantity and moment ("step0", "final"): ``curve``, ``size`` (the abscissa), ``chain``,
            ``seed``, ``test``, ``quantity``, ``when``, ``error`` (mean over compositions of the mean absolute error), ``unit``,
            ``n_compositions``, ``point`` (identity), ``parts`` (equal where points share data and their division), and one column
            per varied option
        compositions: the errors behind them, one row per composition
        notes: what was left out so that the same test structures stand at every size
    """

    points: pd.DataFrame
    compositions: pd.DataFrame
    notes: list[str]

    def write(self, folder: Path) -> None:
        """Write ``points.csv``, ``points.parquet`` and ``compositions.parquet``, each whole or not at all."""
        for name, table in (("points", self.points), ("compositions", self.compositions)):
            _whole(folder / f"{name}.parquet", partial(table.to_parquet, index=False))
        _whole(folder / "points.csv", partial(self.points.to_csv, index=False))


@dataclass
class Collector:
    """Reads every finished point once, also where a study is collected again and again while it runs.

    Attributes:
        seen: rows by key of the point
        data: hash of the data that a point saw, by its key
    """

    seen: dict[str, list[Json]] = field(default_factory=dict)
    data: dict[str, str] = field(default_factory=dict)

    def collect(self, folder: Path) -> Collected:
        """See :func:`collect`."""
        told = read_study(folder)
        rows = []
        for point in told["points"]:
            path = folder / "points" / point["key"] / "result.json"
            if point["key"] not in self.seen and path.exists():
                try:
                    result = json.loads(path.read_text())
                    self.seen[point["key"]] = _rows(result, point)
                    self.data[point["key"]] = str(result["data"].get("hash"))
                except (ValueError, LookupError, TypeError, AttributeError) as error:
                    raise RunFolderError(
                        f"{path} is damaged: {type(error).__name__}: {error}. Remove its folder, and run the study again."
                    ) from error
            rows += self.seen.get(point["key"], [])
        self._check_data(folder, told["points"])
        varied = [name for name in told["axes"] if name not in {*COLUMNS, "composition"}]
        return _tables(
            pd.DataFrame(rows, columns=[*KEYS, "error", "unit", "point", "parts", *varied, "composition"]), varied
        )

    def _check_data(self, folder: Path, points: Sequence[Json]) -> None:
        """Points whose recipes name the same data must have seen the same: a file may have changed between them."""
        seen: dict[str, dict[str, list[str]]] = {}
        for point in points:
            if (key := point["key"]) in self.data:
                seen.setdefault(point["parts"], {}).setdefault(self.data[key], []).append(key)
        for by_hash in seen.values():
            if len(by_hash) > 1:
                groups = sorted(by_hash.items(), key=lambda item: len(item[1]))
                counts = " and ".join(f"{len(keys)} saw {data[:12]}" for data, keys in groups)
                fewer = ", ".join(str(folder / "points" / key) for _, keys in groups[:-1] for key in keys)
                raise RunFolderError(
                    f"the points of {folder} do not compare: their data changed between them, by the hash of what was read ({counts}). "
                    f"Remove the points of one kind and run the study again with the data of the other; the fewer are {fewer}."
                )


def collect(folder: str | Path) -> Collected:
    """Errors of all finished points, over the same test compositions at every size.

    A composition whose reference is undetermined at one size would enter the energy error at the others only. So of a test
    on unseen structures, a quantity counts the compositions that every finished point has; of known materials, which are
    those of the smallest subset, the compositions that every point of the same chain has. Forces and stress do not depend on the
    reference, so no composition is left out for it.

    Args:
        folder: of a study, finished or not

    Raises:
        RunFolderError: the folder holds no study, or a damaged result; or the data changed between points.
    """
    return Collector().collect(Path(folder))


def read_study(folder: Path) -> Json:
    """``study.json`` of a study.

    Raises:
        RunFolderError: there is none, or it is damaged.
    """
    path = folder / STUDY
    try:
        told: Json = json.loads(path.read_text())
        _ = told["points"], told["axes"]
    except OSError as error:
        raise RunFolderError(f"{folder} holds no {STUDY}. Give the folder that `transferkit study` wrote.") from error
    except (ValueError, LookupError, TypeError) as error:
        raise RunFolderError(
            f"{path} is damaged: {error}. Run `transferkit study` again; finished points stay."
        ) from error
    return told


def _rows(result: Json, point: Mapping[str, Any]) -> list[Json]:
    """One row per test, moment, quantity and composition."""
    base = {
        "curve": point["curve"],
        "size": _size(result["data"], point["abscissa"]),
        "chain": point["chain"],
        "seed": point["seed"],
        "point": point["identity"],
        "parts": point["parts"],
        **{name: value if _plain(value) else json.dumps(value) for name, value in point["values"].items()},
    }
    out = []
    for test, judged in result["tests"].items():
        for when in ("step0", "final"):
            known = judged[when]["by_composition"]
            apart = (judged["undetermined"].get(when) or {}).get("by_composition", {})
            for quantity, (key, unit) in QUANTITIES.items():
                entries = known if quantity == "energy" else {**apart, **known}
                out += [
                    {
                        **base,
                        "test": test,
                        "when": when,
                        "quantity": quantity,
                        "unit": unit,
                        "composition": c,
                        "error": e[key],
                    }
                    for c, e in entries.items()
                    if e.get(key) is not None
                ]
    return out


def _size(data: Json, abscissa: str) -> int:
    """Compositions or structures that were learned from; displaced copies of structures are no data."""
    if abscissa == "compositions":
        return int(data["compositions"]["train"])
    return int(data["counts"]["train"]) - int(data.get("copies") or 0)


def _plain(value: Any) -> bool:
    return value is None or isinstance(value, bool | int | float | str)


def _tables(rows: pd.DataFrame, varied: Sequence[str]) -> Collected:
    """Compositions that every point has, and their means."""
    notes: list[str] = []
    kept = []
    for (parts, test, quantity), group in rows.groupby(["parts", "test", "quantity"], sort=False):
        within = group.groupby("chain") if test == KNOWN else [("all", group)]
        for chain, some in within:
            n_points = rows[(rows["parts"] == parts) & (rows["chain"] == chain if test == KNOWN else True)][
                "point"
            ].nunique()
            have = some.groupby("composition")["point"].nunique()
            common = have[have == n_points].index
            kept.append(some[some["composition"].isin(common)])
            if len(common) < len(have):
                where = f"{test}, chain {chain}" if test == KNOWN else test
                notes.append(
                    f"{where}, {quantity}: {len(common)} of {len(have)} compositions count, those that all {n_points} points have"
                )
    together = pd.concat(kept) if kept else rows
    by = [*KEYS, "unit", "point", "parts", *varied]
    grouped = together.groupby(by, sort=False, dropna=False)["error"]
    points = grouped.agg(error="mean", n_compositions="size").reset_index()[[*COLUMNS, *varied]]
    compositions = together[[*KEYS, "composition", "error", "unit", "point", "parts", *varied]]
    order = ["test", "quantity", "when", "curve", "size", "chain", "seed"]
    return Collected(
        points.sort_values(order, kind="stable", ignore_index=True),
        compositions.sort_values([*order, "composition"], kind="stable", ignore_index=True),
        notes,
    )


def _whole(path: Path, write: Callable[[Path], object]) -> None:
    """A table whole or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    write(draft)
    draft.replace(path)
