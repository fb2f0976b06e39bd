"""How far each elemental energy moved, as a heat map of the periodic table."""

from collections.abc import Collection, Mapping

from matplotlib import colormaps
from matplotlib.colors import SymLogNorm
from matplotlib.figure import Figure

from transferkit.report.figures.element_map import element_map
from transferkit.report.quantities import SHIFT

LINEAR = 0.1
"""Shifts span 0.01 to 70 eV/atom; the colour scale is linear below this value, logarithmic above."""


def e0_shift(shift: Mapping[str, float], *, undetermined: Collection[str] = ()) -> Figure:
    """Periodic table coloured by the shift of E0.

    Args:
        shift: new minus old elemental energy, eV/atom, by symbol
        undetermined: symbols whose value the data do not determine; drawn grey, without a number unless they moved

    >>> e0_shift({"O": -0.7, "Mg": -2.1}, undetermined=["Mg"]).axes[0].texts[0].get_text()
    'H'
    """
    values = [v for s, v in shift.items() if s not in undetermined]
    largest = max(max((abs(v) for v in values), default=0.0) or 1.0, LINEAR)
    return element_map(
        shift,
        label=f"E0 new − E0 old ({SHIFT.unit})",
        write=shift_text,
        # Blue to red through white stays readable for the common kinds of colour blindness.
        norm=SymLogNorm(LINEAR, vmin=-largest, vmax=largest, base=10),
        colours=colormaps["RdBu_r"],
        ticks=_ticks(largest),
        aside=undetermined,
    )


def _ticks(largest: float) -> list[float]:
    decades = [d for d in (0.1, 1.0, 10.0, 100.0) if d <= largest * 1.001]
    return [*(-d for d in reversed(decades)), 0.0, *decades]


def shift_text(value: float) -> str:
    """A shift as the cell of an element shows it.

    >>> shift_text(-0.741), shift_text(-54.72)
    ('−0.74', '−54.7')
    """
    return f"{value:.{2 if abs(value) < 10 else 1}f}".replace("-", "−")
