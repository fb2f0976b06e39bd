"""Frame: one labelled configuration on its way in; frames are checked and joined into Structures here."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Any, NoReturn

import numpy as np

from transferkit.data.quarantine import Limits, TakenOut, told
from transferkit.data.structures import Structures, reduced_formula
from transferkit.errors import DataError
from transferkit.typing import PROPERTIES, Property

Labels = Mapping[Property, np.ndarray]
FLAT = 1e-6
"""Å; and the volume (area) of a cell below which it has none, its largest component being 1"""


@dataclass(frozen=True, eq=False)
class Frame:
    """One configuration with the labels that it has, in eV, Å, eV/Å, eV/Å³ (ASE sign) and μB.

    Attributes:
        numbers: atomic numbers, shape (atoms,)
        positions: Å, shape (atoms, 3)
        cell: Å, rows are lattice vectors, shape (3, 3)
        pbc: shape (3,)
        labels: energy (), forces (atoms, 3), stress (3, 3), magmoms (atoms,); what is absent is left out
        id: name of the frame
        where: file and frame, for messages
        material_id: frames of one material share it; the reduced formula if empty
        columns: further values of this frame
    """

    numbers: np.ndarray
    positions: np.ndarray
    cell: np.ndarray
    pbc: np.ndarray
    labels: Labels
    id: str
    where: str
    material_id: str = ""
    columns: Mapping[str, Any] = field(default_factory=dict)

    def trouble(self) -> tuple[str, str] | None:
        """Why the frame cannot be used, and what was found: labels of the wrong shape, NaN, infinity, no atoms, no cell."""
        n = len(self.numbers)
        if n == 0:
            return "no atoms", ""
        shapes: dict[Property, tuple[int, ...]] = {
            "energy": (),
            "forces": (n, 3),
            "stress": (3, 3),
            "magmoms": (n,),
        }
        for name, value in self.labels.items():
            if np.shape(value) != shapes[name]:
                return f"{name} of the wrong shape", f"{np.shape(value)}, but {n} atoms need {shapes[name]}"
        if (self.numbers < 1).any():
            return "an atom of no element", f"atom {int(np.argmin(self.numbers))}"
        if not _spans(self.cell[self.pbc]):
            which = "".join(axis for axis, periodic in zip("abc", self.pbc, strict=True) if periodic)
            what = "is flat" if self.cell.any() else "is zero"
            return "periodic, but its cell has no volume", f"it {what} along {which}"
        for what, value in ({"positions": self.positions, "cell": self.cell} | dict(self.labels)).items():
            finite = np.isfinite(value)
            if not finite.all():
                wrong = np.asarray(value)[~finite]
                bad = (
                    str(wrong[0])
                    if np.ndim(value) == 0
                    else f"{len(wrong)} of {np.size(value)}, the first is {wrong[0]}"
                )
                return f"{what} is NaN or infinite", bad
        return None


def _spans(vectors: np.ndarray) -> bool:
    """Whether the vectors of the periodic directions, Å, are independent; NaN is judged elsewhere."""
    if not np.isfinite(vectors).all() or len(vectors) == 0:
        return True
    size = float(np.abs(vectors).max())
    return size > FLAT and bool(np.linalg.det(vectors / size @ (vectors / size).T) > FLAT**2)


def assemble(
    frames: Sequence[Frame],
    *,
    fidelity: str,
    label_convention: str,
    source: str,
    taken: list[TakenOut] | None = None,
    named: bool = False,
) -> Structures:
    """Join frames into one :class:`Structures`; labels that a frame lacks get ``mask == False``.

    Args:
        frames: in order
        fidelity: level of theory of all labels
        label_convention: what the energies are, "raw" or a name of corrections
        source: file or folder, for messages
        taken: where frames that cannot be used are noted, which are then left out; None refuses them
        named: whether ``keys`` can choose other entries, so that messages may say so

    Raises:
        DataError: frames cannot be used and ``taken`` is None (names how many, the first five and why), or ids repeat.
    """
    bad = [TakenOut(f.id, f.where, *why) for f in frames if (why := f.trouble()) is not None]
    if bad and taken is None:
        labels = {name for f in frames for name in f.labels}
        refuse(bad, len(frames), f"{source}@{fidelity}", named=named, labels=labels)
    if bad and taken is not None:
        taken += bad
        frames = [f for f in frames if f.trouble() is None]
    repeated = [name for name, k in Counter(f.id for f in frames).items() if k > 1]
    if repeated:
        raise DataError(
            f"{source}: {len(repeated)} ids occur more than once, the first is {repeated[0]!r}. Ids name single frames: "
            + (
                "choose another key with keys={'id': 'name'} (--key id=name), or number the frames with keys={'id': ''} (--key id=)."
                if named
                else "give each frame its own, or remove what stands twice."
            )
        )
    sizes = [len(f.numbers) for f in frames]
    mask = {p: np.array([p in f.labels for f in frames], dtype=bool) for p in PROPERTIES}
    return Structures(
        numbers=_join([f.numbers for f in frames], (0,)).astype(np.int64),
        positions=_join([f.positions for f in frames], (0, 3)),
        cell=_join([f.cell[None] for f in frames], (0, 3, 3)),
        pbc=_join([f.pbc[None] for f in frames], (0, 3)).astype(bool),
        offsets=np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)]).astype(np.int64),
        energy=_join([_label(f, "energy", (1,)) for f in frames], (0,)),
        forces=_join([_label(f, "forces", (n, 3)) for f, n in zip(frames, sizes, strict=True)], (0, 3)),
        stress=_join([_label(f, "stress", (1, 3, 3)) for f in frames], (0, 3, 3)),
        magmoms=_join([_label(f, "magmoms", (n,)) for f, n in zip(frames, sizes, strict=True)], (0,)),
        mask=mask,
        id=np.array([f.id for f in frames], dtype=object),
        material_id=np.array([f.material_id or reduced_formula(f.numbers) for f in frames], dtype=object),
        fidelity=fidelity,
        label_convention=label_convention,
        columns=_columns([f.columns for f in frames]),
    )


def refuse(
    bad: Sequence[TakenOut], total: int, source: str, *, named: bool = False, labels: Collection[str] = PROPERTIES
) -> NoReturn:
    """Say which frames of a file cannot be used, why, and what mends it.

    Args:
        bad: these frames
        total: frames of the file
        source: as a command takes it
        named: whether ``keys`` can leave a label out
        labels: those that the file has; its only one cannot be left out

    Raises:
        DataError: always.
    """
    label = next((p for p in PROPERTIES if named and all(b.reason.startswith(p) for b in bad)), None)
    absent = (
        f"If {label} was not computed, leave it out for all frames: keys={{'{label}': ''}} (--key {label}=). "
        if label and set(labels) - {label}
        else ""
    )
    share = ceil(100 * len(bad) / total) / 100
    wide = Limits().most * total < len(bad) < total
    option, entry = (f" --limit most={share:g}", f", with most: {share:g}") if wide else ("", "")
    raise DataError(
        f"{told(bad, total) if len(bad) > 1 else f'{bad[0]}.'} Mend or remove {'them' if len(bad) > 1 else 'the frame'}. {absent}"
        f"To have such frames taken out and written down: `transferkit convert {source} OUT.parquet --quarantine{option}`, "
        f"or data.quarantine in a recipe{entry} (null refuses)."
    )


def _label(frame: Frame, name: Property, shape: tuple[int, ...]) -> np.ndarray:
    if name in frame.labels:
        return np.asarray(frame.labels[name], dtype=np.float64).reshape(shape)
    return np.full(shape, np.nan)


def _join(parts: Sequence[np.ndarray], empty: tuple[int, ...]) -> np.ndarray:
    return np.concatenate(parts).astype(np.float64) if parts else np.zeros(empty)


def _columns(rows: Sequence[Mapping[str, Any]]) -> dict[str, np.ndarray]:
    """One array per key: text as str objects ("" where a frame lacks it), numbers as they are (NaN where lacking).

    Arrays are kept where every frame has one of the same shape; ragged ones have no place in a table and stay behind.
    """
    names = dict.fromkeys(name for row in rows for name in row)
    out = {name: _column([row.get(name) for row in rows]) for name in names}
    return {name: values for name, values in out.items() if values is not None}


def _column(values: list[Any]) -> np.ndarray | None:
    there = [v for v in values if v is not None]
    if any(isinstance(v, str) for v in there):
        return np.array(["" if v is None else str(v) for v in values], dtype=object)
    if len({np.shape(v) for v in there}) != 1 or (np.ndim(there[0]) and len(there) < len(values)):
        return None
    array = np.array([np.nan if v is None else v for v in values])
    return array if array.dtype.kind in "bif" else None
