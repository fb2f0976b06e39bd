"""What potentials are there: one JSON object per registered adapter, also for those that are not installed."""

from importlib.metadata import PackageNotFoundError, version

from transferkit.adapters.registry import adapter_class, entry, names
from transferkit.errors import AdapterBroken, AdapterNotInstalled
from transferkit.typing import Json


def overview() -> list[Json]:
    """Every registered adapter, sorted by name.

    Returns:
        ``name``, ``installed``, ``problem`` (why it cannot be used, or null), ``version`` of the wrapped package,
        ``properties``, and ``checkpoints`` with ``name``, number of ``elements``, ``heads``, ``cutoff_A``, ``licence``.

    >>> [a["installed"] for a in overview() if a["name"] == "toy"]
    [True]
    """
    return [_adapter(name) for name in names()]


def _adapter(name: str) -> Json:
    out: Json = {
        "name": name,
        "installed": False,
        "problem": None,
        "version": _version(name),
        "properties": [],
        "checkpoints": [],
    }
    try:
        cls = adapter_class(name)
    except (AdapterNotInstalled, AdapterBroken) as error:
        return out | {"problem": str(error)}
    rows = []
    for checkpoint in cls.checkpoints():
        network = cls.load(checkpoint).adapter
        rows.append(
            {
                "name": checkpoint,
                "elements": len(network.elements),
                "heads": list(network.heads),
                "cutoff_A": network.cutoff,
                "licence": network.licence,
            }
        )
    return out | {"installed": True, "properties": sorted(cls.capabilities.properties), "checkpoints": rows}


def _version(name: str) -> str:
    """Version of the wrapped package, which adapters are named after; else of the package that brings the adapter."""
    try:
        return version(name)
    except PackageNotFoundError:
        distribution = entry(name).dist
        return "" if distribution is None else distribution.version
