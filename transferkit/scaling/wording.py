"""Numbers in sentences: sizes, factors, errors in the unit that the field prints, and intervals without ends."""

from collections.abc import Callable

from transferkit.scaling.bounds import Interval
from transferkit.units import GPA

SHOWN = {"eV/atom": ("meV/atom", 1e3), "eV/Å": ("meV/Å", 1e3), "eV/Å³": ("GPa", 1.0 / GPA)}
"""Stored unit to the one that is printed, and its factor."""


def size(value: float) -> str:
    """A training set size, to three digits.

    >>> size(719803.2), size(12.3), size(3e9)
    ('720,000', '12.3', '3e+09')
    """
    if value >= 1e8 or value < 1e-2:
        return f"{value:.3g}"
    if value < 1000:
        return f"{value:.3g}"
    return f"{float(f'{value:.3g}'):,.0f}"


def error(value: float, unit: str) -> str:
    """An error with its unit.

    >>> error(0.0216, "eV/atom"), error(1.234, "eV/atom"), error(0.5, "")
    ('21.6 meV/atom', '1,230 meV/atom', '0.5')
    """
    shown, factor = SHOWN.get(unit, (unit, 1.0))
    number = value * factor
    text = f"{float(f'{number:.3g}'):,.0f}" if 1000 <= number < 1e8 else f"{number:.3g}"
    return f"{text} {shown}".rstrip()


def number(value: float) -> str:
    """A bare number to three digits.

    >>> number(0.30125)
    '0.301'
    """
    return f"{value:.3g}"


def interval(found: Interval, show: Callable[[float], str]) -> str:
    """An interval in words.

    >>> interval(Interval(((2.0, None),), 0.95), number)
    '95 % interval from 2, no upper end'
    >>> interval(Interval(((None, 1.0), (9.0, None)), 0.95), number)
    '95 % interval: up to 1, or from 9, with nothing between'
    """
    head = f"{100 * found.level:g} % interval"
    if not found.pieces:
        return f"{head}: none"
    if len(found.pieces) > 1:
        return f"{head}: {', or '.join(_piece(low, high, show) for low, high in found.pieces)}, with nothing between"
    low, high = found.pieces[0]
    if low is None and high is None:
        return f"{head}: no ends"
    if high is None:
        return f"{head} from {show(low or 0.0)}, no upper end"
    return f"{head} up to {show(high)}, no lower end" if low is None else f"{head} {show(low)} to {show(high)}"


def _piece(low: float | None, high: float | None, show: Callable[[float], str]) -> str:
    if low is None:
        return "anything" if high is None else f"up to {show(high)}"
    return f"from {show(low)}" if high is None else f"{show(low)} to {show(high)}"


def beyond(value: float, smallest: float, largest: float) -> str:
    """How far a size lies outside the sizes that were measured; empty where it lies inside.

    >>> beyond(240.0, 1.0, 100.0), beyond(103.0, 1.0, 100.0), beyond(50.0, 1.0, 100.0)
    ('2.4 times beyond your largest size', 'just beyond your largest size', '')
    """
    if value > largest * (1 + 1e-9):
        return f"{_times(value / largest)} beyond your largest size"
    if value < smallest * (1 - 1e-9):
        return f"{_times(smallest / value)} below your smallest size"
    return ""


def _times(ratio: float) -> str:
    """How many times; "1 times beyond" would read as twice."""
    if ratio < 1.1:
        return "just"
    return f"{float(f'{ratio:.2g}'):,.0f} times" if 100 <= ratio < 1e7 else f"{ratio:.2g} times"
