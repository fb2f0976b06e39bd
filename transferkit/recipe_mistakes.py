"""Words for what is wrong with a recipe: the place, the option, the value, and the nearest valid one."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from transferkit.errors import nearest
from transferkit.recipe import Recipe, Variant
from transferkit.recipe_yaml import OptionPath

KINDS: Mapping[type, str] = {
    str: "text", bool: "true or false", int: "a whole number", float: "a number", list: "a list", dict: "a group of options",
    type(None): "nothing",
}  # fmt: skip

NOT_TRACKED = frozenset({"off", "false", "no", "none", "disabled", "disable", "null"})
"""What people write as ``tracking.wandb.mode`` to have none."""


@dataclass(frozen=True)
class Mistake:
    """One mistake.

    Attributes:
        path: keys and positions that lead to the option
        text: what is wrong and what would be right
    """

    path: OptionPath
    text: str

    @property
    def option(self) -> str:
        """Dotted name of the option."""
        return ".".join(str(key) for key in self.path)


def mistakes(errors: Iterable[ErrorDetails], data: Any, top: Collection[str] | None = None) -> list[Mistake]:
    """Translate what pydantic found in ``data``; several complaints about one value become one.

    Args:
        errors: of a ``ValidationError``
        data: what was validated
        top: names that are valid at the top level, if not those of a recipe

    >>> from pydantic import ValidationError
    >>> data = {"name": "x", "seed": "one"}
    >>> try:
    ...     Recipe.model_validate(data)
    ... except ValidationError as error:
    ...     found = mistakes(error.errors(), data)
    >>> found[0].option, found[0].text
    ('seed', "should be a whole number, and is 'one' (text)")
    """
    texts: dict[OptionPath, list[ErrorDetails]] = {}
    for error in errors:
        texts.setdefault(_path(error, data), []).append(error)
    # A value that may be a number or a group is no number where the group in it is wrong; nor is a list too short then.
    deepest = [
        p
        for p in texts
        if not any(
            q[: len(p)] == p and q != p
            for q in texts
            if texts[p][0]["type"] == "too_short"
            or (isinstance(texts[p][0]["input"], Mapping) and all(e["type"].endswith("_type") for e in texts[p]))
        )
    ]
    return [Mistake(path, _text(path, texts[path], data, top)) for path in deepest]


def _path(error: ErrorDetails, data: Any) -> OptionPath:
    """Where the user wrote it: without the tags that pydantic puts in for the members of a union."""
    path: list[str | int] = []
    for position, key in enumerate(error["loc"]):
        last = position == len(error["loc"]) - 1
        if _holds(data, key):
            data = data[key]
        elif not (last and error["type"] == "missing"):
            continue
        path.append(key)
    if error["type"].startswith("union_tag"):
        path.append("kind")
    return tuple(path)


def _holds(data: Any, key: str | int) -> bool:
    return (
        key in data
        if isinstance(data, Mapping)
        else isinstance(data, list) and isinstance(key, int) and key < len(data)
    )


def _text(path: OptionPath, errors: list[ErrorDetails], data: Any, top: Collection[str] | None) -> str:
    error = errors[0]
    kind, value = error["type"], error["input"]
    if kind in {"extra_forbidden", "missing"}:
        missing = f"is missing. {_description(path, data)}".rstrip()
        return missing if kind == "missing" else unknown_option(path, data, top)
    if kind in {"literal_error", "union_tag_invalid", "union_tag_not_found"} and len(errors) == 1:
        return _choice(error, path)
    if kind == "string_pattern_mismatch":
        return f"{_shown(path[-1] if error['loc'][-1] == '[key]' else value)} cannot name a folder; use letters, digits, '.', '_' and '-'"
    if all(e["type"].endswith(("_type", "_attributes_type")) or e["type"] == "literal_error" for e in errors):
        wanted = " or ".join(dict.fromkeys(_wanted(e) for e in errors))
        return f"should be {wanted}, and is {_shown(value)} ({KINDS.get(type(value), type(value).__name__)}){_remedy(errors, value)}"
    return _plain(error)


def _plain(error: ErrorDetails) -> str:
    """The message of the schema, with the value where that helps."""
    value = error["input"]
    if error["type"] == "too_short" and not value:
        return "is empty"
    message = error["msg"].removeprefix("Value error, ").replace("Input should", "should")
    if isinstance(value, Mapping | BaseModel):
        return message
    return f"{message} Given: {_shown(value)}" if message.endswith(".") else f"{message}, and is {_shown(value)}"


def unknown_option(path: OptionPath, data: Any, top: Collection[str] | None = None) -> str:
    """What to write instead of an option that does not exist here."""
    name = str(path[-1])
    group = group_at(path[:-1], data)
    known = top if top is not None and len(path) == 1 else tuple(group.model_fields if group else ())
    if name not in known and not get_close_matches(name, known):
        everywhere = list(all_options())
        close = get_close_matches(name, {str(p[-1]) for p in everywhere}, n=1)
        if elsewhere := [p for p in everywhere if [p[-1]] == close and p != path]:
            return (
                f"unknown option here. Did you mean {' or '.join('.'.join(str(key) for key in p) for p in elsewhere)}?"
            )
    return f"unknown option. {nearest(name, known)}"


def group_at(path: OptionPath, data: Any) -> type[BaseModel] | None:
    """Model of the group of options at a path, where there is one; ``data`` decides between kinds of strategy."""
    model: type[BaseModel] = Recipe
    for key in path:
        if isinstance(key, int):  # a place in a list of groups, which are all of one kind
            data = data[key] if isinstance(data, list) and key < len(data) else None
            continue
        option = model.model_fields.get(str(key))
        groups = [] if option is None else list(_groups(option.annotation))
        data = data.get(key) if isinstance(data, Mapping) else None
        if option is not None and option.discriminator:
            kind = data.get("kind") if isinstance(data, Mapping) else None
            groups = [g for g in groups if kind in get_args(g.model_fields["kind"].annotation)]
        if not groups:
            return None
        model = groups[0]
    return model


def _groups(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel) and annotation is not Variant:
        yield annotation
    for argument in get_args(annotation):
        yield from _groups(argument)


def all_options(model: type[BaseModel] = Recipe, path: OptionPath = ()) -> Iterator[OptionPath]:
    """Every option that a recipe can have; those of all kinds of strategy under one name, a list of groups as a whole."""
    for name, option in model.model_fields.items():
        yield (*path, name)
        for group in () if get_origin(option.annotation) is tuple else _groups(option.annotation):
            yield from all_options(group, (*path, name))


def _description(path: OptionPath, data: Any) -> str:
    group = group_at(path[:-1], data)
    option = group.model_fields.get(str(path[-1])) if group else None
    text = (option.description or "").split("\n")[0] if option else ""
    return re.sub(r":\w+:`~?([^`]*)`", r"\1", text).replace("``", "`")


def _choice(error: ErrorDetails, path: OptionPath) -> str:
    context = error.get("ctx", {})
    choices = re.findall(r"'([^']*)'", context.get("expected_tags", context.get("expected", "")))
    if error["type"] == "union_tag_not_found":
        return "kind is missing. Known: full, frozen, heads, gradual, from-scratch."
    value = context.get("tag", error["input"])
    if path[-2:] == ("wandb", "mode") and str(value).lower() in NOT_TRACKED:
        return f"{_shown(value)} is not a choice; to turn it off write `tracking: {{wandb: null}}`."
    return f"{_shown(value)} is not a choice. {nearest(str(value), choices)}"


def _wanted(error: ErrorDetails) -> str:
    kind = error["type"].removesuffix("_type").removesuffix("_attributes")
    if kind == "literal_error":
        return error["ctx"]["expected"]  # type: ignore[no-any-return]
    words = {
        "string": str,
        "bool": bool,
        "int": int,
        "float": float,
        "tuple": list,
        "list": list,
        "dict": dict,
        "model": dict,
    }
    return KINDS[words[kind]] if kind in words else error["msg"]


def _remedy(errors: list[ErrorDetails], value: Any) -> str:
    kind = errors[0]["type"]
    if kind == "string_type" and isinstance(value, int | float) and not isinstance(value, bool):
        return f'; put it in quotes: "{value}"'
    if kind == "bool_type":
        return "; only true and false are booleans here"
    if kind == "int_type" and isinstance(value, float) and value.is_integer():
        return f"; write {int(value)}"
    return ""


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
