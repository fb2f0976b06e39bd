"""Data sets shipped with the package, their cards and their folds."""

import json
from importlib.resources import as_file, files
from importlib.resources.abc import Traversable
from typing import TYPE_CHECKING

import yaml

from transferkit.data.folds import Folds
from transferkit.data.store import read_parquet
from transferkit.errors import DataError, nearest
from transferkit.typing import Json

if TYPE_CHECKING:
    from transferkit.data.structures import Structures


def bundled(name: str, *, fidelity: str = "r2SCAN") -> "Structures":
    """A shipped data set at one level of theory; no network, no path.

    Args:
        name: "gpaw-pbe-r2scan", the only one so far
        fidelity: "PBE" or "r2SCAN"; both hold the same cells in the same order

    Raises:
        DataError: unknown name or fidelity; the known ones are listed.

    >>> bundled("gpaw-pbe-r2scan", fidelity="PBE")
    Structures(367 structures, 981 atoms, 45 elements, PBE, energy 367, forces 367, stress 367)
    """
    folder = _folder(name)
    known = sorted(f.name.removesuffix(".parquet") for f in folder.iterdir() if f.name.endswith(".parquet"))
    if fidelity not in known:
        raise DataError(f"{name} has no labels of fidelity {fidelity!r}. {nearest(fidelity, known)}")
    with as_file(folder / f"{fidelity}.parquet") as path:
        return read_parquet(path)


def card(name: str) -> Json:
    """The data card: method, settings, units, reference atoms, counts, limits, licence, citation.

    Raises:
        DataError: unknown name.

    >>> card("gpaw-pbe-r2scan")["licence"]
    'CC-BY-4.0'
    """
    loaded: Json = yaml.safe_load((_folder(name) / "card.yaml").read_text(encoding="utf-8"))
    return loaded


def folds(name: str) -> Folds:
    """The folds that were fixed for a shipped data set, for :func:`~transferkit.data.folds.fold_split`.

    Raises:
        DataError: unknown name.

    >>> folds("gpaw-pbe-r2scan").n
    6
    """
    return Folds.from_json(json.loads((_folder(name) / "folds.json").read_text(encoding="utf-8")))


def _folder(name: str) -> Traversable:
    root = files("transferkit.data") / "bundled_sets"
    known = sorted(f.name for f in root.iterdir() if f.is_dir() and not f.name.startswith(("_", ".")))
    if name not in known:
        raise DataError(f"no bundled data set is called {name!r}. {nearest(name, known)}")
    return root / name
