"""``option=value`` beside a recipe, e.g. on the command line: where it leads, and the recipe with it."""

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from transferkit.recipe import merge
from transferkit.recipe_mistakes import Mistake
from transferkit.recipe_yaml import OptionPath, read_yaml
from transferkit.vary import nested


def override(data: Mapping[str, Any], text: str) -> tuple[dict[str, Any], tuple[OptionPath, ...], Mistake | None]:
    """A recipe's content with one option set; groups are merged, and a number counts the entries of a list from 0.

    Args:
        data: the content, which stays as it is
        text: ``option=value``, dotted keys and a value in YAML

    Returns:
        (the content with it; the options that it sets; what is wrong with it, and then the content is as it was).

    >>> override({"beside": [{"ratio": 1}, {"ratio": 1}]}, "beside.1.ratio=2")[0]
    {'beside': [{'ratio': 1}, {'ratio': 2}]}
    """
    option, equals, value = text.partition("=")
    keys = tuple(option.strip().split("."))
    if not equals or not all(keys):
        what = f"{text!r} should be an override of the form option=value, e.g. training.steps=20"
        return dict(data), (keys,), Mistake(keys, what)
    try:
        parsed = read_yaml(value)
    except yaml.YAMLError:
        return dict(data), (keys,), Mistake(keys, f"{value!r} is not YAML")
    path = _path(data, keys)
    if isinstance(path, Mistake):
        return dict(data), (keys,), path
    paths = dict.fromkeys([path, *((*path, *below) for below in parsed.lines)])
    return _put(data, path, parsed.data), tuple(paths), None


def _path(data: Mapping[str, Any], keys: Sequence[str]) -> OptionPath | Mistake:
    """The keys, those into lists as numbers; a mistake where a list has no such entry."""
    path: list[str | int] = []
    here: Any = data
    for key in keys:
        if isinstance(here, list):
            if not (key.isdecimal() and int(key) < len(here)):
                list_ = ".".join(map(str, path))
                entries = f"entries 0 to {len(here) - 1}" if here else "no entries; give the whole list"
                return Mistake(tuple(keys), f"{list_} is a list and has {entries}; {key!r} is none of them")
            path.append(int(key))
            here = here[int(key)]
        else:
            path.append(key)
            here = here.get(key) if isinstance(here, Mapping) else None
    return tuple(path)


def _put(data: Mapping[str, Any], path: OptionPath, value: object) -> dict[str, Any]:
    """A copy with the value at a path; the lists on the path are copied with one entry changed."""
    depth = next((i for i, key in enumerate(path) if isinstance(key, int)), None)
    if depth is None:
        return merge(data, nested([str(key) for key in path], value))
    above, number, below = [str(key) for key in path[:depth]], path[depth], path[depth + 1 :]
    entries: Any = data
    for key in above:
        entries = entries[key]
    changed = [_entry(old, below, value) if i == number else old for i, old in enumerate(entries)]
    return merge(data, nested(above, changed))


def _entry(old: object, below: OptionPath, value: object) -> object:
    if not isinstance(old, Mapping):
        return nested([str(key) for key in below], value)
    if below:
        return _put(old, below, value)
    return merge(old, value) if isinstance(value, Mapping) else value
