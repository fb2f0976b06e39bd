"""Quarantine: frames that cannot be right are taken out, each written down with its reason and its value."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from ase.data import covalent_radii

from transferkit.data.distances import REACH, closest
from transferkit.data.referenced import referenced
from transferkit.data.structures import Structures
from transferkit.data.unit_checks import unit_findings
from transferkit.errors import DataError
from transferkit.typing import Json

FILE = "quarantine.jsonl"
"""Name in the folder of a run."""
SHOWN = 5
FEWEST = 10
"""Energies below which their spread says nothing."""


@dataclass(frozen=True)
class Limits:
    """What a frame may be before it counts as broken; None turns a limit off.

    Of the sets that these were tried on, curated ones reach 83 eV/Å (MPtrj) and 0.53 of the covalent radii (MAD), and
    an energy residual of 12 robust standard deviations (MPtrj).

    Attributes:
        largest_force: eV/Å, norm of the force on any atom
        closest_distance: share of the sum of two atoms' covalent radii
        energy_residual: eV/atom, distance of the energy after a constant per element from the set's median
        energy_deviations: the same in robust standard deviations of the set; both must be exceeded
        most: share of all frames; if more would be taken out, units or keys are wrong rather than single frames
    """

    largest_force: float | None = 100.0
    closest_distance: float | None = 0.5
    energy_residual: float | None = 5.0
    energy_deviations: float = 15.0
    most: float = 0.1


@dataclass(frozen=True)
class TakenOut:
    """One frame that was taken out.

    Attributes:
        id: of the frame
        where: file and frame, or its place in the set
        reason: one clause, the same for all frames with this trouble
        value: what was found, a number in the unit of the reason or a text
    """

    id: str
    where: str
    reason: str
    value: float | str

    def to_json(self) -> Json:
        """A JSON object."""
        return asdict(self)

    def __str__(self) -> str:
        """One clause.

        >>> print(TakenOut("a", "set.xyz: frame 3", "largest force above 100 eV/Å", 412.25))
        set.xyz: frame 3 (a): largest force above 100 eV/Å: 412.2
        """
        value = f"{self.value:.4g}" if isinstance(self.value, float) else self.value
        name = "" if f"({self.id})" in self.where or self.where.endswith(self.id) else f" ({self.id})"
        return ": ".join(filter(None, (f"{self.where}{name}", self.reason, value)))


@dataclass(frozen=True, eq=False)
class Sifted:
    """What :func:`sift` kept and what it took out."""

    kept: Structures
    taken: tuple[TakenOut, ...] = ()

    def __str__(self) -> str:
        """What was taken out, or "" if nothing was."""
        return told(self.taken, len(self.kept) + len(self.taken)) if self.taken else ""


def sift(data: Structures, limits: Limits | None = None, *, broken: Sequence[TakenOut] = ()) -> Sifted:
    """Take out frames beyond the limits: colliding atoms, huge forces, implausible energies.

    A frame is listed once, with the first reason in that order. A limit that is passed only as a whole set is off, as
    with a slip of units, takes nothing out: that is what :func:`~transferkit.data.check.check` is for. Isolated atoms
    have no neighbours to be close to, and their energies are not judged.

    Args:
        data: labelled structures
        limits: what a frame may be; the defaults if not given
        broken: frames that reading took out already; they count, and come first in what is taken

    Raises:
        DataError: more than ``limits.most`` of all frames would be taken out.

    >>> import transferkit as tk
    >>> data = tk.bundled("gpaw-pbe-r2scan")
    >>> len(sift(data).taken), len(sift(data, Limits(largest_force=5.0)).taken)
    (0, 2)
    """
    limits = limits or Limits()
    taken: dict[int, TakenOut] = {}
    for measure in (_close, forces_beyond, energies_beyond):
        for s, reason, value in measure(data, limits):
            taken.setdefault(s, TakenOut(str(data.id[s]), f"structure {s} of {len(data)}", reason, value))
    out = (*broken, *(taken[s] for s in sorted(taken)))
    total = len(data) + len(broken)
    if len(out) > limits.most * total:
        slips = "".join(f" {f.what[0].upper()}{f.what[1:]}: {f.mend}." for f in unit_findings(data))
        raise DataError(
            f"{told(out, total)} That is more than {limits.most:.0%} of them, so it is not a few broken frames: look at units "
            f"and keys first.{slips} If the frames are meant, widen the limit that they pass, or let more be taken out: largest_force, "
            f"closest_distance, energy_residual, most, under data.quarantine in a recipe, with --limit NAME=VALUE in a command."
        )
    kept = data[np.setdiff1d(np.arange(len(data)), list(taken))] if taken else data
    return Sifted(kept, out)


def counted(taken: Sequence[TakenOut]) -> dict[str, int]:
    """How many frames each reason took out, the most frequent first."""
    return dict(Counter(t.reason for t in taken).most_common())


def told(taken: Sequence[TakenOut], total: int) -> str:
    """How many of how many, by reason, and the first five frames, as one sentence."""
    verb = "is" if len(taken) == 1 else "are"
    return f"{len(taken)} of {total} frames {verb} broken or implausible ({by_reason(taken)}): {first(taken)}."


def by_reason(taken: Sequence[TakenOut]) -> str:
    """Counts by reason, as one clause."""
    return "; ".join(f"{n} with {reason}" for reason, n in counted(taken).items())


def first(taken: Sequence[TakenOut]) -> str:
    """The first five frames, as one clause; the reason of all is not repeated where it is one."""
    one = len(counted(taken)) == 1 and len(taken) > 1
    shown = "; ".join(str(replace(t, reason="") if one else t) for t in taken[:SHOWN])
    return shown + (f"; and {len(taken) - SHOWN} more" if len(taken) > SHOWN else "")


def write_quarantine(taken: Sequence[TakenOut], path: str | Path) -> Path:
    r"""Write one JSON object per line: id, where, reason, value. An older file of that name is replaced, by none if nothing was taken.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     one = TakenOut("a", "frame 3", "energy is NaN or infinite", "nan")
    ...     write_quarantine([one], f"{folder}/quarantine.jsonl").read_text()
    '{"id": "a", "where": "frame 3", "reason": "energy is NaN or infinite", "value": "nan"}\n'
    """
    path = Path(path)
    path.unlink(missing_ok=True)
    if taken:
        lines = [json.dumps(t.to_json(), ensure_ascii=False, allow_nan=False) + "\n" for t in taken]
        path.write_text("".join(lines), encoding="utf-8")
    return path


Measured = Iterator[tuple[int, str, float]]
Measure = Callable[[Structures, Limits], Measured]


def _close(data: Structures, limits: Limits) -> Measured:
    if limits.closest_distance is not None:
        # a limit beyond the default one may concern pairs that are further apart than those looked at otherwise
        found = closest(
            data, max(REACH, 2.0 * limits.closest_distance * float(covalent_radii[data.numbers].max(initial=0.0)))
        )
        for s in np.flatnonzero(found.share < limits.closest_distance):
            reason = f"atoms closer than {limits.closest_distance:g} of their covalent radii (distance in Å)"
            yield int(s), reason, float(found.distance[s])


def forces_beyond(data: Structures, limits: Limits) -> Measured:
    """Structures with a force above the limit: row, reason, largest force in eV/Å."""
    if limits.largest_force is not None:
        largest = largest_forces(data)
        for s in np.flatnonzero(largest > limits.largest_force):  # NaN, where there are none, is not above
            yield int(s), f"largest force above {limits.largest_force:g} eV/Å", float(largest[s])


def energies_beyond(data: Structures, limits: Limits) -> Measured:
    """Structures whose energy lies far from the others after a constant per element: row, reason, distance in eV/atom."""
    judged = np.flatnonzero(data.mask["energy"] & (data.n_atoms > 1))
    if limits.energy_residual is None or len(judged) < FEWEST:
        return
    found = referenced(data[judged], robust=True)
    off = found.residual - np.median(found.residual)
    limit = max(limits.energy_residual, limits.energy_deviations * found.spread)
    for k in np.flatnonzero(np.abs(off) > limit):
        reason = f"energy more than {limit:.3g} eV/atom from the others after a constant per element"
        yield int(judged[k]), reason, float(off[k])


def largest_forces(data: Structures) -> np.ndarray:
    """Norm of the largest force on an atom of each structure, eV/Å, NaN without forces, shape (structures,)."""
    norm = np.linalg.norm(data.forces, axis=1)
    out = np.maximum.reduceat(norm, data.offsets[:-1]) if len(data) else np.zeros(0)
    return np.where(data.mask["forces"], out, np.nan)
