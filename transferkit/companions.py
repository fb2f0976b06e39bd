"""Companions: the sets that a recipe trains on beside its data. Read, kept apart from what the data test on, and given a head."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from transferkit.beside_options import Beside as BesideOptions
from transferkit.data.chosen_labels import only_labels
from transferkit.data.quarantine import Sifted
from transferkit.data.split import Parts
from transferkit.data.structures import Structures
from transferkit.division import few, placed
from transferkit.errors import DataError
from transferkit.finetuning.replay import choose
from transferkit.recipe import Recipe
from transferkit.resolve import limits_of, read_source
from transferkit.typing import PROPERTIES, Json

BASIS = 2_000
"""Structures that E0 of a set is fitted to, of which fewer were chosen: one forward pass over them costs little."""


@dataclass(frozen=True, eq=False)
class Companion:
    """A set beside the data, divided by the parts of the data.

    Attributes:
        name: ``beside.0``, ``beside.1``, ...
        options: of the recipe
        data: all its structures, with all labels
        train: what is trained on, with the labels that are learnt
        basis: what E0 of its head is fitted on: the same, and where some were chosen, others that may be trained on, too
        held: structures of groups that the data test on, with all labels; on them forgetting is measured
        validated: how many structures were left out because the data validate on their groups
        drawn: whether ``held`` was drawn, as the set shares no group with the tests
        chosen_from: how many ``train`` was chosen from
    """

    name: str
    options: BesideOptions
    data: Structures
    train: Structures
    basis: Structures
    held: Structures
    validated: int
    drawn: bool
    chosen_from: int

    @cached_property
    def labels(self) -> dict[str, int]:
        """Structures that are trained on, by label; labels that none has are left out."""
        return {p: n for p in PROPERTIES if (n := int(self.train.mask[p].sum()))}

    def chosen(self, rows: np.ndarray, *, seed: int) -> "Companion":
        """The same with some of the structures that may be trained on.

        E0 is fitted to more of them, so that it is known for elements that were not chosen: to a seeded choice that brings
        them to ``BASIS`` structures.

        Args:
            rows: that are trained on, ascending
            seed: of those that E0 is fitted to besides
        """
        if len(rows) == len(self.train):
            return self
        rest = np.setdiff1d(np.arange(len(self.train)), rows)
        more = rest[choose(len(rest), BASIS - len(rows), seed=seed)] if len(rows) < BASIS else rest[:0]
        return replace(self, train=self.train[rows], basis=self.train[np.union1d(rows, more)])

    def to_json(self) -> Json:
        """What there is to say of it before training, as a JSON object."""
        o = self.options
        return {
            "set": self.name,
            "source": o.source.rstrip("/").rsplit("/", 1)[-1],
            "fidelity": self.train.fidelity,
            "label_convention": self.train.label_convention,
            "hash": self.data.hash,
            "ratio": o.ratio,
            "weight": o.weight,
            "pseudo": o.pseudo,
            "structures": len(self.train),
            "chosen_from": self.chosen_from,
            "labels": self.labels,
            "left_out": {"validation": self.validated, "held_out": len(self.held), "drawn": self.drawn},
        }

    def describe(self) -> str:
        """One or two lines.

        Says what is trained on, and what was left out why.
        """
        o = self.options
        labels = "predictions of the start" if o.pseudo else ", ".join(f"{p} {n}" for p, n in self.labels.items())
        chosen = f" of {self.chosen_from}" if len(self.train) < self.chosen_from else ""
        why = "drawn, as none shares a group with the tests" if self.drawn else "their groups are tested on"
        return (
            f"{self.name}: {o.source}, {self.data.fidelity}: {len(self.train)}{chosen} structures ({labels}), "
            f"{o.ratio:g} per structure of the data, weight {o.weight:g}\n"
            f"  not trained on: {len(self.held)} held out ({why}), {self.validated} whose groups the data validate on"
        )


def read_companion(recipe: Recipe, k: int) -> Sifted:
    """Set ``k`` beside the data, without the frames that the recipe's quarantine takes out."""
    return read_source(recipe.beside[k], limits_of(recipe))


def divide_companion(
    recipe: Recipe, k: int, data: Structures, target: Structures, parts: Parts, *, smoke: bool = False
) -> Companion:
    """Divide set ``k`` by the parts of the data.

    Args:
        recipe: resolved
        k: which set
        data: its structures
        target: all structures of the data
        parts: of them
        smoke: at most as many structures as a smoke run trains on

    Raises:
        DataError: a structure has another geometry than the one of the same id in the data, a label is named that the set
            lacks, or nothing is left to train on.
        SplitError: the set lacks the column by which the data are divided.
    """
    name, options, split = f"beside.{k}", recipe.beside[k], recipe.data.split
    found = placed(recipe, data, target, parts)
    if not len(found.free):
        raise DataError(
            f"{name} ({options.source}, {data.fidelity}): nothing is left to train on. Of {len(data)} structures, {len(found.tests)} belong "
            f"to groups that the data test on and {len(found.valid)} to groups that they validate on ({split.by}). Give other "
            f"structures, or smaller test and validation parts (data.split)."
        )
    train = data[found.free]
    if not options.pseudo:
        train = only_labels(train, options.labels, option=f"{name}.labels")
        if not any(train.mask[p].any() for p in PROPERTIES):
            raise DataError(
                f"{name} ({options.source}): none of its structures has a label. Leave it out, or use pseudo: true."
            )
    train = few(train, recipe.seed) if smoke else train
    held = data[found.tests]
    return Companion(name, options, data, train, train, held, len(found.valid), found.drawn, len(found.free))


def check_conventions(recipe: Recipe, sets: Mapping[str, Structures]) -> None:
    """Refuse two label conventions under one name of a level of theory.

    Args:
        recipe: whose sets they are
        sets: by name; those whose labels are replaced by predictions do not count

    Raises:
        DataError: names both sets.
    """
    seen: dict[str, tuple[str, str]] = {}
    for name, data in sets.items():
        number = name.removeprefix("beside.")
        if number.isdigit() and recipe.beside[int(number)].pseudo:
            continue
        first, convention = seen.setdefault(data.fidelity, (name, data.label_convention))
        if convention != data.label_convention:
            raise DataError(
                f"{first} and {name} are both {data.fidelity}, and the energies of {first} are {convention}, those of {name} "
                f"{data.label_convention}: one level of theory has one label convention. Convert one of them ({name}.convert: "
                f"{{to: {convention}}}), or give it a name of its own, e.g. fidelity: {data.fidelity}-{data.label_convention}."
            )
