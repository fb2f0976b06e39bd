"""Folds by composition for cross-validation, and the split that one fold gives."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from ase.data import chemical_symbols

from transferkit.data.order import seeded_order
from transferkit.data.parts import UNSEEN, Parts, finish, hold_back
from transferkit.data.structures import Structures
from transferkit.errors import SplitError
from transferkit.typing import Json

RARE = 3
"""An element in fewer compositions than this pins them to training: held out, its energy would be unknown."""


@dataclass(frozen=True)
class Folds:
    """Which composition is tested in which fold.

    Attributes:
        n: number of folds
        seed: of the assignment
        fold: composition -> 0 ... n - 1
        pinned: composition -> why it is always in training
    """

    n: int
    seed: int
    fold: Mapping[str, int]
    pinned: Mapping[str, str]

    def to_json(self) -> Json:
        """A JSON object; :meth:`from_json` restores it."""
        return {"n": self.n, "seed": self.seed, "fold": dict(self.fold), "pinned": dict(self.pinned)}

    @classmethod
    def from_json(cls, data: Json) -> "Folds":
        """Restore what :meth:`to_json` gave."""
        return cls(int(data["n"]), int(data["seed"]), dict(data["fold"]), dict(data["pinned"]))


def make_folds(data: Structures, n: int = 6, seed: int = 0) -> Folds:
    """Assign every composition to a fold, so that folds are of equal size and each element is spread over them.

    Compositions with an element that occurs in fewer than three compositions are pinned to training. The others are
    placed one by one, those with the rarest element first, into the fold that has least of their elements and
    structures so far. Where an element still lies in two neighbouring folds only (the test and valid of one split),
    one of its compositions is pinned as well, so that training holds every element in every fold.

    Args:
        data: structures
        n: number of folds, at least 3: test, valid, training
        seed: breaks ties

    Raises:
        SplitError: fewer than 3 folds, or fewer free compositions than folds.

    >>> import transferkit as tk
    >>> folds = make_folds(tk.bundled("gpaw-pbe-r2scan"))
    >>> sorted(set(folds.fold.values()))
    [0, 1, 2, 3, 4, 5]
    """
    if n < 3:
        raise SplitError(
            f"{n} folds are too few: one is tested, one validates, at least one trains. Ask for 3 or more."
        )
    elements, size = _elements(data), Counter(data.composition)
    common = Counter(e for held in elements.values() for e in held)
    pinned: dict[str, str] = {}
    for name in sorted(elements):
        rare = sorted(e for e in elements[name] if common[e] < RARE)
        if rare:
            pinned[name] = "; ".join(f"{e} occurs in {common[e]} composition(s)" for e in rare)
    free = [c for c in seeded_order(elements, seed, "folds") if c not in pinned]
    if len(free) < n:
        raise SplitError(
            f"{len(free)} compositions have no rare element; {n} folds need {n}. Ask for fewer folds, or give more data."
        )
    free.sort(key=lambda c: min(common[e] for e in elements[c]))
    fold = _assign(free, elements, size, n)
    for element in sorted(common):
        _keep_in_training(element, elements, fold, pinned, n)
    return Folds(n, seed, dict(sorted(fold.items())), dict(sorted(pinned.items())))


def _elements(data: Structures) -> dict[str, frozenset[str]]:
    first = {c: s for s, c in reversed(list(enumerate(data.composition)))}
    return {
        c: frozenset(chemical_symbols[z] for z in set(data.structure(s).numbers.tolist())) for c, s in first.items()
    }


def _assign(free: list[str], elements: Mapping[str, frozenset[str]], size: Mapping[str, int], n: int) -> dict[str, int]:
    held: defaultdict[tuple[str, int], int] = defaultdict(int)
    load = [0] * n
    fold: dict[str, int] = {}
    for name in free:
        best = min(range(n), key=lambda k: (sum(held[e, k] for e in elements[name]) + load[k] / 8, load[k], k))
        fold[name] = best
        load[best] += size[name]
        for e in elements[name]:
            held[e, best] += 1
    return fold


def _keep_in_training(
    element: str, elements: Mapping[str, frozenset[str]], fold: dict[str, int], pinned: dict[str, str], n: int
) -> None:
    if any(element in elements[c] for c in pinned):
        return
    mine = sorted(c for c in fold if element in elements[c])
    where = {fold[c] for c in mine}
    if any(where <= {k, (k + 1) % n} for k in range(n)):
        del fold[mine[0]]
        pinned[mine[0]] = f"{element} would be missing from training in one fold"


def fold_split(data: Structures, folds: Folds, *, fold: int, seed: int = 0, known: float = 0.1) -> Parts:
    """The split in which one fold is the test "unseen compositions" and the next one validates.

    Pinned compositions always train. "known materials" is a seeded share of training frames, from compositions with
    two or more of them.

    Args:
        data: structures, all of compositions that the folds know
        folds: from :func:`make_folds` or shipped with the data
        fold: which one is tested, 0 ... n - 1
        seed: chooses the frames of "known materials"
        known: share of training frames

    Raises:
        SplitError: no such fold, a composition that the folds do not know, or an empty part.

    >>> import transferkit as tk
    >>> from transferkit.data.bundled import folds
    >>> parts = fold_split(tk.bundled("gpaw-pbe-r2scan"), folds("gpaw-pbe-r2scan"), fold=0)
    >>> parts.info["elements_absent_from_training"]
    {}
    """
    if not 0 <= fold < folds.n:
        raise SplitError(f"there is no fold {fold}; these folds go from 0 to {folds.n - 1}")
    unknown = sorted(set(data.composition) - set(folds.fold) - set(folds.pinned))
    if unknown:
        raise SplitError(
            f"{len(unknown)} compositions are in no fold, the first is {unknown[0]}. "
            f"Make folds of these data: transferkit.data.folds.make_folds(data, n={folds.n})."
        )
    if not 0 <= known < 1:
        raise SplitError(f"known must be a share of training frames from 0 to below 1, not {known}")
    of = np.array([folds.fold.get(c, -1) for c in data.composition])
    test, valid = np.flatnonzero(of == fold), np.flatnonzero(of == (fold + 1) % folds.n)
    train = np.flatnonzero((of != fold) & (of != (fold + 1) % folds.n))
    train, held, notes = hold_back(data, train, data.composition, share=known, seed=seed)
    info = {"by": "composition", "seed": seed, "fold": fold, "folds": folds.n, "folds_seed": folds.seed, "known": known}
    return finish(data, {"train": train, "valid": valid, **held, UNSEEN["composition"]: test}, info, notes)
