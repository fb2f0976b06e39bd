"""Numbers in sentences: sizes, factors, errors in the unit that the field prints, and intervals without ends."""

from collections.abc import Callable

from transferkit.scaling.bounds import Interval
from transferkit.units import GPA

SHOWN = {"eV/atom": ("meV/atom", 1e3), "eV/Å": ("meV/Å", 1e3), "eV/Å³": ("GPa", 1.0 / GPA)}
"""Stored unit to the one that is printed, and its factor."""
USELESS = 1e6
"""An interval whose ends are further apart than by this factor bounds nothing."""


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
    >>> interval(Interval(((1e-5, 1e4),), 0.95), number)
    '95 % interval: no useful bound, it spans more than 6 decades'
    >>> interval(Interval(((None, 1.0), (9.0, None)), 0.95), number)
    '95 % interval: up to 1, or from 9, with nothing between'
    """
    head = f"{100 * found.level:g} % interval"
    if not found.pieces:
        return f"{head}: none"
    if len(found.pieces) > 1:
        return f"{head}: {', or '.join(_piece(low, high, show) for low, high in found.pieces)}, with nothing between"
    low, high = found.pieces[0]
    if high is None:
        return f"{head}: no ends" if low is None else f"{head} from {show(low)}, no upper end"
    if low is None:
        return f"{head} up to {show(high)}, no lower end"
    if low > 0 and high > USELESS * low:
        return f"{head}: no useful bound, it spans more than 6 decades"
    return f"{head} {show(low)} to {show(high)}"


def sizes(found: Interval) -> str:
    """An interval of training set sizes in words; no set is smaller than one structure.

    >>> sizes(Interval(((0.2, 300.0),), 0.95)), sizes(Interval(((1e-9, 1e-3),), 0.95))
    ('95 % interval up to 300, no lower end', '95 % interval: below any size')
    """
    if len(found.pieces) == 1 and (told := interval(found, size)).partition(": ")[2].startswith("no useful"):
        return told
    there = [
        (None if low is not None and low < 1 else low, high) for low, high in found.pieces if high is None or high >= 1
    ]
    if found.pieces and not there:
        return f"{100 * found.level:g} % interval: below any size"
    told = interval(Interval(tuple(there), found.level), size)
    return told if len(there) == len(found.pieces) else f"{told}, or below any size"


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
