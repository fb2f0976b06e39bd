"""Checkpoints on disk: safetensors and JSON, never a pickle, never half written.

``checkpoint/step-<n>/`` appears by one rename after its files are on disk, and the one before goes away only then. A
process may be killed at any moment and leaves one complete checkpoint behind, which holds the last and the best weights.
"""

import json
import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from transferkit.errors import CheckpointError, RunFolderError
from transferkit.typing import Json

FORMAT = 1
PREFIX = "step-"


def save(folder: Path, step: int, info: Json, tensors: Mapping[str, Tensor]) -> Path:
    """Write a checkpoint and drop older ones.

    Args:
        folder: ``checkpoint`` folder of a run; made if needed
        step: optimiser steps done
        info: JSON object; numbers come back to the digit
        tensors: written from CPU copies
    """
    target = folder / f"{PREFIX}{step:09d}"
    draft = folder / f".draft-{os.getpid()}"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    plain = {k: v.detach().cpu().contiguous().clone() for k, v in tensors.items()}
    save_file(plain, draft / "state.safetensors")
    (draft / "state.json").write_text(json.dumps({"format": FORMAT, **info}))
    for path in (*draft.iterdir(), draft):
        _to_disk(path)
    draft.rename(target)
    _to_disk(folder)
    for old in _all(folder):
        if old != target:
            shutil.rmtree(old, ignore_errors=True)
    for left in folder.glob(".draft-*"):  # of processes that were killed while writing
        shutil.rmtree(left, ignore_errors=True)
    return target


def load(folder: Path) -> tuple[Json, dict[str, Tensor]] | None:
    """The newest checkpoint, or None where there is none.

    Raises:
        CheckpointError: it is unreadable, or of another format.
    """
    found = _all(folder)
    if not found:
        return None
    path = found[-1]
    try:
        info: Json = json.loads((path / "state.json").read_text())
        tensors = load_file(path / "state.safetensors")
    except (OSError, ValueError, SafetensorError) as error:
        raise CheckpointError(
            f"checkpoint {path} cannot be read: {error}. Remove that folder to start over."
        ) from error
    if info.get("format") != FORMAT:
        raise CheckpointError(
            f"checkpoint {path} has format {info.get('format')!r}; this version reads {FORMAT}. "
            f"Continue with the version that wrote it, or remove that folder to start over."
        )
    return info, tensors


def claim(folder: Path, identity: str, *, resume: bool) -> None:
    """Make sure that a folder holds nothing of another run; without ``resume``, drop what this run left there.

    Raises:
        RunFolderError: the folder holds a checkpoint of another run; both are named.
    """
    for path in _all(folder):
        try:
            owner = json.loads((path / "state.json").read_text()).get("identity")
        except (OSError, ValueError) as error:
            raise CheckpointError(f"checkpoint {path} cannot be read: {error}. Remove it to start over.") from error
        if owner != identity:
            raise RunFolderError(
                f"{folder} holds a checkpoint of run {owner!r}, but this is run {identity!r}{_what_changed(owner, identity)}. "
                f"Choose another output folder, or remove that one."
            )
        if not resume:
            shutil.rmtree(path)


def _what_changed(old: object, new: str) -> str:
    """Names made of a hash of the recipe and hashes of data, joined by "-", say which of the two changed."""
    (recipe, *data), (own, *others) = str(old).split("-"), new.split("-")
    if not (data and others and all(re.fullmatch("[0-9a-f]{16}", one) for one in (recipe, own))):
        return ""
    return (
        ": the same options, but other data, so a data file has changed since" if recipe == own else ": other options"
    )


def _all(folder: Path) -> list[Path]:
    """Complete checkpoints, oldest first."""
    return sorted(folder.glob(f"{PREFIX}*"))


def _to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def pick(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Tensors whose name starts with ``prefix.``, under the rest of their names.

    >>> import torch
    >>> pick({"model.w": torch.zeros(1), "best.w": torch.ones(1)}, "best")
    {'w': tensor([1.])}
    """
    return {k.removeprefix(f"{prefix}."): v for k, v in tensors.items() if k.startswith(f"{prefix}.")}
