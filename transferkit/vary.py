"""Vary: a study is a recipe in which options vary; every combination is a point, a recipe of its own.

Pure: from a recipe to its points, and what must be equal among them so that they compare.
"""

import json
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from pydantic import ValidationError

from transferkit.errors import RecipeError
from transferkit.recipe import Recipe, identity, merge

SIZES = ("data.subset", "data.subset.compositions")
"""Options that are the abscissa of a curve."""
CHAINS = ("seed", "data.subset.seed")
"""Options that repeat a point with another chain of subsets, or other random numbers."""
CONTRAST = "contrast"
STUDY = ("vary", "contrast", "seeds", "compare", "baseline")
"""Options of a study or comparison as a whole, which no point has."""


@dataclass(frozen=True)
class Axis:
    """One entry of ``vary``.

    Attributes:
        name: an option with dots, or the name of a group of arms
        values: as the user wrote them: values of the option, or names of arms
        changes: what each sets, as nested mappings
    """

    name: str
    values: tuple[Any, ...]
    changes: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class Point:
    """One run of a study.

    Attributes:
        recipe: resolved; nothing varies in it
        values: by axis: the value of the option, or the name of the arm
        curve: label of everything that varies but size and seed
        identity: hash of all options that can change its numbers; the same for every study it is in
    """

    recipe: Recipe
    values: Mapping[str, Any]
    curve: str
    identity: str = field(default="", compare=False)

    @property
    def key(self) -> str:
        """Name of its folder."""
        return self.identity[:12]

    @property
    def size(self) -> int | None:
        """Asked for: compositions or structures; None for the whole training part."""
        subset = self.recipe.data.subset
        return subset if subset is None or isinstance(subset, int) else subset.compositions

    @property
    def chain(self) -> int:
        """Seed of its chain of subsets."""
        subset = self.recipe.data.subset
        own = None if subset is None or isinstance(subset, int) else subset.seed
        return self.recipe.seed if own is None else own

    @property
    def label(self) -> str:
        """For messages."""
        return ", ".join(f"{name}={shown(value)}" for name, value in self.values.items())


def axes(vary: Mapping[str, Any], contrast: str | None, recipe: Recipe | None = None) -> list[Axis]:
    """What varies, in the order in which it was written, the contrast last.

    Args:
        vary: of a recipe
        contrast: of a recipe
        recipe: whose reference policy decides that of random weights

    >>> [axis.values for axis in axes({"seed": [0, 1], "arm": {"all": {}, "few": {}}}, None)]
    [(0, 1), ('all', 'few')]
    """
    found = []
    for name, given in vary.items():
        if isinstance(given, Mapping):
            found.append(Axis(name, (*given,), tuple(undotted(arm or {}) for arm in given.values())))
        else:
            found.append(Axis(name, (*given,), tuple(nested(name.split("."), value) for value in given)))
    if contrast is not None:
        scratch: dict[str, Any] = {"strategy": {"kind": "from-scratch"}}
        if recipe is None or recipe.reference.policy != "isolated-atoms":
            scratch["reference"] = {
                "policy": "refit"
            }  # paper A, method 1: there is no network whose energies could count
        found.append(Axis(CONTRAST, ("transfer", "scratch"), ({}, scratch)))
    return found


def points(recipe: Recipe) -> list[Point]:
    """Every point of a study: chain by chain, small sizes first, so that an interrupted study is balanced.

    All have the split seed of the recipe, so that validation and test parts are the same.

    Raises:
        RecipeError: nothing varies, a combination is no valid recipe, two points are the same run, or points would not be
            treated equally; everything that is wrong is named.

    >>> tiny = {"data": {"source": "a", "fidelity": "PBE"}, "adapter": {"name": "toy"}, "training": {"steps": 2}}
    >>> found = points(Recipe(name="x", **tiny, vary={"seed": [0, 1]}, contrast="scratch"))
    >>> [(p.recipe.seed, p.curve) for p in found]
    [(0, 'transfer'), (0, 'scratch'), (1, 'transfer'), (1, 'scratch')]
    """
    wrong: list[str] = []
    found: list[Point] = []
    base = recipe.model_dump(exclude={*STUDY, "output"})
    if base["data"]["split"]["seed"] is None:
        base["data"]["split"]["seed"] = recipe.seed
    for values, changes in _combinations(axes(recipe.vary or {}, recipe.contrast, recipe)):
        plain = base
        for change in changes:
            plain = merge(plain, change)
        named = ", ".join(f"{name}={shown(value)}" for name, value in values.items())
        try:
            one = Recipe.model_validate(plain)
        except ValidationError as error:
            wrong += [f"{named}: {e['msg'].removeprefix('Value error, ')}" for e in error.errors()]
            continue
        hashed = identity(one)
        found.append(Point(_grouped(one, recipe.name, hashed), values, _curve(values, recipe.name), hashed))
    wrong += [*(_clashes(axes(recipe.vary or {}, recipe.contrast, recipe)) or _same(found)), *unequal(found)]
    if not found and not wrong:
        wrong.append("nothing varies, so there is no point")
    if wrong:
        raise RecipeError("\n".join(dict.fromkeys(wrong)))
    return found


def _grouped(one: Recipe, study: str, hashed: str) -> Recipe:
    """W&B shows the points of a study as one group, and a point that is resumed as the same run."""
    wandb = one.tracking.wandb
    if wandb is None:
        return one
    told = wandb.model_copy(update={"group": wandb.group or study, "run_id": wandb.run_id or hashed[:16]})
    return one.model_copy(update={"tracking": one.tracking.model_copy(update={"wandb": told})})


