"""transferkit: transfer learning for universal machine-learning interatomic potentials.

Public names are resolved on first use (PEP 562); importing transferkit imports nothing heavy.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_PUBLIC = {
    "read": "transferkit.data.readers",
    "bundled": "transferkit.data.bundled",
    "split": "transferkit.data.split",
    "Structures": "transferkit.data.structures",
    "describe": "transferkit.data.describe",
    "ElementalReference": "transferkit.reference.elemental",
    "fit_reference": "transferkit.reference.fit",
    "functional_gap": "transferkit.reference.gap",
    "load": "transferkit.pipeline",
    "scratch": "transferkit.pipeline",
    "rereference": "transferkit.pipeline",
    "finetune": "transferkit.pipeline",
    "evaluate": "transferkit.pipeline",
    "run": "transferkit.pipeline",
}

__all__ = [*sorted(_PUBLIC)]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used."""
    if name not in _PUBLIC:
        raise AttributeError(f"module 'transferkit' has no attribute {name!r}")
    value = getattr(import_module(_PUBLIC[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List public names for completion."""
    return sorted([*_PUBLIC, "__version__"])


if TYPE_CHECKING:
    from transferkit.data.bundled import bundled
    from transferkit.data.describe import describe
    from transferkit.data.readers import read
    from transferkit.data.split import split
    from transferkit.data.structures import Structures
    from transferkit.pipeline import evaluate, finetune, load, rereference, run, scratch
    from transferkit.reference.elemental import ElementalReference
    from transferkit.reference.fit import fit_reference
    from transferkit.reference.gap import functional_gap
