"""Split into training, validation and tests; a group is never in two parts, except in the test made for it."""

from collections import Counter
from collections.abc import Sequence
from typing import Literal

import numpy as np

from transferkit.data.folds import Folds, fold_split, make_folds
from transferkit.data.order import seeded_order
from transferkit.data.parts import UNSEEN, Parts, finish, hold_back, unit_of
from transferkit.data.structures import Structures
from transferkit.errors import SplitError, nearest

__all__ = ["By", "Folds", "Parts", "fold_split", "groups", "make_folds", "split"]

By = Literal["composition", "material", "prototype", "random"]


def split(
    data: Structures,
    *,
    by: By = "composition",
    seed: int = 0,
    fractions: Sequence[float] = (0.8, 0.1, 0.1),
    known: float = 0.1,
) -> Parts:
    """Split by groups: compositions (reduced formula), materials, prototypes, or single frames.

    Groups are taken in a seeded order until a part has its share of structures. From what is left for training, a
    share of frames becomes the test "known materials"; at least one frame of each group stays in training.

    Args:
        data: what to split
        by: what must not be in two parts
        seed: the same seed gives the same split on any machine and for any order of the rows
        fractions: shares of structures for train, valid and the unseen test; they sum to 1
        known: share of training frames for "known materials"; 0 for none; not used with ``by="random"``

    Returns:
        :class:`Parts`; tests "known materials" and "unseen compositions" | "unseen materials" |
        "unseen prototypes", or "random frames" alone.

    Raises:
        SplitError: fractions are no shares, there are too few groups, or the column ``prototype`` is missing.

    >>> import transferkit as tk
    >>> parts = split(tk.bundled("gpaw-pbe-r2scan"), by="composition", seed=0)
    >>> set(parts.train.composition) & set(parts.test.composition)
    set()
    """
    shares = _shares(fractions, known)
    group = groups(data, by)
    n_parts = sum(share > 0 for share in shares)
    if len(set(group)) < n_parts:
        raise SplitError(
            f"{len(data)} structures form {len(set(group))} group(s) by {by}, but {n_parts} parts need {n_parts}. "
            f"Give more data, or split by a finer group: material or random."
        )
    size = Counter(group)
    left = seeded_order(size, seed, "split")
    chosen = {}
    for name, share, reserve in (("test", shares[2], n_parts - 1), ("valid", shares[1], 1)):
        chosen[name] = _fill(left, size, share * len(data), reserve)
        left = [g for g in left if g not in chosen[name]]
    rows = {name: np.flatnonzero(np.isin(group, list(names))) for name, names in {**chosen, "train": left}.items()}
    train = rows["train"]
    info = {"by": by, "seed": seed, "fractions": list(shares), "known": known}
    if by == "random":
        return finish(data, {"train": train, "valid": rows["valid"], UNSEEN[by]: rows["test"]}, info, [])
    train, held, notes = hold_back(data, train, unit_of(data, by), share=known, seed=seed)
    index = {"train": train, "valid": rows["valid"], **held, UNSEEN[by]: rows["test"]}
    return finish(data, index, info, notes)


def groups(data: Structures, by: str) -> np.ndarray:
    """Name of the group of each structure, str objects, shape (structures,).

    Raises:
        SplitError: unknown kind of group, or the column ``prototype`` is missing.
    """
    if by not in UNSEEN:
        raise SplitError(f"cannot split by {by!r}. {nearest(by, UNSEEN)}")
    if by == "prototype" and "prototype" not in data.columns:
        raise SplitError(
            f"a split by prototype needs the column 'prototype'; these data have {sorted(data.columns) or 'no columns'}. "
            f"Add prototype=... to the info of each frame, or split by composition."
        )
    choice = {"composition": lambda: data.composition, "material": lambda: data.material_id, "random": lambda: data.id}
    return choice[by]() if by in choice else data.columns["prototype"]


def _fill(order: list[str], size: Counter[str], target: float, reserve: int) -> set[str]:
    """Groups in order, each taken if it brings the part closer to its target; ``reserve`` groups are left over."""
    if target == 0:
        return set()
    chosen: list[str] = []
    have = 0
    for name in order:
        if len(order) - len(chosen) > reserve and abs(have + size[name] - target) < abs(have - target):
            chosen.append(name)
            have += size[name]
    return set(chosen) or {min(order, key=lambda g: size[g])}


def _shares(fractions: Sequence[float], known: float) -> tuple[float, float, float]:
    if len(fractions) != 3 or min(fractions) < 0 or abs(sum(fractions) - 1) > 1e-6:
        raise SplitError(
            f"fractions must be three shares for train, valid and test that sum to 1, not {tuple(fractions)}"
        )
    if fractions[0] == 0 or fractions[2] == 0:
        raise SplitError(
            f"the share of {'train' if fractions[0] == 0 else 'test'} is 0 in {tuple(fractions)}: that part would be empty"
        )
    if not 0 <= known < 1:
        raise SplitError(f"known must be a share of training frames from 0 to below 1, not {known}")
    return fractions[0], fractions[1], fractions[2]
