"""Variants by chemistry and by element: what the mean over all compositions hides."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from ase.data import atomic_numbers

from transferkit.evaluation.chemistry import by_chemistry, mean_over_runs
from transferkit.report.folder import read_json
from transferkit.report.quantities import QUANTITIES, count
from transferkit.typing import Json

Row = list[str]


def all_runs(folder: Path, variants: Mapping[str, Json]) -> dict[str, list[Json]]:
    """result.json of every run of each variant that is in the folder."""
    return {
        name: [
            read_json(path) for run in variant.get("runs") or [] if (path := folder / str(run) / "result.json").exists()
        ]
        for name, variant in variants.items()
    }


def chemistry_by_variant(runs: Mapping[str, Sequence[Json]], test: str, labels: Mapping[str, str]) -> Json | None:
    """Final energy error of each variant in each class of chemistry; None where no run is there.

    Returns:
        {"head": classes with their number of compositions, "rows": variant, then its errors in meV/atom with intervals}
    """
    found = {}
    for name, several in runs.items():
        tables = [t for run in several if (t := _final(run, test).get("by_composition"))]
        if tables:
            found[name] = by_chemistry(mean_over_runs(tables))
    if not found:
        return None
    sizes: dict[str, int] = {}
    for classes in found.values():
        for kind, row in classes.items():
            sizes[kind] = max(sizes.get(kind, 0), row["n_compositions"])
    energy = QUANTITIES["energy"]
    rows = [
        [
            labels[name],
            *(energy.show((classes.get(k) or {}).get("energy"), (classes.get(k) or {}).get("interval")) for k in sizes),
        ]
        for name, classes in found.items()
    ]
    return {"head": [f"{kind} ({count(n)})" for kind, n in sizes.items()], "rows": rows}


def elements_of(runs: Sequence[Json], test: str) -> dict[str, float]:
    """Final energy error of each element, eV/atom: the mean over runs, in order of atomic number."""
    found: dict[str, list[float]] = {}
    for run in runs:
        for symbol, row in (_final(run, test).get("by_element") or {}).items():
            if (row or {}).get("energy_mae") is not None:
                found.setdefault(symbol, []).append(float(row["energy_mae"]))
    order = sorted(found, key=lambda s: atomic_numbers.get(s, 0))
    return {symbol: sum(found[symbol]) / len(found[symbol]) for symbol in order}


def _final(run: Json, test: str) -> Json:
    final: Json = ((run.get("tests") or {}).get(test) or {}).get("final") or {}
    return final
