"""Which of the entries that could be a label is taken, and the refusal where no rule decides."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from transferkit.data.readers.names import Name, name_of, of_another_level, words
from transferkit.data.readers.stated_units import StatedUnits
from transferkit.errors import DataError

Values = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Request:
    """What a user asked a reader for.

    Attributes:
        fidelity: level of theory of the labels
        convention: what the energies are
        keys: label -> entry; "" leaves the label out
        units: what the numbers are in
    """

    fidelity: str = ""
    convention: str = "raw"
    keys: Mapping[str, str] = field(default_factory=dict)
    units: StatedUnits = field(default_factory=StatedUnits)


def chosen_energy(energies: Values, others: Mapping[str, Values], request: Request, where: str) -> str | None:
    """The entry that is the energy; None where there is none.

    Args:
        energies: entries called like an energy, or the one that ``keys`` names
        others: candidates for forces, stress and magmoms, for the option that a refusal proposes
        request: what was asked for
        where: file and frame, for messages

    Raises:
        DataError: see :func:`~transferkit.data.readers.labels.find_labels`.
    """
    if "energy" in request.keys:
        for key in energies:
            _check_named_energy(key, request, where)
        return next(iter(energies), None)
    left = {key: value for key, value in energies.items() if not contrary(key, request)}
    if _differ(left):
        raise DataError(_ambiguous("energy", left, request, where, _proposal(left, energies, others, request)))
    return next(iter(left), None)


def chosen_other(
    kind: str, found: Values, energies: Values, taken: str | None, *, request: Request, where: str
) -> str | None:
    """The entry that is the forces, the stress or the magmoms; None where there is none.

    Args:
        kind: which label
        found: its candidates
        energies: candidates for the energy, in our units
        taken: the one that was taken
        request: what was asked for
        where: file and frame, for messages

    Raises:
        DataError: several differ, or the only one stands with an energy of another calculation.
    """
    if kind in request.keys:
        key = next(iter(found), None)
        if key is not None and _name(key).kind == "gradient" and not request.units.says("forces"):
            raise DataError(
                f"{where}: {key!r} is a gradient by its name. Say its unit, with a minus sign if forces are its negative: "
                f"{mend({'forces': key}, {'forces': '-Ha/Bohr'})}."
            )
        return key
    left = {k: v for k, v in found.items() if not of_another_level(_name(k), request.fidelity)}
    if _differ(left):
        raise DataError(_ambiguous(kind, left, request, where, {kind: next(iter(left))}))
    key = next(iter(left), None)
    if key is not None and taken is not None and (other := _belongs_elsewhere(left, energies, taken)):
        raise DataError(
            f"{where}: the energy is {taken!r}, but {key!r} seems to stand with {other!r}, which is another energy: {kind} "
            f"of one calculation would meet the energy of another. Leave them out, {mend({**request.keys, kind: ''})}, or, if they "
            f"do belong to it, say so: {mend({**request.keys, kind: key})}."
        )
    return key


def mend(keys: Mapping[str, str], units: Mapping[str, str] | None = None) -> str:
    """The options that would mend it, for Python and for the command line.

    >>> mend({"energy": "REF_energy"})
    "keys={'energy': 'REF_energy'} (--key energy=REF_energy)"
    """
    python = f"keys={dict(keys)}" + (f", units={dict(units)}" if units else "")
    options = [f"--key {_quoted(f'{k}={v}')}" for k, v in keys.items()]
    options += [f"--unit {_quoted(f'{k}={v}')}" for k, v in (units or {}).items()]
    return f"{python} ({' '.join(options)})"


def _quoted(text: str) -> str:
    return f"'{text}'" if any(c in text for c in "() &;|$") else text


def _name(key: str) -> Name:
    # A virial stands for the stress; an entry that keys names may have any name, which then says nothing.
    return name_of(key) or Name("")


def contrary(key: str, request: Request) -> str:
    """Why an entry is not the energy that was asked for, in words; empty if nothing speaks against it.

    >>> contrary("r2scan_energy", Request(fidelity="PBE"))
    'named after r2scan'
    """
    name = _name(key)
    if of_another_level(name, request.fidelity):
        return f"named after {', '.join(sorted(name.levels))}"
    if name.convention and name.convention != request.convention:
        return f"{name.convention} by its name"
    return "per atom by its name" if name.per_atom and not request.units.says("energy") else ""


def _check_named_energy(key: str, request: Request, where: str) -> None:
    name = _name(key)
    if name.convention and name.convention != request.convention:
        raise DataError(
            f"{where}: {key!r} is a {name.convention} energy by its name, and {request.convention} energies were asked for. "
            f"Say label_convention {name.convention!r}."
        )
    if name.per_atom and not request.units.says("energy"):
        raise DataError(
            f"{where}: {key!r} is per atom by its name. Say its unit: {mend({'energy': key}, {'energy': 'eV/atom'})}; "
            f"or 'eV' if it is a total."
        )


def no_energy(left: Iterable[str], request: Request, source: str) -> str:
    """The refusal of frames that hold other energies only; empty where there are none.

    Args:
        left: entries called like an energy that were left aside
        request: what was asked for
        source: file, for messages
    """
    reasons = {key: why for key in left if (why := contrary(key, request))}
    if not reasons or "energy" in request.keys:
        return ""
    first = next(iter(reasons))
    shown = "; ".join(f"{key!r} is {why}" for key, why in reasons.items())
    convention = _name(first).convention
    other = f"label_convention {convention!r} with " if convention and convention != request.convention else ""
    return (
        f"{source}: none of the frames has a {request.convention} total energy at {request.fidelity}: {shown}. Ask for what "
        f"they are, or name one: {other}{mend({'energy': first}, _unit_of(first))}."
    )


def _unit_of(key: str) -> dict[str, str]:
    return {"energy": "eV/atom"} if _name(key).per_atom else {}


def _differ(values: Values) -> bool:
    first, *others = values.values() if values else [np.zeros(0)]
    return any(not _same(v, first) for v in others)


def _same(a: np.ndarray, b: np.ndarray) -> bool:
    # NaN is refused later, under its own name
    return a.shape == b.shape and bool(np.allclose(a, b, rtol=1e-9, atol=1e-9, equal_nan=True))


def _belongs_elsewhere(same: Values, energies: Values, taken: str) -> str | None:
    """An energy of the family of this entry, other than the one that was taken."""
    families = {_name(k).family for k in same}
    ours = [k for k, v in energies.items() if _same(v, energies[taken])]
    if families & {_name(k).family for k in ours}:
        return None
    usable = [k for k in energies if k not in ours and not _name(k).convention and not _name(k).per_atom]
    return next((k for k in usable if _name(k).family in families), None)


def _proposal(left: Values, energies: Values, others: Mapping[str, Values], request: Request) -> dict[str, str]:
    """Keys that would choose the likeliest energy and leave out what stands with another one."""
    asked = set(words(request.fidelity))
    best = next((k for k in left if _name(k).levels & asked), next(iter(left)))
    keys = {"energy": best}
    for kind, found in others.items():
        if kind not in request.keys and any(_belongs_elsewhere({k: v}, energies, best) for k, v in found.items()):
            keys[kind] = ""
    return keys


def _ambiguous(kind: str, found: Values, request: Request, where: str, keys: Mapping[str, str]) -> str:
    shown = ", ".join(f"{k}={v.item():.6g}" if v.ndim == 0 else k for k, v in found.items())
    left_out = [k for k, v in keys.items() if not v]
    because = f" ({' and '.join(left_out)} stand with another of them; '' leaves them out)" if left_out else ""
    return (
        f"{where}: {len(found)} entries could be the {kind} and they differ: {shown}. "
        f"Choose one, e.g. {mend({**request.keys, **keys})}{because}."
    )
