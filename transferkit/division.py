"""Division: the parts that a recipe asks for, the subset of training that it learns from, and what chooses the best weights."""

from dataclasses import replace

import numpy as np

from transferkit.data.bundled import folds as bundled_folds
from transferkit.data.chosen_labels import only_labels
from transferkit.data.leaks import Places, places
from transferkit.data.pairing import pairs
from transferkit.data.source import PREFIX
from transferkit.data.split import Folds, Parts, fold_split, make_folds, split
from transferkit.data.structures import Structures, concatenate
from transferkit.data.subset import composition_subset, nested_subsets
from transferkit.errors import SplitError
from transferkit.evaluation.judge import determined
from transferkit.recipe import Recipe
from transferkit.training.augmentation import Augmentation
from transferkit.typing import PROPERTIES

SMOKE_STRUCTURES = 200


def divide(recipe: Recipe, data: Structures, *, smoke: bool = False) -> Parts:
    """The parts that a recipe asks for: a fold, or shares; a nested subset of the training part; copies beside it.

    Labels that it does not learn are taken off training and validation; tests keep all.
    """
    return with_copies(recipe, with_labels(recipe, drawn_parts(recipe, data, smoke=smoke)))


def with_labels(recipe: Recipe, parts: Parts) -> Parts:
    """The same parts where training and validation have the labels alone that a recipe learns.

    Raises:
        DataError: it names a label that no structure of the training part has.
    """
    labels = recipe.data.labels
    if labels is None:
        return parts
    train = only_labels(parts.train, labels, option="data.labels")
    others = [p for p in PROPERTIES if p not in labels]
    basis = None if parts.basis is None else parts.basis.without(*others)
    return replace(parts, train=train, valid=parts.valid.without(*others), basis=basis)


def drawn_parts(recipe: Recipe, data: Structures, *, smoke: bool) -> Parts:
    """Parts of the data alone; ``info["pool"]`` tells what the training part held before a subset was drawn from it."""
    options = recipe.data.split
    seed = seed_of(recipe)
    if options.fold is None:
        parts = split(data, by=options.by, seed=seed, fractions=options.fractions, known=options.known)
    else:
        folds = _folds(recipe, data)
        fold = seed % folds.n if options.fold == "seed" else options.fold
        parts = fold_split(data, folds, fold=fold, seed=seed, known=options.known)
    pool = {"structures": len(parts.train), "compositions": len(set(parts.train.composition))}
    parts = replace(parts, info={**parts.info, "pool": pool})
    train, basis = subset_of(recipe, parts.train), parts.train
    if smoke:
        train, basis = (few(part, recipe.seed) for part in (train, basis))
    if len(train) == len(parts.train):
        return parts
    drawn = parts.with_train(train)
    return replace(drawn, basis=basis) if recipe.reference.fit_on == "training" else drawn


def with_copies(recipe: Recipe, parts: Parts) -> Parts:
    """The same parts with the displaced copies that a recipe asks for in training; E0 is fitted without them.

    Raises:
        DataError: they need force labels, and a training structure has none.
    """
    options = recipe.training.augmentation
    if options is None:
        return parts
    copies = Augmentation(**options.model_dump()).copies_of(parts.train, seed=recipe.seed)
    train = concatenate([parts.train, copies])
    said = (
        f"train holds {len(copies)} displaced copies of its {len(parts.train)} structures ({options.kind}, {options.length:g} Å); "
        f"E0 is fitted without them"
    )
    counts, warnings = {**parts.info["counts"], "train": len(train)}, [*parts.info["warnings"], said]
    info = {**parts.info, "counts": counts, "copies": len(copies), "warnings": warnings}
    return replace(parts, train=train, basis=parts.fitted_on, info=info)


def subset_of(recipe: Recipe, train: Structures) -> Structures:
    """What a recipe trains on, of its training part.

    Raises:
        SplitError: the training part has fewer structures, or fewer compositions, than are asked for.
    """
    wanted = recipe.data.subset
    if wanted is None:
        return train
    there, what = len(train), "structures"
    if not isinstance(wanted, int):
        there, what = len(set(train.composition)), "compositions"
    size = wanted if isinstance(wanted, int) else wanted.compositions
    if size > there:
        option = "data.subset" if isinstance(wanted, int) else "data.subset.compositions"
        raise SplitError(
            f"{option} is {size}, and the training part has {there} {what}. Give at most that many, or leave subset out."
        )
    if isinstance(wanted, int):
        return nested_subsets(train, [wanted], seed=recipe.seed)[0]
    seed = recipe.seed if wanted.seed is None else wanted.seed
    return composition_subset(train, size, frames=wanted.frames, seed=seed, order=wanted.order)


def choosers(parts: Parts) -> tuple[np.ndarray, str | None]:
    """Indices of the validation structures that choose the best weights, and what a reader must know about it.

    They are those whose reference the training part determines; all of them where it determines none.
    """
    return known_to(parts.fitted_on, parts.valid)


def placed(recipe: Recipe, data: Structures, target: Structures, parts: Parts) -> Places:
    """Where structures of another level belong by the parts of the target.

    Args:
        recipe: resolved
        data: of the other level
        target: all structures of the target
        parts: of them

    Raises:
        DataError: a structure has another geometry than the one of the same id in the target.
        SplitError: ``data`` lack the column by which the target is divided.
    """
    pairs(target, data)
    return places(data, parts, by=recipe.data.split.by, seed=seed_of(recipe))


def seed_of(recipe: Recipe) -> int:
    """Seed of the parts.

    >>> plain = {"name": "x", "data": {"source": "a", "fidelity": "PBE"}, "adapter": {"name": "toy"}}
    >>> seed_of(Recipe.model_validate(plain | {"training": {"steps": 1}, "seed": 3}))
    3
    """
    own = recipe.data.split.seed
    return recipe.seed if own is None else own


def known_to(fitted_on: Structures, valid: Structures) -> tuple[np.ndarray, str | None]:
    """The same as :func:`choosers` for any two sets.

    Args:
        fitted_on: what E0 was fitted on
        valid: structures that choose
    """
    n = len(valid)
    known = np.flatnonzero(determined(fitted_on, valid))
    if len(known) == n:
        return known, None
    if not len(known):
        text = (
            f"training determines the reference of none of the {n} validation structures: all choose the best weights"
        )
        return np.arange(n), f"{text}, with energies that are off by what E0 cannot know"
    return (
        known,
        f"{n - len(known)} of {n} validation structures do not choose the best weights: their E0 is undetermined",
    )


def few(data: Structures, seed: int) -> Structures:
    """What a smoke run takes of a set."""
    return nested_subsets(data, [SMOKE_STRUCTURES], seed=seed)[0] if len(data) > SMOKE_STRUCTURES else data


def _folds(recipe: Recipe, data: Structures) -> Folds:
    """The folds that ship with a bundled set, so that everybody's fold 3 is the same; else folds of these data."""
    n, source = recipe.data.split.folds, recipe.data.source
    if source.startswith(PREFIX):
        shipped = bundled_folds(source.removeprefix(PREFIX).partition("@")[0])
        if shipped.n == n:
            return shipped
    return make_folds(data, n=n)
