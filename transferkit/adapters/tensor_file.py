"""Write tensors to one safetensors file that others may read as they may read any other file of the user."""

from collections.abc import Mapping
from pathlib import Path

from safetensors.torch import save
from torch import Tensor


def write_tensors(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str] | None = None) -> None:
    """Write a safetensors file with the permissions that the umask gives, where ``save_file`` gives them to the owner alone.

    Args:
        path: of the file; one that is there is replaced
        tensors: contiguous, none sharing memory with another
        metadata: text for the file's header

    >>> import torch
    >>> write_tensors(Path("x.safetensors"), {"a": torch.zeros(2)})
    >>> Path("x.safetensors").exists()
    True
    """
    content = save(dict(tensors), None if metadata is None else dict(metadata))
    # a new file, never the old one cut short: open potentials may map it, and it may have other permissions
    path.unlink(missing_ok=True)
    path.write_bytes(content)
