"""Which potentials there are, and what each can do: the table of ``transferkit adapters``."""

from importlib.metadata import PackageNotFoundError, version

from transferkit.adapters.registry import adapter_class, names
from transferkit.errors import AdapterBroken, AdapterNotInstalled
from transferkit.typing import Json


def overview() -> list[Json]:
    """One entry per registered adapter; one that is missing or broken says why instead of hiding.

    Returns:
        objects {"name", "installed", "problem", "package", "version", "properties", "dtypes", "presets",
        "checkpoints": [{"name", "elements": count, "heads", "licence"}]}

    >>> [(c["name"], c["elements"]) for a in overview() if a["name"] == "toy" for c in a["checkpoints"]]
    [('demo', 94)]
    """
    return [_entry(name) for name in names()]


def _entry(name: str) -> Json:
    blank: Json = {"name": name, "installed": False, "problem": None, "package": None, "version": None}
    blank |= {"properties": [], "dtypes": [], "presets": [], "checkpoints": []}
    try:
        adapter = adapter_class(name)
    except (AdapterNotInstalled, AdapterBroken) as error:
        return blank | {"problem": str(error)}
    checkpoints = []
    for checkpoint in adapter.checkpoints():
        loaded = adapter.load(checkpoint).adapter
        checkpoints.append(
            {
                "name": checkpoint,
                "elements": len(loaded.elements),
                "heads": list(loaded.heads),
                "licence": loaded.licence,
            }
        )
    return blank | {
        "installed": True,
        "package": adapter.package,
        "version": _version(adapter.package),
        "properties": sorted(adapter.capabilities.properties),
        "dtypes": sorted(str(d).removeprefix("torch.") for d in adapter.capabilities.dtypes),
        "presets": sorted(adapter.presets),
        "checkpoints": checkpoints,
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
