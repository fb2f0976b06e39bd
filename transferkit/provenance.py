"""Where numbers come from: hashes of recipe, data and weights, and the versions of everything that computed them."""

import platform
from collections.abc import Mapping
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

import numpy as np

from transferkit.recipe import Recipe, identity
from transferkit.typing import Json

if TYPE_CHECKING:
    from transferkit.data.structures import Structures

PACKAGES = ("transferkit", "torch", "numpy", "scipy", "scikit-learn", "ase", "pymatgen", "spglib", "pyarrow", "pandas")
"""Those whose version can change a number."""


def versions(*more: str) -> dict[str, str]:
    """Versions of Python, of :data:`PACKAGES` and of ``more``, without importing them; absent ones are left out.

    >>> versions("no-such-package")["transferkit"]
    '0.1.0'
    """
    found = {"python": platform.python_version()}
    for name in (*PACKAGES, *more):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def weights_hash(tensors: Mapping[str, Any]) -> str:
    """Content hash (sha256, hex) of named tensors on the CPU: names, shapes, dtypes, values, in any order.

    >>> a, b = np.zeros(3), np.ones((2, 2))
    >>> weights_hash({"a": a, "b": b}) == weights_hash({"b": b, "a": a})
    True
    """
    digest = sha256()
    for name in sorted(tensors):
        values = np.ascontiguousarray(tensors[name])
        digest.update(f"{name}|{values.dtype.str}|{values.shape}|".encode() + values.tobytes())
    return digest.hexdigest()


def provenance(
    recipe: Recipe, data: "Structures", *, weights: Mapping[str, Any] | None = None, package: str | None = None
) -> Json:
    """What must be known to compute a run again, as a JSON object without names of machines or folders.

    Args:
        recipe: the resolved recipe of one run
        data: all labelled structures that it read
        weights: tensors of the pre-trained potential, on the CPU
        package: distribution that the adapter wraps, where it is not called like the adapter

    Returns:
        ``recipe`` (hash), ``seed``, ``data`` (source, fidelity, convention, structures, hash), ``adapter`` (name,
        checkpoint, hash of the weights), ``versions``, ``platform`` (system, processor, Python implementation).
    """
    return {
        "recipe": identity(recipe),
        "seed": recipe.seed,
        "data": {
            "source": recipe.data.source.rsplit("/", 1)[-1],
            "fidelity": data.fidelity,
            "label_convention": data.label_convention,
            "structures": len(data),
            "hash": data.hash,
        },
        "adapter": {
            "name": recipe.adapter.name,
            "checkpoint": recipe.adapter.checkpoint,
            "hash": None if weights is None else weights_hash(weights),
        },
        "versions": versions(package or recipe.adapter.name),
        "platform": {
            "system": platform.system(),
            "machine": platform.machine(),
            "implementation": platform.python_implementation(),
        },
    }
