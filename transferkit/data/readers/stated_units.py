"""StatedUnits: what the numbers of a file are in, as a user or the file itself says it; converted where they enter."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from transferkit.errors import DataError, nearest
from transferkit.units import BOHR, ENERGIES, LENGTHS, PRESSURES

SAYABLE = ("energy", "forces", "stress", "virial", "length", "voigt")
"""What ``units`` can name."""
OURS = {"energy": "eV", "forces": "eV/Å", "stress": "eV/Å³", "virial": "eV", "length": "Å"}
ASE_ORDER = "xx yy zz yz xz xy"
PER_ATOM = re.compile(r"/\s*at(om)?\s*$")
SPELLINGS = {
    "hartree": "Ha", "ha": "Ha", "eh": "Ha", "au": "Ha", "a.u.": "Ha", "ry": "Ry", "rydberg": "Ry", "ev": "eV", "mev": "meV",
    "a": "Å", "å": "Å", "ang": "Å", "angstrom": "Å", "ångström": "Å", "bohr": "Bohr", "a0": "Bohr", "nm": "nm",
    "gpa": "GPa", "mpa": "MPa", "pa": "Pa", "kbar": "kbar", "kb": "kbar", "bar": "bar",
    "kcal/mol": "kcal/mol", "kj/mol": "kJ/mol",
}  # fmt: skip


@dataclass(frozen=True)
class StatedUnits:
    """Factors that turn the numbers of a file into eV, Å, eV/Å, eV/Å³ (ASE sign).

    A leading minus turns the sign: ``-kbar`` is VASP's stress, pressure positive; ``-Ha/Bohr`` a gradient in place of
    forces. ``/atom`` behind an energy means that it is per atom.

    Attributes:
        factors: of what was stated
        texts: the units in words
        per_atom: the energy is per atom
        order: of six stress components, as indices into them, shape (3, 3)
    """

    factors: Mapping[str, float] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    per_atom: bool = False
    order: np.ndarray = field(default_factory=lambda: voigt_indices(ASE_ORDER, ""))

    @classmethod
    def of(cls, units: Mapping[str, str] | None, where: str = "units") -> "StatedUnits":
        """Read what a user states.

        Args:
            units: "energy", "forces", "stress", "virial", "length" (positions and cell) -> unit; "voigt" -> the order of six
                stress components, e.g. "xx yy zz xy yz zx" as VASP prints them; ASE's order is the default
            where: file, for messages

        Raises:
            DataError: an unknown quantity or unit.

        >>> stated = StatedUnits.of({"energy": "kcal/mol", "forces": "kcal/mol/Å"})
        >>> (
        ...     round(stated.factor("energy"), 6),
        ...     stated.factor("forces") == stated.factor("energy"),
        ...     stated.factor("stress"),
        ... )
        (0.043364, True, 1.0)
        """
        units = dict(units or {})
        for name in units:
            if name not in SAYABLE:
                raise DataError(f"{where}: units names {name!r}. {nearest(name, SAYABLE)}")
        texts = dict(units)
        order = voigt_indices(units.pop("voigt", ASE_ORDER), where)
        per_atom = is_per_atom(units.get("energy", ""))
        factors = {name: unit_factor(name, text, where) for name, text in units.items()}
        return cls(factors, texts, per_atom, order)

    def factor(self, name: str) -> float:
        """What to multiply the file's numbers with; 1 where nothing was said."""
        return self.factors.get(name, 1.0)

    def says(self, name: str) -> bool:
        """Whether the unit of this quantity was stated."""
        return name in self.factors


def is_per_atom(text: str) -> bool:
    """Whether a unit of energy is one per atom.

    >>> is_per_atom("eV/atom"), is_per_atom("eV")
    (True, False)
    """
    return PER_ATOM.search(text) is not None


def unit_factor(name: str, text: str, where: str) -> float:
    """What turns numbers in this unit into ours; negative where the text begins with a minus.

    Raises:
        DataError: the unit is unknown; those that are known are listed.

    >>> round(unit_factor("stress", "-kbar", ""), 8)
    -0.00062415
    """
    plain = text.strip()
    sign, plain = (-1.0, plain[1:].strip()) if plain.startswith(("-", "−")) else (1.0, plain)
    if name == "energy":
        plain = PER_ATOM.sub("", plain)
    value = _value(name, plain)
    if value is None:
        raise DataError(
            f"{where}: {text!r} is no unit of {name} known here; ours is {OURS[name]}. Energies: {', '.join(ENERGIES)} "
            f"(/atom for energies per atom); lengths: {', '.join(LENGTHS)}; stress: {', '.join(PRESSURES)}, or "
            f"energy/length³. A leading minus turns the sign."
        )
    return sign * value


def _value(name: str, text: str) -> float | None:
    if name in {"energy", "virial"}:
        return ENERGIES.get(_spelt(text))
    if name == "length":
        return LENGTHS.get(_spelt(text))
    if name == "stress" and (pressure := PRESSURES.get(_spelt(text))) is not None:
        return pressure
    power = 1 if name == "forces" else 3
    body = re.sub(r"\s*(\^|\*\*)?\s*(³|3)\s*$", "", text) if power == 3 else text
    if power == 3 and body == text:
        return None
    energy, _, length = body.rpartition("/")
    top, bottom = ENERGIES.get(_spelt(energy)), LENGTHS.get(_spelt(length))
    if top is None and bottom is None and _spelt(text) == "Ha" and name == "forces":  # atomic units of force
        top, bottom = ENERGIES["Ha"], BOHR
    return None if top is None or bottom is None else top / bottom**power


def _spelt(text: str) -> str:
    return SPELLINGS.get(text.strip().lower().replace(" ", ""), text.strip())


def voigt_indices(order: str, where: str) -> np.ndarray:
    """Where the nine components of a stress stand among six numbers in this order, shape (3, 3).

    Raises:
        DataError: the text does not name the six components.

    >>> voigt_indices("xx yy zz xy yz zx", "").tolist()
    [[0, 3, 5], [3, 1, 4], [5, 4, 2]]
    """
    names = ["".join(sorted(name)) for name in order.lower().split()]
    if sorted(names) != ["xx", "xy", "xz", "yy", "yz", "zz"]:
        raise DataError(f"{where}: voigt is {order!r}; name the six components in order, e.g. {ASE_ORDER!r}")
    return np.array([[names.index("".join(sorted(a + b))) for b in "xyz"] for a in "xyz"])