def unequal(found: Sequence[Point]) -> Iterator[str]:
    """Why points would not compare: their tests, the kind of their budget, or how often they are validated."""
    recipes = [point.recipe for point in found]
    if any(recipe.data.split.fold == "seed" for recipe in recipes):
        yield (
            "data.split.fold is 'seed', so points of several seeds would have other tests. Choose one fold, e.g. "
            "data.split.fold: 0"
        )
    subsets = [recipe.data.subset for recipe in recipes if recipe.data.subset is not None]
    if len({isinstance(subset, int) for subset in subsets}) > 1:
        yield "some subsets count structures and some compositions: write all as data.subset: {compositions: N, frames: K}"
    kinds = sorted({budget(recipe)[0] for recipe in recipes})
    if len(kinds) > 1:
        yield f"points have budgets of several kinds: {', '.join(kinds)}. Give all of them the same kind"
    if len({point.size for point in found}) > 1:
        for recipe in recipes:
            unit = "steps" if recipe.training.steps is not None else "epochs"
            if recipe.training.evaluate_unit != unit:
                yield (
                    f"training.evaluate_unit is {recipe.training.evaluate_unit!r} and the budget is in {unit}, so small sets "
                    f"would be validated more often than large ones, or less. Write training.evaluate_unit: {unit}, with an "
                    f"evaluate_every that suits it"
                )
                return


def budget(recipe: Recipe) -> tuple[str, str]:
    """Kind of a run's budget, and the budget in words.

    >>> tiny = {"data": {"source": "a", "fidelity": "PBE"}, "adapter": {"name": "toy"}}
    >>> budget(Recipe(name="x", **tiny, training={"steps": 20}))
    ('fixed steps', '20 steps')
    """
    length = recipe.training
    n = f"{length.steps} steps" if length.steps is not None else f"{length.epochs} epochs"
    if length.patience is not None:
        every = f"every {length.evaluate_every} {length.evaluate_unit}"
        return (
            "early stopping",
            f"at most {n}, ended after {length.patience} evaluations ({every}) without a better one",
        )
    return ("fixed steps" if length.steps is not None else "fixed epochs"), n


def nested(keys: Sequence[str], value: Any) -> Any:
    """``{"a": {"b": value}}`` for the keys a and b.

    >>> nested(["seed"], 1)
    {'seed': 1}
    """
    for key in reversed(keys):
        value = {key: value}
    return value


def undotted(arm: Mapping[str, Any]) -> dict[str, Any]:
    """An arm in which ``strategy.kind`` stands for a group with an entry.

    >>> undotted({"loss.energy": 2, "seed": 1})
    {'loss': {'energy': 2}, 'seed': 1}
    """
    plain: dict[str, Any] = {}
    for key, value in arm.items():
        plain = merge(plain, nested(str(key).split("."), value))
    return plain


def shown(value: Any) -> str:
    """A value of an option in a label.

    >>> shown({"kind": "full"}), shown(1e-3), shown(None)
    ('full', '0.001', 'null')
    """
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return str(value["kind"]) if set(value) == {"kind"} else json.dumps(value, separators=(",", ":"))
    return json.dumps(value)


def _combinations(found: Sequence[Axis]) -> Iterator[tuple[dict[str, Any], list[Mapping[str, Any]]]]:
    """Values and changes of every combination; chains outermost, then sizes, then the rest."""
    rank = dict.fromkeys(CHAINS, 0) | dict.fromkeys(SIZES, 1)
    ordered = sorted(found, key=lambda axis: rank.get(axis.name, 2))
    for chosen in product(*(range(len(axis.values)) for axis in ordered)):
        picked = {axis.name: k for axis, k in zip(ordered, chosen, strict=True)}
        if picked:
            yield (
                {axis.name: axis.values[picked[axis.name]] for axis in found},
                [axis.changes[picked[axis.name]] for axis in found],
            )


def _curve(values: Mapping[str, Any], name: str) -> str:
    """Arms by their name, options by name and value; the study's name where nothing but size and seed varies."""
    parts = [
        f"{axis}={shown(value)}" if "." in axis or (axis in Recipe.model_fields and axis != CONTRAST) else shown(value)
        for axis, value in values.items()
        if axis not in {*SIZES, *CHAINS}
    ]
    return ", ".join(parts) or name


def _clashes(found: Sequence[Axis]) -> list[str]:
    """Two axes that set the same option: one would win, and half of the points would be others."""
    wrong = []
    sets = {axis.name: {path for change in axis.changes for path in leaves(change)} for axis in found}
    for k, one in enumerate(found):
        for other in found[k + 1 :]:
            both = [p for p in sets[one.name] for q in sets[other.name] if p[: len(q)] == q or q[: len(p)] == p]
            if both:
                option = ".".join(map(str, min(both)))
                wrong.append(
                    f"{one.name} and {other.name} both set {option}: put what they set into one group of named arms"
                )
    return wrong


def leaves(change: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Options that a nested mapping sets.

    >>> list(leaves({"a": {"b": 1}, "c": 2}))
    [('a', 'b'), ('c',)]
    """
    for key, value in change.items():
        if isinstance(value, Mapping) and value:
            yield from leaves(value, (*path, str(key)))
        else:
            yield (*path, str(key))


def _same(found: Sequence[Point]) -> Iterator[str]:
    seen: dict[Hashable, Point] = {}
    for point in found:
        first = seen.setdefault(point.identity, point)
        if first is not point:
            yield f"{first.label} and {point.label} are the same run: take one of them out"
