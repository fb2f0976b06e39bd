"""Bundles: a potential on disk as one folder of safetensors and JSON. Nothing in it is ever unpickled.

``model.safetensors`` holds every tensor, buffers included, and E0 of every head in float64. ``model.json`` holds the rest:
format, adapter and its configuration, heads, references (kind, covariance, undetermined elements, label convention,
level of theory), licence of the weights, recipe, provenance, versions, and the hash of the tensors.
"""

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from transferkit.adapters.tensor_file import write_tensors
from transferkit.errors import CheckpointError, TransferkitError, UnknownAdapter
from transferkit.provenance import versions, weights_hash
from transferkit.typing import Json

if TYPE_CHECKING:
    from transferkit.adapters.potential import ReferencedPotential

FORMAT = 1
"""Of what :func:`write_bundle` writes; raised when an older reader would go wrong."""
INFO, TENSORS = "model.json", "model.safetensors"
ENTRIES: dict[str, type] = {
    "adapter": str,
    "config": dict,
    "heads": list,
    "references": list,
    "trainable_reference": bool,
    "licence": str,
    "tensors": dict,
    "sha256": str,
}
"""What a description cannot lack"""


def write_bundle(
    potential: "ReferencedPotential",
    folder: str | Path,
    *,
    recipe: Json | None = None,
    provenance: Json | None = None,
) -> Path:
    """Write a potential into a folder; what was there under these two names is replaced.

    Args:
        potential: with all its heads
        folder: made if needed
        recipe: that it came out of, resolved
        provenance: see :func:`transferkit.provenance.provenance`

    Returns:
        the folder

    >>> from transferkit.adapters.toy import Toy
    >>> sorted(path.name for path in write_bundle(Toy.load("demo"), "mine").iterdir())
    ['model.json', 'model.safetensors']
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    state, tensors = potential.state()
    tensors = {k: v.contiguous() for k, v in tensors.items()}
    adapter = potential.adapter
    info: Json = {
        "format": FORMAT,
        **state,
        "heads": list(adapter.heads),
        "licence": adapter.licence,
        "tensors": {"count": len(tensors), "sha256": weights_hash(tensors)},
        "versions": versions(adapter.package),
        "recipe": recipe,
        "provenance": provenance,
    }
    info = json.loads(json.dumps(info))  # as it will be read: keys are text
    info["sha256"] = description_hash(info)
    # The description goes last: a folder without one is no bundle, however far the writing had come.
    (folder / INFO).unlink(missing_ok=True)
    write_tensors(folder / TENSORS, tensors)
    (folder / INFO).write_text(json.dumps(info, indent=1))
    return folder


def open_bundle(path: str | Path) -> "ReferencedPotential":
    """Open a bundle, on the CPU and in its own dtype. No pickle is opened.

    Args:
        path: folder of a bundle, or of a run, which keeps its own in ``model/``

    Raises:
        CheckpointError: there is no bundle, it is of another format, damaged, or its tensors do not fit its description.
        UnknownAdapter: no adapter is called as it says.
        AdapterNotInstalled: the package of its adapter is missing.
        AdapterBroken: that package fails to import.

    >>> from transferkit.adapters.toy import Toy
    >>> _ = write_bundle(Toy.load("demo"), "mine")
    >>> open_bundle("mine").adapter.heads
    ('default',)
    """
    from transferkit.adapters.potential import ReferencedPotential
    from transferkit.adapters.registry import adapter_class

    folder = bundle_folder(path)
    info, tensors = read_info(folder), _tensors(folder)
    name = str(info["adapter"])
    try:
        adapter_class(name)
    except TransferkitError as error:  # it is known which bundle needs it
        advice = " Install the package that brings it." if isinstance(error, UnknownAdapter) else ""
        raise type(error)(f"{folder} holds a potential of adapter {name!r}. {error}{advice}") from error
    _check(folder, info, tensors)
    try:
        potential = ReferencedPotential.from_state(info, tensors)
    except (LookupError, TypeError, ValueError, RuntimeError) as error:
        reason = ("lacks " if isinstance(error, KeyError) else "") + str(error).strip().replace("\n", " ")
        raise CheckpointError(
            f"{folder}: its tensors do not fit what {INFO} says of adapter {name!r}: {reason}. It was written with "
            f"{_written_with(info)}; open it with these, or train again."
        ) from error
    potential.adapter.licence = str(info["licence"])
    return potential


def bundled_potential(
    adapter: str, path: str | Path, *, device: str = "cpu", dtype: torch.dtype = torch.float32
) -> "ReferencedPotential":
    """A bundle as the checkpoint that an adapter starts from.

    Args:
        adapter: name that was asked for
        path: see :func:`open_bundle`
        device: to compute on
        dtype: to compute in

    Raises:
        CheckpointError: the bundle belongs to another adapter, or the adapter does not compute in that dtype; and see
            :func:`open_bundle`.

    >>> from transferkit.adapters.toy import Toy
    >>> _ = write_bundle(Toy.load("demo"), "mine")
    >>> bundled_potential("toy", "mine").adapter.name
    'toy'
    """
    folder = bundle_folder(path)
    if (found := read_info(folder)["adapter"]) != adapter:
        raise CheckpointError(
            f"{folder} holds a potential of adapter {found!r}, and adapter {adapter!r} was asked for. Write {found} instead."
        )
    potential = open_bundle(folder)
    type(potential.adapter).check_dtype(dtype)
    return potential.to(device=device, dtype=dtype)


def is_bundle(path: str | Path) -> bool:
    """Whether a folder, or its ``model/``, holds a bundle or what is left of one.

    >>> is_bundle("no-such-folder")
    False
    """
    return any((Path(path) / sub / name).is_file() for sub in ("", "model") for name in (INFO, TENSORS))


def bundle_folder(path: str | Path) -> Path:
    """The folder itself, or ``model/`` in the folder of a run.

    Raises:
        CheckpointError: neither holds both files; says what is missing.
    """
    folder = Path(path)
    if not is_bundle(folder):
        what = (
            "holds no saved potential"
            if folder.is_dir()
            else "is not a folder"
            if folder.exists()
            else "does not exist"
        )
        raise CheckpointError(
            f"{folder} {what}: {INFO} and {TENSORS} missing. A run keeps its own in <run>/model; a comparison has one per "
            f"<variant>/seed-<k>."
        )
    if not any((folder / name).is_file() for name in (INFO, TENSORS)):
        folder = folder / "model"
    if missing := [name for name in (INFO, TENSORS) if not (folder / name).is_file()]:
        raise CheckpointError(f"{folder} is not complete: {missing[0]} missing. Copy both files, or train again.")
    return folder


def read_info(folder: Path) -> Json:
    """What ``model.json`` says, without the tensors.

    Raises:
        CheckpointError: it is not JSON of a format that this version reads.
    """
    try:
        info = json.loads((folder / INFO).read_text())
    except ValueError as error:
        raise CheckpointError(f"{folder / INFO} is damaged, it is not JSON: {error}. Copy it again.") from error
    found = info.get("format") if isinstance(info, dict) else None
    if found != FORMAT:
        advice = (
            "Update transferkit."
            if isinstance(found, int) and found > FORMAT
            else "Train again, or open it with the version that wrote it."
        )
        raise CheckpointError(f"{folder / INFO} has format {found!r}; this version reads format {FORMAT}. {advice}")
    if lacking := [name for name, kind in ENTRIES.items() if not isinstance(info.get(name), kind)]:
        raise CheckpointError(
            f"{folder / INFO} is damaged: its entry {lacking[0]!r} is missing or wrong. Copy it again."
        )
    if description_hash(info) != info["sha256"]:
        raise CheckpointError(
            f"{folder / INFO} was changed after it was written: its own hash differs. Copy it again, or change the "
            f"potential in Python and save it anew."
        )
    result: Json = info
    return result


def description_hash(info: Json) -> str:
    """Hash (sha256, hex) of what :data:`ENTRIES` names; recipe and provenance may be annotated.

    Args:
        info: as ``model.json`` has it

    >>> from transferkit.adapters.toy import Toy
    >>> info = read_info(write_bundle(Toy.load("demo"), "mine"))
    >>> description_hash(info) == info["sha256"]
    True
    """
    named = {name: info[name] for name in ENTRIES if name != "sha256"}
    return sha256(json.dumps(named, sort_keys=True).encode()).hexdigest()


def _tensors(folder: Path) -> dict[str, Tensor]:
    try:
        return load_file(folder / TENSORS)
    except (SafetensorError, OSError) as error:
        raise CheckpointError(
            f"{folder / TENSORS} is cut short or damaged: {error}. Copy it again, or train again."
        ) from error


def _check(folder: Path, info: Json, tensors: Mapping[str, Tensor]) -> None:
    if weights_hash(tensors) != info["tensors"].get("sha256"):
        raise CheckpointError(
            f"{folder}: the tensors of {TENSORS} are not those that {INFO} was written for; their hashes differ. The two "
            f"files belong to different potentials, or one was changed. Copy both again."
        )


def _written_with(info: Json) -> str:
    return ", ".join(f"{name} {version}" for name, version in info.get("versions", {}).items()) or "unknown versions"
