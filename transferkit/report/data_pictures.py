"""The figures of a data set, with the words that stand for them where they cannot be seen."""

from collections.abc import Sequence

from transferkit.report.figures.distributions import distributions
from transferkit.report.figures.element_counts import element_counts
from transferkit.report.pictures import Picture, picture
from transferkit.typing import Json

SHOWN: dict[str, tuple[str, float]] = {
    "referenced_energy": ("energy after a constant per element (meV/atom)", 1000.0),
    "max_force": ("largest force on an atom (eV/Å)", 1.0),
    "pressure": ("pressure (GPa), positive: compressed", 1.0),
    "max_stress": ("largest component of the stress (GPa)", 1.0),
    "volume_per_atom": ("volume (Å³/atom)", 1.0),
    "n_atoms": ("atoms in the structure", 1.0),
}
"""List of a description -> words with the unit, and the factor to it."""
POSITIVE = ("max_force", "max_stress", "volume_per_atom", "n_atoms")


def data_pictures(found: Json) -> Json:
    """Composition on the periodic table, and how energies, forces, stress and volumes are distributed.

    Args:
        found: of :meth:`transferkit.data.describe.Description.to_json` with ``per_structure=True``; lists that are not
            there are not drawn

    Returns:
        {"composition", "distributions": Picture or None}
    """
    return {"composition": _composition(found), "distributions": _distributions(found)}


def _composition(found: Json) -> Picture | None:
    elements = found.get("elements") or {}
    counts = {symbol: int((row or {}).get("compositions") or 0) for symbol, row in elements.items()}
    if not counts:
        return None
    first = sorted(counts, key=lambda s: (-counts[s], s))[:5]
    said = ", ".join(f"{s} in {counts[s]}" for s in first)
    return picture(
        element_counts(counts, of="compositions"),
        None,
        "composition",
        alt=f"Periodic table of {len(counts)} elements by the compositions that hold them; most often: {said}.",
        caption="Compositions that hold each element. White: not in the data. Darker is more.",
    )


def _distributions(found: Json) -> Picture | None:
    values: dict[str, Sequence[float]] = {}
    for key, (words, factor) in SHOWN.items():
        numbers = [factor * v for v in found.get(key) or [] if v is not None]
        if numbers:
            values[words] = numbers
    if not values:
        return None
    said = "; ".join(f"{words} from {min(v):.3g} to {max(v):.3g}" for words, v in values.items())
    return picture(
        distributions(values, positive=[SHOWN[key][0] for key in POSITIVE]),
        None,
        "distributions",
        alt=f"Histograms: {said}.",
        caption="One count per structure, on a logarithmic axis so that a single odd one is seen. Marks on the axis: the five lowest and highest.",
    )
