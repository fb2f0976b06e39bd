"""The errors of one test as rows of text: overall, by element, by chemistry, and structure by structure."""

from collections.abc import Mapping

from ase.data import atomic_numbers

from transferkit.evaluation.chemistry import by_chemistry
from transferkit.report.quantities import MISSING, QUANTITIES, count
from transferkit.typing import Json, Property

Row = list[str]
ERRORS: tuple[tuple[Property, str, str, str | None], ...] = (
    ("energy", "mae", "energy, mean over structures", None),
    ("energy", "mean_over_compositions", "energy, mean over compositions", None),
    ("energy", "median_over_compositions", "energy, median over compositions", None),
    ("energy", "rmse", "energy, root mean square", None),
    ("forces", "mae", "forces, mean over all components", "predict_zero_mae"),
    ("forces", "free_mae", "forces, components that symmetry leaves free", "free_predict_zero_mae"),
    ("forces", "rmse", "forces, root mean square", None),
    ("stress", "mae", "stress, mean over components", "predict_zero_mae"),
    ("stress", "rmse", "stress, root mean square", None),
    ("magmoms", "mae", "magnetic moments, mean", "predict_zero_mae"),
)
"""Property, key in the metrics, words, key of the error of predicting zero."""


BY_COMPOSITION: tuple[tuple[Property, str], ...] = (
    ("energy", "energy"),
    ("forces", "free_forces"),
    ("stress", "stress"),
)
"""Property, key in the errors by composition or by chemistry."""
HEADLINES: tuple[tuple[Property, str, str], ...] = (
    ("energy", "mae", "energy"),
    ("forces", "free_mae", "forces that symmetry leaves free"),
    ("stress", "mae", "stress"),
)
"""Property, key in the metrics, words of its tile."""
ROUND_OFF = 1e-5
"""eV/Å, below which a structure's force error is shown as zero."""


def error_rows(step0: Json | None, final: Json | None) -> list[Row]:
    """Rows of the errors table: words with unit, step 0, final, predict zero, number of values.

    Args:
        step0: metrics before training
        final: metrics after training; null and missing values are shown as a dash

    >>> error_rows(None, {"energy": {"mae": 0.05, "n": 3}})[0]
    ['energy, mean over structures (meV/atom)', '–', '50.0', '', '3']
    """
    rows = []
    for name, key, words, zero_key in ERRORS:
        before, after = ((metrics or {}).get(name) or {} for metrics in (step0, final))
        if name == "magmoms" and before.get("mae") is None and after.get("mae") is None:
            continue
        quantity = QUANTITIES[name]
        first, last = (
            # The stored interval is that of the mean absolute error and of nothing else.
            quantity.show(m.get(key), m.get("interval") if key == "mae" else None)
            for m in (before, after)
        )
        zero = quantity.show(after.get(zero_key, before.get(zero_key))) if zero_key else ""
        rows.append([f"{words} ({quantity.unit})", first, last, zero, count(_values(final or step0 or {}, name, key))])
    return rows


def _values(metrics: Json, name: Property, key: str) -> int | None:
    """How many values an error is the mean of: compositions, structures, components or atoms."""
    if key.endswith("over_compositions"):
        rows = (metrics.get("by_composition") or {}).values()
        return sum(row.get(name) is not None for row in rows)
    entry = metrics.get(name) or {}
    return entry.get("n_free" if key.startswith("free") else "n")


def element_rows(test: Json) -> list[Row]:
    """Errors by element in order of atomic number: symbol, structures, training compositions, errors before and after."""
    before, after = ((test.get(stage) or {}).get("by_element") or {} for stage in ("step0", "final"))
    energy, forces = QUANTITIES["energy"], QUANTITIES["forces"]
    rows = []
    for symbol in sorted({*before, *after}, key=lambda s: atomic_numbers.get(s, 0)):
        first, last = before.get(symbol) or {}, after.get(symbol) or {}
        rows.append(
            [
                symbol,
                count(last.get("n_structures", first.get("n_structures"))),
                count(last.get("n_train", first.get("n_train"))),
                energy.show(first.get("energy_mae")),
                energy.show(last.get("energy_mae")),
                forces.show(first.get("forces_mae")),
                forces.show(last.get("forces_mae")),
            ]
        )
    return rows


def element_values(test: Json, name: str) -> dict[str, float]:
    """Final error of each element that has one, in the stored unit; ``name`` is "energy" or "forces"."""
    rows = ((test.get("final") or {}).get("by_element") or {}).items()
    return {symbol: value for symbol, row in rows if (value := (row or {}).get(f"{name}_mae")) is not None}


def chemistry_of(metrics: Json | None) -> Json:
    """Errors by class of chemistry as stored, or put together from those by composition where a run stored none."""
    metrics = metrics or {}
    stored: Json | None = metrics.get("by_chemistry")
    return stored if stored is not None else by_chemistry(metrics.get("by_composition") or {})


def chemistry_rows(test: Json) -> list[Row]:
    """Errors by class of chemistry: class, compositions, structures, energy, free forces and stress before and after.

    >>> final = {"by_composition": {"MgO": {"energy": 0.05, "n": 2}}}
    >>> chemistry_rows({"step0": None, "final": final})
    [['oxide', '1', '2', '–', '50.0', '–', '–', '–', '–']]
    """
    before, after = (chemistry_of(test.get(stage)) for stage in ("step0", "final"))
    rows = []
    for name in dict.fromkeys((*after, *before)):
        first, last = before.get(name) or {}, after.get(name) or {}
        size = last or first
        cells = [
            QUANTITIES[p].show(row.get(key), row.get("interval") if p == "energy" else None)
            for p, key in BY_COMPOSITION
            for row in (first, last)
        ]
        rows.append([name, count(size.get("n_compositions")), count(size.get("n")), *cells])
    return rows


def worst_rows(worst: list[Json]) -> list[Row]:
    """Structure by structure: id, formula, atoms, energy error at step 0 and final with its sign, force error, reasons."""
    energy, forces = QUANTITIES["energy"], QUANTITIES["forces"]
    return [
        [
            str(row.get("id", MISSING)),
            str(row.get("formula", MISSING)),
            count(row.get("n_atoms")),
            _signed(energy.show(row.get("energy_step0"))),
            _signed(energy.show(row.get("energy"))),
            # Where symmetry decides only round-off is left.
            forces.show(0.0 if 0.0 <= (row.get("forces") or -1.0) < ROUND_OFF else row.get("forces")),
            "; ".join(row.get("why") or []),
        ]
        for row in worst
    ]


def _signed(text: str) -> str:
    return text if text[0] in f"−{MISSING}" else f"+{text}"


def at_a_glance(tests: Mapping[str, Json]) -> Json | None:
    """Errors of the strictest test before and after training, as three short numbers; None where nothing was measured."""
    for name, test in tests.items():
        tiles = []
        for p, key, word in HEADLINES:
            quantity, metrics = QUANTITIES[p], [(test.get(stage) or {}).get(p) or {} for stage in ("step0", "final")]
            before, after = (quantity.show(entry.get(key)) for entry in metrics)
            if after != MISSING:
                tiles.append({"name": word, "before": before, "after": after, "unit": quantity.unit})
        if tiles:
            return {"test": name, "tiles": tiles}
    return None
