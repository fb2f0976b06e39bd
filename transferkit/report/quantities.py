"""How numbers are shown to people: scale, unit and digits of each property, and a dash for what is not there."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from transferkit.typing import Property
from transferkit.units import GPA

MISSING = "–"
"""Shown where a value is null: a label that was absent, a test that was not run. Never zero."""
MILLI = 1000.0
SIGNIFICANT_DIGITS = 3
SMALL = 1e-4
"""Numbers below are shown as powers of ten: three digits of them would be hidden behind many zeros."""
ROUND_OFF = 1e-9
"""In any shown unit: below it a number is zero."""
END = 10.0
"""Ends of an interval that exceed the value by more than this factor set its digits."""


@dataclass(frozen=True)
class Quantity:
    """One property as a reader sees it.

    Attributes:
        name: singular, as in "force error"
        unit: shown unit
        factor: shown value = ``factor`` times the stored one
        over: what a headline error is a mean of, where there is more than one way to take it
    """

    name: str
    unit: str
    factor: float
    over: str = ""

    @property
    def error(self) -> str:
        """The headline error in full, the same words on every page.

        >>> QUANTITIES["energy"].error, QUANTITIES["forces"].error
        ('energy error', 'force error over components that symmetry leaves free')
        """
        return f"{self.name} error over {self.over}" if self.over else f"{self.name} error"

    def value(self, stored: float | None) -> float | None:
        """The stored value in the shown unit; None for null, NaN and infinity."""
        return self.factor * float(stored) if stored is not None and math.isfinite(stored) else None

    def ends(self, interval: Sequence[float | None] | None) -> tuple[float, float] | None:
        """Both ends of an interval in the shown unit; None where either is not there.

        >>> QUANTITIES["forces"].ends([0.01, 0.02]), QUANTITIES["forces"].ends([None, 0.02])
        ((10.0, 20.0), None)
        """
        if interval is None:
            return None
        low, high = (self.value(x) for x in interval)
        return None if low is None or high is None else (low, high)

    def show(self, stored: float | None, interval: Sequence[float | None] | None = None) -> str:
        """The value with three significant digits, and its interval with the same number of decimals.

        >>> QUANTITIES["energy"].show(0.0442, (0.0381, 0.0517))
        '44.2 [38.1, 51.7]'
        >>> QUANTITIES["stress"].show(0.001), QUANTITIES["stress"].show(None)
        ('0.160', '–')
        >>> QUANTITIES["energy"].show(-2.13e-9, (-4e-9, 1e-10)), QUANTITIES["energy"].show(-1e-9, (-0.002, 0.003))
        ('−2.13·10⁻⁶ [−4.00·10⁻⁶, 1.00·10⁻⁷]', '0.000 [−2.000, 3.000]')
        """
        value = self.value(stored)
        if value is None:
            return MISSING
        ends = self.ends(interval)
        # A difference may be far smaller than its interval, and then has no more digits than the interval deserves.
        scale = max(abs(value), *(abs(end) / END for end in ends or (0.0,)))
        shown = [_number(x, scale) for x in (value, *(ends or ()))]
        return shown[0] if ends is None else f"{shown[0]} [{shown[1]}, {shown[2]}]"


QUANTITIES: dict[Property, Quantity] = {
    "energy": Quantity("energy", "meV/atom", MILLI),
    "forces": Quantity("force", "meV/Å", MILLI, "components that symmetry leaves free"),
    "stress": Quantity("stress", "GPa", 1.0 / GPA),
    "magmoms": Quantity("magnetic moment", "μB", 1.0),
}
SHIFT = Quantity("E0 shift", "eV/atom", 1.0)
"""Shifts of elemental energies are of the order of eV."""


def decimals(value: float) -> int:
    """Decimals that give three significant digits, at most six; none from 100 on.

    >>> [decimals(x) for x in (862.0, 44.2, 1.5, 0.167, 0.0)]
    [0, 1, 2, 3, 2]
    """
    if not value:
        return SIGNIFICANT_DIGITS - 1
    return max(0, min(6, SIGNIFICANT_DIGITS - 1 - math.floor(math.log10(abs(value)))))


def scientific(value: float, *, digits: int | None = SIGNIFICANT_DIGITS) -> str:
    """A number as a power of ten; zero where it is round-off.

    Args:
        value: in the shown unit
        digits: significant ones; None shows no more than the number has, and no factor 1

    >>> scientific(-2.13e-7), scientific(1e-13), scientific(-1e-6, digits=None), scientific(25000.0, digits=None)
    ('−2.13·10⁻⁷', '0', '−10⁻⁶', '2.5·10⁴')
    """
    if abs(value) < (ROUND_OFF if digits else 1e-300):
        return "0"
    mantissa, _, exponent = f"{value:.{(digits or 6) - 1}e}".partition("e")
    if digits is None:
        mantissa = mantissa.rstrip("0").rstrip(".")
    power = "10" + str(int(exponent)).translate(SUPERSCRIPTS)
    sign = "−" if value < 0 else ""
    size = mantissa.lstrip("-")
    return f"{sign}{power}" if digits is None and size == "1" else f"{sign}{size}·{power}"


SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def _number(value: float, scale: float) -> str:
    """With the decimals of ``scale``; zero has no sign."""
    if ROUND_OFF <= scale < SMALL:
        return scientific(value)
    places = decimals(scale if scale >= ROUND_OFF else 0.0)
    text = f"{value:,.{places}f}".replace("-", "−")
    return text.lstrip("−") if not text.strip("−0.,") else text


def count(value: object) -> str:
    """A whole number with thousands separators; a dash where there is none.

    >>> count(412525), count(None)
    ('412,525', '–')
    """
    return f"{value:,.0f}" if isinstance(value, int | float) and math.isfinite(value) else MISSING


def counted(n: object, word: str) -> str:
    """A number and what it counts, in the singular for one.

    >>> counted(1, "composition"), counted(1200, "structure"), counted(None, "structure")
    ('1 composition', '1,200 structures', '– structures')
    """
    return f"{count(n)} {word}{'' if n == 1 else 's'}"


def spans(numbers: Sequence[int]) -> str:
    """Whole numbers as a list in which runs of three and more are joined.

    >>> spans([0, 1, 2, 3, 7, 9, 10]), spans([])
    ('0 to 3, 7, 9, 10', '–')
    """
    groups: list[list[int]] = []
    for n in sorted(set(numbers)):
        if groups and n == groups[-1][-1] + 1:
            groups[-1].append(n)
        else:
            groups.append([n])
    words = [[f"{group[0]} to {group[-1]}"] if len(group) > 2 else [str(n) for n in group] for group in groups]
    return ", ".join(word for found in words for word in found) or MISSING


def percent(value: float) -> str:
    """A share as per cent.

    >>> percent(0.131)
    '13 %'
    """
    return f"{100 * value:.0f} %"


def probability(p: float | None) -> str:
    """A p value: three decimals, or that it is below a thousandth.

    >>> probability(0.0312), probability(2e-5), probability(None)
    ('0.031', '< 0.001', '–')
    """
    if p is None or not math.isfinite(p):
        return MISSING
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def duration(seconds: float | None) -> str:
    """Seconds as a person says them.

    >>> duration(7.2), duration(93.0), duration(7500.0), duration(None)
    ('7.2 s', '1 min 33 s', '2 h 05 min', '–')
    """
    if seconds is None or not math.isfinite(seconds):
        return MISSING
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"
