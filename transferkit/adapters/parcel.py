"""Many small tensors to a GPU in one copy: packed into one pinned buffer, and taken apart on the other side.

A batch and its labels are some 25 tensors; each copy of its own costs the time of a launch, and from ordinary memory it also waits.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

import torch
from torch import Tensor

T = TypeVar("T")
ALIGNED = 16
"""Bytes: every tensor starts at a multiple, so that any dtype may be seen there."""


def send(item: T, device: torch.device | str) -> T:
    """The same thing with its tensors on another device; to a GPU all of them together, in one copy.

    Args:
        item: a tensor, or a dataclass, mapping or tuple of them, or of such things; anything else stays as it is
        device: to send it to

    >>> send((torch.ones(2), {"a": torch.zeros(1)}, 3.0), "cpu")
    (tensor([1., 1.]), {'a': tensor([0.])}, 3.0)
    """
    found: list[Tensor] = []

    def keep(tensor: Tensor) -> Tensor:
        found.append(tensor)
        return tensor

    _visit(item, keep)
    device = torch.device(device)
    if device.type == "cuda" and all(tensor.device.type == "cpu" for tensor in found):
        buffer, places = pack(found, pinned=True)
        moved = iter(unpack(buffer.to(device, non_blocking=True), found, places))
    else:
        moved = iter([tensor.to(device) for tensor in found])
    return _visit(item, lambda _: next(moved))  # type: ignore[no-any-return]


def pack(tensors: Sequence[Tensor], *, pinned: bool = False) -> tuple[Tensor, list[int]]:
    """All tensors as bytes behind each other, uint8, and where each starts."""
    places, end = [], 0
    for tensor in tensors:
        places.append(end)
        end += -(-tensor.numel() * tensor.element_size() // ALIGNED) * ALIGNED
    buffer = torch.empty(end, dtype=torch.uint8, pin_memory=pinned)
    for own, tensor in zip(unpack(buffer, tensors, places), tensors, strict=True):
        own.copy_(tensor)
    return buffer, places


def unpack(buffer: Tensor, like: Sequence[Tensor], places: Sequence[int]) -> list[Tensor]:
    """Tensors with dtypes and shapes of ``like`` that share the memory of ``buffer``."""
    return [
        buffer[start : start + tensor.numel() * tensor.element_size()].view(tensor.dtype).view(tensor.shape)
        for start, tensor in zip(places, like, strict=True)
    ]


def _visit(value: Any, change: Callable[[Tensor], Tensor]) -> Any:
    """The same value with every tensor in it changed, always in the same order."""
    if isinstance(value, Tensor):
        return change(value)
    if isinstance(value, Mapping):
        return {key: _visit(inner, change) for key, inner in value.items()}
    if isinstance(value, tuple):
        return tuple(_visit(inner, change) for inner in value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{f.name: _visit(getattr(value, f.name), change) for f in fields(value) if f.init})
    return value
