"""YAML as recipes need it: every value with its line, and no surprises for chemists.

PyYAML follows YAML 1.1, where ``No`` and ``NO`` are false, ``1e-4`` is text, ``1:30`` is ninety and ``012`` is ten.
Here only ``true`` and ``false`` are booleans, ``1e-4`` is a number, and the rest is text or decimal (YAML 1.2, core schema).
"""

import re
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any

import yaml

OptionPath = tuple[str | int, ...]


class _Loader(yaml.SafeLoader):
    """SafeLoader with the resolvers below instead of its own."""


_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("bool", r"^(?:true|false)$", "tf"),
    ("null", r"^(?:null|~|)$", ["n", "~", ""]),
    ("int", r"^[-+]?[0-9]+$", "-+0123456789"),
    ("float", r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$", "-+.0123456789"),
    ("float", r"^(?:[-+]?\.inf|\.nan)$", "-+."),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), list(_first))

_SCALARS: dict[str, Callable[[str], Any]] = {
    "tag:yaml.org,2002:str": str,
    "tag:yaml.org,2002:bool": {"true": True, "false": False}.__getitem__,
    "tag:yaml.org,2002:null": lambda _: None,
    "tag:yaml.org,2002:int": int,
    "tag:yaml.org,2002:float": lambda text: float(text.replace(".inf", "inf").replace(".nan", "nan")),
}

_COLLECTIONS = {"tag:yaml.org,2002:seq", "tag:yaml.org,2002:map"}


@dataclass
class Document:
    """What a YAML text says, and where.

    Attributes:
        data: mappings, lists, text, numbers, booleans and None
        lines: line of every value, counted from 1, by the path of keys and positions that leads to it
        mistakes: (path, message) of what YAML would let pass: doubled keys and tags
    """

    data: Any = None
    lines: dict[OptionPath, int] = field(default_factory=dict)
    mistakes: list[tuple[OptionPath, str]] = field(default_factory=list)


def read_yaml(text: str) -> Document:
    r"""Read one YAML document.

    Raises:
        yaml.YAMLError: the text is not YAML.

    >>> read_yaml("elements: [Y, N, No]\nrate: 1e-4\n").data
    {'elements': ['Y', 'N', 'No'], 'rate': 0.0001}
    >>> read_yaml("a:\n  b: 1\n").lines[("a", "b")]
    2
    """
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
    finally:
        loader.dispose()
    document = Document()
    if node is not None:
        document.data = _value(node, (), document, ())
    return document


def _value(node: yaml.Node, path: OptionPath, document: Document, inside: tuple[int, ...]) -> Any:
    """Value of a node; ``inside`` holds the nodes around it, so that an alias to one of them is seen."""
    if not (path and path in document.lines):
        document.lines[path] = node.start_mark.line + 1
    if id(node) in inside:
        document.mistakes.append((path, "an alias (*) that stands inside its own anchor (&)"))
        return None
    if node.tag not in {*_SCALARS, *_COLLECTIONS}:
        document.mistakes.append((path, f"the tag {node.tag!r}; recipes have none"))
        return None
    inside = (*inside, id(node))
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, path, document, inside)
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, (*path, i), document, inside) for i, item in enumerate(node.value)]
    try:
        return _SCALARS[node.tag](node.value)
    except (KeyError, ValueError):  # only where a tag insists on a type, as in "!!int x"
        document.mistakes.append((path, f"{node.value!r} does not fit its tag {node.tag!r}; recipes have no tags"))
        return None


def _mapping(
    node: yaml.MappingNode, path: OptionPath, document: Document, inside: tuple[int, ...]
) -> dict[Hashable, Any]:
    out: dict[Hashable, Any] = {}
    for key_node, value_node in node.value:
        if not isinstance(key_node, yaml.ScalarNode):
            document.mistakes.append((path, "a key that is a list or a mapping"))
            continue
        key = str(key_node.value)
        line = key_node.start_mark.line + 1
        if key in out:
            first = document.lines[(*path, key)]
            document.mistakes.append(((*path, key), f"given twice, in lines {first} and {line}; keep one"))
        document.lines[(*path, key)] = line
        out[key] = _value(value_node, (*path, key), document, inside)
    return out
