"""What the terminal says when a run or a comparison has ended: the error that matters most, before and after training."""

from collections.abc import Sequence
from pathlib import Path

from transferkit.report.folder import read_json, strictest_first
from transferkit.report.ordering import error_of
from transferkit.report.quantities import QUANTITIES
from transferkit.report.sentences import HEADLINE, headline
from transferkit.typing import Json, Property

UNITS: dict[Property, str] = {"energy": "eV/atom", "forces": "eV/Å", "stress": "eV/Å³"}
"""In which errors are stored."""


def main_errors(folder: Path) -> Json | None:
    """Errors of a run, or of every variant of a comparison, on the strictest test: of the energy, where it could be measured.

    Args:
        folder: holds comparison.json or result.json

    Returns:
        {"test", "property", "unit", "rows": {label: {"step0", "final", "interval"}}} with errors in stored units (eV/atom, eV/Å, eV/Å³)
        and the 95 % interval of the final one, null where something was not measured; labels are those of the page, that of a run is
        "". None where nothing was measured, or neither file is there.

    Raises:
        RunFolderError: a file is damaged.

    >>> main_errors(Path("nowhere")) is None
    True
    """
    variants: dict[str, Json] = {}
    if (folder / "comparison.json").exists():
        variants = read_json(folder / "comparison.json").get("variants") or {}
        tests = strictest_first(test for variant in variants.values() for test in variant.get("tests") or {})
    elif (folder / "result.json").exists():
        result = read_json(folder / "result.json")
        tests = strictest_first(result.get("tests") or {})
    else:
        return None
    for test in tests:
        for name in HEADLINE:
            rows: dict[str, Json] = {}
            for key, variant in variants.items():
                before, after = (error_of(variant, test, when, name) for when in ("step0", "final"))
                rows[variant.get("label") or key] = _row(before.get("mean"), after.get("mean"), after.get("interval"))
            if not variants:
                (first, _), (last, interval) = (
                    headline(result["tests"][test].get(w), name) for w in ("step0", "final")
                )
                rows[""] = _row(first, last, interval)
            if any(row["final"] is not None for row in rows.values()):
                return {"test": test, "property": name, "unit": UNITS[name], "rows": rows}
    return None


def ending(errors: Json) -> list[str]:
    """The same in lines for people, in the units of the pages.

    Args:
        errors: of :func:`main_errors`

    >>> row = {"step0": 0.054, "final": 0.0463, "interval": [0.04, 0.05]}
    >>> ending({"test": "unseen compositions", "property": "energy", "rows": {"": row}})
    ['Energy error on unseen compositions, before and after training: 54.0, 46.3 [40.0, 50.0] meV/atom']
    """
    quantity = QUANTITIES[errors["property"]]
    shown = {
        label: f"{quantity.show(row['step0'])}, {quantity.show(row['final'], row['interval'])} {quantity.unit}"
        for label, row in errors["rows"].items()
    }
    what = f"{quantity.error.capitalize()} on {errors['test']}, before and after training:"
    if list(shown) == [""]:
        return [f"{what} {shown['']}"]
    width = max(map(len, shown))
    return [what, *(f"  {label:<{width}}  {text}" for label, text in shown.items())]


def _row(first: float | None, last: float | None, interval: Sequence[float | None] | None) -> Json:
    return {"step0": first, "final": last, "interval": interval}
