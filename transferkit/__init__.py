"""transferkit: transfer learning for universal machine-learning interatomic potentials.

Public names are resolved on first use (PEP 562); importing transferkit imports nothing heavy.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_PUBLIC = {
    "read": "transferkit.data.readers",
    "from_ase": "transferkit.data.readers",
    "from_pymatgen": "transferkit.data.readers",
    "convert_convention": "transferkit.data.convention",
    "bundled": "transferkit.data.bundled",
    "split": "transferkit.data.split",
    "Structures": "transferkit.data.structures",
    "describe": "transferkit.data.describe",
    "ElementalReference": "transferkit.reference.elemental",
    "fit_reference": "transferkit.reference.fit",
    "functional_gap": "transferkit.reference.gap",
    "load": "transferkit.api",
    "open_bundle": "transferkit.adapters.bundle",
    "scratch": "transferkit.api",
    "rereference": "transferkit.api",
    "finetune": "transferkit.api",
    "evaluate": "transferkit.api",
    "nve_stability": "transferkit.evaluation.dynamics",
    "run": "transferkit.pipeline",
    "study": "transferkit.studies.drive",
    "fit_power_law": "transferkit.scaling.power_law",
    "compare_curves": "transferkit.scaling.gain",
    "fit_mixed_law": "transferkit.scaling.mixed_law",
    "plan_mix": "transferkit.scaling.planner",
    "compare_features": "transferkit.analysis.representation",
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
    from transferkit.adapters.bundle import open_bundle as open_bundle
    from transferkit.analysis.representation import compare_features as compare_features
    from transferkit.api import evaluate as evaluate
    from transferkit.api import finetune as finetune
    from transferkit.api import load as load
    from transferkit.api import rereference as rereference
    from transferkit.api import scratch as scratch
    from transferkit.data.bundled import bundled as bundled
    from transferkit.data.convention import convert_convention as convert_convention
    from transferkit.data.describe import describe as describe
    from transferkit.data.readers import from_ase as from_ase
    from transferkit.data.readers import from_pymatgen as from_pymatgen
    from transferkit.data.readers import read as read
    from transferkit.data.split import split as split
    from transferkit.data.structures import Structures as Structures
    from transferkit.evaluation.dynamics import nve_stability as nve_stability
    from transferkit.pipeline import run as run
    from transferkit.reference.elemental import ElementalReference as ElementalReference
    from transferkit.reference.fit import fit_reference as fit_reference
    from transferkit.reference.gap import functional_gap as functional_gap
    from transferkit.scaling.gain import compare_curves as compare_curves
    from transferkit.scaling.mixed_law import fit_mixed_law as fit_mixed_law
    from transferkit.scaling.planner import plan_mix as plan_mix
    from transferkit.scaling.power_law import fit_power_law as fit_power_law
    from transferkit.studies.drive import study as study
