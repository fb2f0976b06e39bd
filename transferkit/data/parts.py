"""Parts: training, validation and named tests of one data set, and what to know about them."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from ase.data import chemical_symbols

from transferkit.data.order import seeded_order
from transferkit.data.structures import Structures
from transferkit.errors import SplitError
from transferkit.typing import Json

KNOWN = "known materials"
UNSEEN: dict[str, str] = {
    "composition": "unseen compositions",
    "material": "unseen materials",
    "prototype": "unseen prototypes",
    "random": "random frames",
}


@dataclass(frozen=True, eq=False)
class Parts:
    """What a split gives.

    Attributes:
        train: what is learned from
        valid: what decides when to stop and which epoch was best
        tests: "known materials" (new frames of training groups) and "unseen ..." (groups that training never saw)
        info: how the split was made, counts, and by name the structures with elements that training lacks
        basis: what E0 is fitted on, where that is not ``train``: the training part that a subset was drawn from

    >>> import transferkit as tk
    >>> parts = tk.split(tk.bundled("gpaw-pbe-r2scan"), by="composition", seed=0)
    >>> sorted(parts.tests)
    ['known materials', 'unseen compositions']
    """

    train: Structures
    valid: Structures
    tests: Mapping[str, Structures]
    info: Json = field(default_factory=dict)
    basis: Structures | None = None

    @property
    def test(self) -> Structures:
        """The stricter test: unseen groups (random frames, for a random split)."""
        return next(part for name, part in self.tests.items() if name != KNOWN)

    @property
    def fitted_on(self) -> Structures:
        """Structures that E0 is fitted on."""
        return self.train if self.basis is None else self.basis

    @property
    def n_atoms(self) -> int:
        """Atoms of all parts, and of what E0 is fitted on where that is another set."""
        return sum(len(part.numbers) for part in {*self.all().values(), self.fitted_on})

    def all(self) -> dict[str, Structures]:
        """Every part by its name: train, valid, then the tests."""
        return {"train": self.train, "valid": self.valid, **self.tests}

    def with_train(self, train: Structures) -> "Parts":
        """The same parts with another training part, e.g. a subset; counts and warnings are made anew.

        "known materials" keeps only frames of compositions (or materials) that are still in training.

        >>> import transferkit as tk
        >>> parts = tk.split(tk.bundled("gpaw-pbe-r2scan"), seed=0)
        >>> parts.with_train(parts.train[:50]).info["counts"]["train"]
        50
        """
        tests, info = dict(self.tests), dict(self.info)
        if KNOWN in tests:
            before = tests.pop(KNOWN)
            still = np.isin(unit_of(before, self.info["by"]).astype(str), unit_of(train, self.info["by"]).astype(str))
            lost = (
                f"{KNOWN}: {int((~still).sum())} of {len(before)} structures are left out, as training lost their group"
            )
            info["notes"] = [*info.get("notes", ()), *([] if still.all() else [lost])]
            if still.any():
                tests = {KNOWN: before[still], **tests}
        return _assemble(train, self.valid, tests, info)

    @property
    def warnings(self) -> list[str]:
        """Sentences that a report must show: elements that only valid or a test holds, tests that could not be made."""
        return list(self.info.get("warnings", ()))

    def describe(self) -> str:
        """A table of structures, atoms, compositions and elements per part, then the warnings.

        >>> import transferkit as tk
        >>> print(tk.split(tk.bundled("gpaw-pbe-r2scan"), seed=0).describe().splitlines()[0])
        part                 structures  atoms  compositions  elements
        """
        lines = [f"{'part':<20} {'structures':>10} {'atoms':>6} {'compositions':>13} {'elements':>9}"]
        for name, part in self.all().items():
            counts = (len(part), len(part.numbers), len(set(part.composition)), len(part.elements))
            lines.append("{:<20} {:>10} {:>6} {:>13} {:>9}".format(name, *counts))
        return "\n".join([*lines, *(f"! {w}" for w in self.warnings)])


def hold_back(
    data: Structures, train: np.ndarray, unit: np.ndarray, *, share: float, seed: int
) -> tuple[np.ndarray, dict[str, np.ndarray], list[str]]:
    """Take a seeded share of training frames as the test "known materials"; each group keeps at least one frame.

    Args:
        data: all structures
        train: rows of training
        unit: group of each structure
        share: of training frames
        seed: chooses the frames

    Returns:
        Rows that stay, ``{"known materials": rows}`` (empty where no frame can be spared), and notes.
    """
    if share == 0:
        return train, {}, []
    left = Counter(unit[train])
    row_of = {str(data.id[r]): int(r) for r in train}
    taken: list[int] = []
    for name in seeded_order(row_of, seed, "known"):
        if len(taken) >= max(1, round(share * len(train))):
            break
        if left[unit[row_of[name]]] > 1:
            left[unit[row_of[name]]] -= 1
            taken.append(row_of[name])
    if not taken:
        return train, {}, [f"no test {KNOWN!r}: every group of training has a single frame"]
    return np.setdiff1d(train, taken), {KNOWN: np.array(sorted(taken))}, []


def finish(data: Structures, index: Mapping[str, np.ndarray], info: Json, notes: list[str]) -> Parts:
    """Cut the data by index arrays named "train", "valid" and by test; fill in counts and warnings.

    Raises:
        SplitError: training is empty, or the unseen test is.
    """
    parts = {name: data[np.sort(rows)] for name, rows in index.items()}
    train, valid = parts.pop("train"), parts.pop("valid")
    return _assemble(train, valid, parts, {**info, "data_hash": data.hash, "notes": notes})


def _assemble(train: Structures, valid: Structures, tests: Mapping[str, Structures], info: Json) -> Parts:
    total = sum(len(part) for part in (train, valid, *tests.values()))
    empty = [name for name, part in {"train": train, **tests}.items() if len(part) == 0]
    if empty:
        raise SplitError(
            f"the part {empty[0]!r} would be empty with {total} structures. Give more data or larger fractions."
        )
    every = {"train": train, "valid": valid, **tests}
    absent = {name: absent_elements(train, part) for name, part in every.items() if name != "train"}
    sentences = [
        f"{name}: {symbol} occurs in {len(ids)} structures here and in none of training: {_some(ids)}"
        for name, table in absent.items()
        for symbol, ids in table.items()
    ]
    full: Json = {
        **info,
        "counts": {name: len(part) for name, part in every.items()},
        "compositions": {name: len(set(part.composition)) for name, part in every.items()},
        "elements_absent_from_training": {name: table for name, table in absent.items() if table},
        "warnings": [*info.get("notes", ()), *sentences],
    }
    return Parts(train, valid, tests, full)


def unit_of(data: Structures, by: str) -> np.ndarray:
    """What "known materials" are known by, str objects, (structures,): compositions, or materials for finer splits."""
    return data.composition if by == "composition" else data.material_id


def absent_elements(train: Structures, part: Structures) -> dict[str, list[str]]:
    """Elements of a part that training lacks, each with the ids of the structures that hold it."""
    lacking = np.setdiff1d(part.elements, train.elements)
    return {
        chemical_symbols[int(z)]: [str(part.id[s]) for s in np.unique(part.owner[part.numbers == z])] for z in lacking
    }


def _some(ids: list[str], most: int = 5) -> str:
    more = f" and {len(ids) - most} more" if len(ids) > most else ""
    return ", ".join(ids[:most]) + more
