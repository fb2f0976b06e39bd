"""Adapters by name, through the entry-point group ``transferkit.adapters``; nothing is imported until asked for."""

from importlib.metadata import EntryPoint, entry_points, metadata
from typing import TYPE_CHECKING

from transferkit.errors import AdapterBroken, AdapterNotInstalled, UnknownAdapter, nearest

if TYPE_CHECKING:
    from transferkit.adapters.base import Adapter

GROUP = "transferkit.adapters"


def names() -> tuple[str, ...]:
    """Registered names, sorted; a third party's adapter is an equal."""
    return tuple(sorted({entry.name for entry in entry_points(group=GROUP)}))


def entry(name: str) -> EntryPoint:
    """Entry point of an adapter.

    Raises:
        UnknownAdapter: no adapter is called so; names the nearest.
    """
    found = {e.name: e for e in entry_points(group=GROUP)}
    if name not in found:
        raise UnknownAdapter(f"No adapter is called {name!r}. {nearest(name, found)}")
    return found[name]


def adapter_class(name: str) -> "type[Adapter]":
    """The class of an adapter, imported now.

    Raises:
        UnknownAdapter: no adapter is called so.
        AdapterNotInstalled: the package that it wraps is missing.
        AdapterBroken: that package is installed, but fails to import.
    """
    point = entry(name)
    try:
        loaded: type[Adapter] = point.load()
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("transferkit"):
            raise
        message = f"Adapter {name!r} needs the package {error.name!r}, which is not installed. Run: {_install(point)}"
        raise AdapterNotInstalled(message) from error
    except Exception as error:  # a broken package raises anything: OSError for a library, AttributeError for a version
        raise AdapterBroken(
            f"Adapter {name!r} is installed but fails to import: {type(error).__name__}: {error}"
        ) from error
    return loaded


def _install(point: EntryPoint) -> str:
    """The command that installs what an adapter wraps: an extra where its distribution has one of that name."""
    owner = point.dist.name if point.dist is not None else "transferkit"
    extras = metadata(owner).get_all("Provides-Extra") or []
    return f"pip install '{owner}[{point.name}]'" if point.name in extras else f"pip install --force-reinstall {owner}"
