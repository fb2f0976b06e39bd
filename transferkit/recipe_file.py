"""Recipes from files: read, override, check everything, and report all mistakes at once."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from transferkit.adapters import registry
from transferkit.errors import RecipeError, nearest
from transferkit.recipe import SHARED, Recipe, merge
from transferkit.recipe_mistakes import Mistake, mistakes
from transferkit.recipe_override import override
from transferkit.recipe_yaml import Document, OptionPath, read_yaml
from transferkit.vary import STUDY, nested
from transferkit.vary_mistakes import combination_mistakes, vary_mistakes

COMMAND_LINE = "command line"
VARIANT = frozenset(Recipe.model_fields) - SHARED | {"label", "note"}
"""Options that a variant may set."""


def load_recipe(path: str | Path, overrides: Sequence[str] = ()) -> Recipe:
    """Read a recipe from a YAML file.

    Args:
        path: the file
        overrides: ``key=value`` with dotted keys, e.g. ``training.steps=20``, ``beside.0.ratio=2``; values are YAML

    Raises:
        RecipeError: the file is missing, empty or not YAML; or it holds mistakes, all of which are named with their
            line, the option, the value and the nearest valid spelling.
    """
    path = Path(path)
    document = _read(path)
    where: dict[OptionPath, str] = {key: f"line {line}" for key, line in document.lines.items()}
    found = [Mistake(key, text) for key, text in document.mistakes]
    data = document.data
    for text in overrides:
        data, paths, mistake = override(data, text)
        where.update(dict.fromkeys(paths, COMMAND_LINE))
        found += [mistake] if mistake else []
    data = _expand_dotted(data, where)
    recipe, more = _check(data)
    found += more
    if found or recipe is None:
        raise RecipeError(_report(path, found, where, len(document.mistakes)))
    return recipe


def recipe_of(given: Recipe | str | Path) -> Recipe:
    """A recipe as it is, or read from its file.

    Raises:
        RecipeError: as of :func:`load_recipe`.
    """
    return given if isinstance(given, Recipe) else load_recipe(given)


def _read(path: Path) -> Document:
    if not path.is_file():
        kind = "is a folder" if path.is_dir() else "does not exist"
        others = [p.name for p in path.parent.glob("*.y*ml")] if path.parent.is_dir() else []
        others = [name for name in others if name != path.name]
        hint = f" {nearest(path.name, others)}" if others else " Give a YAML file."
        raise RecipeError(f"recipe {str(path)!r} {kind}.{hint}")
    try:
        document = read_yaml(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise RecipeError(f"recipe {str(path)!r} is not UTF-8 text: {error.reason} at byte {error.start}") from error
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise RecipeError(f"recipe {str(path)!r} is not YAML. {line}{error.problem}") from error
    except yaml.YAMLError as error:
        raise RecipeError(f"recipe {str(path)!r} is not YAML. {error}") from error
    if not isinstance(document.data, dict):
        what = "is empty" if document.data is None else "is not a list of 'option: value' lines"
        raise RecipeError(f"recipe {str(path)!r} {what}. Start from one of the files in recipes/.")
    return document


def _expand_dotted(data: dict[str, Any], where: dict[OptionPath, str]) -> dict[str, Any]:
    """In a variant or an arm, ``strategy.kind: full`` stands for ``strategy: {kind: full}``."""
    out = dict(data)
    if isinstance(arms := data.get("compare"), Mapping):
        out["compare"] = _expanded(arms, ("compare",), where)
    if isinstance(vary := data.get("vary"), Mapping):
        out["vary"] = {
            name: _expanded(given, ("vary", name), where) if isinstance(given, Mapping) else given
            for name, given in vary.items()
        }
    return out


def _expanded(arms: Mapping[str, Any], at: OptionPath, where: dict[OptionPath, str]) -> dict[str, Any]:
    expanded: dict[str, Any] = {}
    for name, arm in arms.items():
        expanded[name] = {} if arm is None else arm
        if not isinstance(arm, Mapping):
            continue
        plain: dict[str, Any] = {}
        for key, value in arm.items():
            parts = tuple(str(key).split("."))
            plain = merge(plain, nested(parts, value))
            for i in range(1, len(parts) + 1):
                where.setdefault((*at, name, *parts[:i]), where.get((*at, name, key), ""))
        expanded[name] = plain
    return expanded


def _check(data: dict[str, Any]) -> tuple[Recipe | None, list[Mistake]]:
    """Validate the recipe itself and every variant of it."""
    recipe, found = _validate(data, None)
    plain = {key: value for key, value in data.items() if key not in STUDY}
    plain.setdefault("strategy", {"kind": "full"})
    arms = data.get("compare")
    seen = {m.path for m in found}
    arms = arms if isinstance(arms, Mapping) else {}
    if recipe is None and isinstance(chosen := data.get("baseline"), str) and chosen not in arms:
        # the recipe as a whole complains of it too, unless it has other mistakes
        found = [m for m in found if m.path or not m.text.startswith("baseline ")]
        found.append(Mistake(("baseline",), f"{chosen!r} is not a variant. {nearest(chosen, arms)}"))
    for name, arm in arms.items():
        if not isinstance(arm, Mapping):
            continue
        changed = {key: value for key, value in arm.items() if key not in {"label", "note"} | SHARED}
        for mistake in _validate(merge(plain, changed), VARIANT)[1]:
            if mistake.path not in seen or _sets(arm, mistake.path):
                found.append(Mistake(("compare", name, *mistake.path), mistake.text))
    varied = vary_mistakes(data, plain, _validate)
    if recipe is not None and not found and not varied:
        varied = combination_mistakes(recipe)
    return recipe, found + varied


def _sets(arm: Any, path: OptionPath) -> bool:
    """Whether a variant itself gives the option at a path, rather than taking it from the recipe."""
    for key in path:
        if not (isinstance(arm, Mapping) and key in arm):
            return False
        arm = arm[key]
    return True


def _validate(data: dict[str, Any], top: Collection[str] | None) -> tuple[Recipe | None, list[Mistake]]:
    found: list[Mistake] = []
    recipe = None
    try:
        recipe = Recipe.model_validate(data)
    except ValidationError as error:
        found = mistakes(error.errors(include_url=False), data, top)
    group = data.get("adapter")
    name = group.get("name") if isinstance(group, Mapping) else None
    known = registry.names()
    if isinstance(name, str) and name not in known:
        found.append(Mistake(("adapter", "name"), f"no adapter is called {name!r}. {nearest(name, known)}"))
    return recipe, found


def _report(path: Path, found: Iterable[Mistake], where: Mapping[OptionPath, str], of_file: int) -> str:
    """All mistakes in one text; the first ``of_file`` of them stand in the file, whatever the command line says."""
    lines = []
    for k, mistake in enumerate(found):
        place = _place(mistake.path, where, below=k >= of_file)
        number = int(place.removeprefix("line ")) if place.startswith("line ") else 10**9
        # what concerns the whole recipe has no line and no option of its own
        head = f"{place}, {mistake.option}" if mistake.path else "the recipe as a whole"
        lines.append((number, mistake.option, f"  {head}: {mistake.text}"))
    count = f"{len(lines)} mistakes" if len(lines) > 1 else "a mistake"
    return "\n".join([f"recipe {str(path)!r} has {count}:", *(text for _, _, text in sorted(lines))])


def _place(path: OptionPath, where: Mapping[OptionPath, str], *, below: bool) -> str:
    """Where an option was written; with ``below``, on the command line where any option of its group was."""
    if below and path and any(place == COMMAND_LINE and at[: len(path)] == path for at, place in where.items()):
        return COMMAND_LINE
    return next((where[path[:n]] for n in range(len(path), -1, -1) if path[:n] in where), "")
