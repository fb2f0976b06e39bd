"""Errors by element as a heat map of the periodic table."""

from collections.abc import Mapping

from matplotlib.figure import Figure

from transferkit.report.figures.element_map import element_map
from transferkit.report.quantities import QUANTITIES
from transferkit.typing import Property


def element_errors(errors: Mapping[str, float], name: Property) -> Figure:
    """Periodic table coloured by the error of one property, on a logarithmic scale.

    Args:
        errors: by symbol, in the stored unit (eV/atom, eV/Å); elements without one are white
        name: the property

    >>> figure = element_errors({"O": 0.0441, "Mg": 0.012}, "energy")
    >>> "44" in [t.get_text() for t in figure.axes[0].texts], figure.axes[0].child_axes[0].get_xlabel()
    (True, 'energy error (meV/atom)')
    """
    quantity = QUANTITIES[name]
    values = {symbol: shown for symbol, e in errors.items() if (shown := quantity.value(e)) is not None}
    return element_map(values, label=f"{quantity.name} error ({quantity.unit})", write=error_text)


def error_text(value: float) -> str:
    """An error as a cell has room for: two significant digits.

    >>> [error_text(v) for v in (1e-9, 0.0432, 4.41, 44.1, 441.0, 12345.0)]
    ['0', '0.04', '4.4', '44', '441', '12k']
    """
    if value < 0.005:
        return "0"
    if value >= 10_000:
        return f"{value / 1000:.0f}k"
    return f"{value:.{2 if value < 1 else 1 if value < 10 else 0}f}"
