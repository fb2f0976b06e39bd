"""Which options of two recipes differ, by their dotted names, with both values."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from transferkit.errors import RecipeError
from transferkit.recipe import SHARED, Recipe
from transferkit.recipe_file import load_recipe

SHOWN = 8
"""Options that a message names; more are counted."""
LONGEST = 60
"""Characters of a value."""
NO_NUMBERS = SHARED | {"tracking"}
"""Options that change no number of a run, or that belong to a comparison or a study as a whole."""


def differing(old: Recipe, new: Recipe) -> list[str]:
    """Options in which two runs differ, each as ``option: old -> new``; those that change no number do not count.

    Args:
        old: as it was
        new: as it is

    >>> plain = {"name": "a", "data": {"source": "a", "fidelity": "PBE"}, "adapter": {"name": "toy"}}
    >>> one, other = (Recipe.model_validate(plain | {"training": {"steps": n}}) for n in (2, 3))
    >>> differing(one, other)
    ['training.steps: 2 -> 3']
    """
    plain = [recipe.model_dump(mode="json", exclude=set(NO_NUMBERS)) for recipe in (old, new)]
    for one in plain:
        one["adapter"].pop("trust", None)
    return list(_changes((), *plain))


def differences_from(folder: Path, recipe: Recipe) -> str:
    """How the recipe that a folder was run with differs from this one, as one clause; empty where that cannot be read.

    Args:
        folder: with ``recipe.yaml``
        recipe: to compare with
    """
    path = folder / "recipe.yaml"
    try:
        found = differing(load_recipe(path), recipe)
    except (RecipeError, OSError):  # an older version wrote it, or it is gone; then the hashes have to do
        return ""
    if not found:
        return (
            ""
            if recipe.adapter.checkpoint is None
            else f"adapter.checkpoint {recipe.adapter.checkpoint} holds other weights now"
        )
    more = f"; and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return f"{'; '.join(found[:SHOWN])}{more}"


def _changes(at: tuple[str, ...], old: Any, new: Any) -> Iterator[str]:
    if old == new:
        return
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in dict.fromkeys([*old, *new]):
            yield from _changes((*at, str(key)), old.get(key), new.get(key))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for k, (before, after) in enumerate(zip(old, new, strict=True)):
            yield from _changes((*at, str(k)), before, after)
    else:
        yield f"{'.'.join(at)}: {_shown(old)} -> {_shown(new)}"


def _shown(value: Any) -> str:
    text = (
        json.dumps(value, ensure_ascii=False) if value is None or isinstance(value, bool | list | dict) else str(value)
    )
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."
