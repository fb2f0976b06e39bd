"""What is wrong with ``vary``: every value and every arm is tried in its recipe, and every mistake gets its line."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from transferkit.errors import RecipeError, nearest
from transferkit.recipe import SHARED, Recipe, merge
from transferkit.recipe_mistakes import Mistake, all_options
from transferkit.recipe_yaml import OptionPath
from transferkit.vary import nested, points

Validate = Callable[[dict[str, Any], Collection[str] | None], tuple[Recipe | None, list[Mistake]]]
New = Callable[[dict[str, Any]], list[Mistake]]


def vary_mistakes(data: Mapping[str, Any], base: dict[str, Any], validate: Validate) -> list[Mistake]:
    """Mistakes in what varies, each at its place under ``vary``.

    Args:
        data: the recipe as it was written, dotted keys of arms taken apart
        base: the same without what belongs to a study or a comparison as a whole
        validate: gives the mistakes of a recipe; the second argument are the names that are valid at its top

    >>> vary_mistakes({"vary": {"seed": []}}, {}, lambda data, top: (None, []))[0].text
    'holds no value: give at least one'
    """
    vary = data.get("vary")
    if not isinstance(vary, Mapping):
        return []
    of_base = {(m.path, m.text) for m in validate(base, None)[1]}
    top = frozenset(Recipe.model_fields) - SHARED

    def new(changed: dict[str, Any]) -> list[Mistake]:
        """Mistakes that the recipe without the change does not have."""
        return [m for m in validate(changed, top)[1] if (m.path, m.text) not in of_base]

    found: list[Mistake] = []
    if not vary:
        found.append(Mistake(("vary",), "nothing varies: name an option and its values, e.g. seed: [0, 1, 2]"))
    for name, given in vary.items():
        if isinstance(given, Mapping):
            found += _arms(name, given, base, new)
        elif isinstance(given, list):
            found += _values(name, given, base, new)
    return found


def combination_mistakes(recipe: Recipe) -> list[Mistake]:
    """What only shows when the values are combined."""
    if recipe.vary is None:
        return []
    try:
        points(recipe)
    except RecipeError as error:
        return [Mistake(("vary",), line) for line in str(error).splitlines()]
    return []


def _values(name: str, given: list[Any], base: dict[str, Any], new: New) -> list[Mistake]:
    """A list: the values of one option."""
    path = ("vary", name)
    if not given:
        return [Mistake(path, "holds no value: give at least one")]
    keys = tuple(name.split("."))
    if keys[0] in SHARED:
        mend = ". Did you mean 'seed'?" if keys[0] == "seeds" else ""
        return [Mistake(path, f"{keys[0]} belongs to the study as a whole and cannot vary{mend}")]
    out: list[Mistake] = []
    seen: list[Any] = []
    for k, value in enumerate(given):
        if value in seen:
            out.append(Mistake((*path, k), f"{value!r} stands twice"))
        seen.append(value)
        for mistake in new(merge(base, nested(keys, value))):
            n = min(len(keys), len(mistake.path))
            if mistake.path[:n] == keys[:n] and len(mistake.path) > len(keys):
                out.append(Mistake((*path, k, *mistake.path[n:]), mistake.text))
            elif mistake.path == keys:
                whole = mistake.text.startswith("unknown option")
                out.append(Mistake(path if whole else (*path, k), _unknown(name, mistake.text)))
            elif mistake.path[:n] == keys[:n] and mistake.text.startswith("unknown option"):
                out.append(Mistake(path, _unknown(name, mistake.text)))
            else:
                out.append(Mistake((*path, k), f"{mistake.option}: {mistake.text}" if mistake.path else mistake.text))
    return [*dict.fromkeys(out)]


def _unknown(name: str, text: str) -> str:
    """The nearest option with its whole name, since that is what is written here."""
    if not text.startswith("unknown option"):
        return text
    known = {".".join(map(str, path)) for path in all_options() if path[0] not in SHARED}
    close = nearest(name, known).partition("Known:")[0].strip()
    return f"unknown option. {close or text.removeprefix('unknown option. ')}"


def _arms(name: str, given: Mapping[str, Any], base: dict[str, Any], new: New) -> list[Mistake]:
    """A mapping: named arms, each with the options in which it differs."""
    path: OptionPath = ("vary", name)
    if not given:
        return [Mistake(path, "holds no arm: give at least one")]
    if name in Recipe.model_fields:
        mend = f"{name}: [...] varies the option; for named arms take another name, e.g. arm"
        return [Mistake(path, f"{name} is an option, and a group of named arms cannot be called so. {mend}")]
    out: list[Mistake] = []
    for arm, change in given.items():
        if not isinstance(change, Mapping):
            continue  # the recipe as a whole says so
        out += [
            Mistake((*path, arm, key), f"{key} belongs to the study as a whole and cannot vary")
            for key in change
            if key in SHARED
        ]
        changed = {key: value for key, value in change.items() if key not in SHARED}
        out += [Mistake((*path, arm, *mistake.path), mistake.text) for mistake in new(merge(base, changed))]
    return out
