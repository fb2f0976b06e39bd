"""Heads in and out of MACE's files: there, all heads share one tensor and a mask; here, each head is a module of its own.

A readout of H heads with M hidden channels each is normalised for H M inputs, which is where the factors come from.
"""

from collections.abc import Mapping, Sequence
from math import prod, sqrt

import torch
from torch import Tensor

from transferkit.errors import CheckpointError

MASKED = ("linear_mid.weight", "linear_2.weight")
"""Weights that upstream applies to the hidden channels of all heads, those of other heads set to zero"""
SCALE, SHIFT = "scale_shift.scale", "scale_shift.shift"


def split(weights: Mapping[str, Tensor], n: int, hidden: int) -> list[dict[str, Tensor]]:
    """Tensors of each head by our names, from those of an upstream model with ``n`` heads by its names.

    Args:
        weights: of the whole model
        n: number of heads
        hidden: channels of a head's hidden layers

    Raises:
        CheckpointError: a tensor does not have one part per head.

    >>> two = {"readouts.0.linear.weight": torch.tensor([1.0, 10.0, 2.0, 20.0])}
    >>> [h["readouts.0.linear.weight"].tolist() for h in split(two, 2, hidden=16)]
    [[1.0, 2.0], [10.0, 20.0]]
    """
    heads: list[dict[str, Tensor]] = [{} for _ in range(n)]
    for name, tensor in weights.items():
        if name.startswith("readouts.") and name.endswith((".weight", ".bias")) and tensor.numel():
            try:
                table = tensor.reshape(_shape(name, n, hidden))
            except RuntimeError as error:
                raise CheckpointError(
                    f"this MACE has {n} heads, and {name} has no equal part for each: {error}"
                ) from error
            for k, head in enumerate(heads):
                head[name] = (_part(name, table, k) / _factor(name, n)).flatten().clone()
    for k, head in enumerate(heads):
        head["scale"] = _row(weights.get(SCALE, torch.ones((), dtype=torch.float64)), n, k, "scale")
        head["shift"] = _row(weights.get(SHIFT, torch.zeros((), dtype=torch.float64)), n, k, "shift")
    return heads


def merge(heads: Sequence[Mapping[str, Tensor]], hidden: int) -> dict[str, Tensor]:
    """The inverse of :func:`split`: tensors by upstream's names, zero where one head would read another's.

    >>> one = {
    ...     "readouts.0.linear.weight": torch.tensor([1.0, 2.0]),
    ...     "scale": torch.tensor(1.0),
    ...     "shift": torch.tensor(0.0),
    ... }
    >>> merge([one, one], hidden=16)["readouts.0.linear.weight"].tolist()
    [1.0, 1.0, 2.0, 2.0]
    """
    n, out = len(heads), {}
    for name, first in heads[0].items():
        if not name.startswith("readouts."):
            continue
        shape = _shape(name, n, hidden)
        known = prod(k for k in shape if k > 0)
        size = first.numel() * n * (n if name.endswith(MASKED) else 1)
        table = first.new_zeros([size // known if k < 0 else k for k in shape])
        for k, head in enumerate(heads):
            part = _part(name, table, k)
            part.copy_(head[name].detach().view(part.shape) * _factor(name, n))
        out[name] = table.flatten()
    out[SCALE] = torch.stack([h["scale"].detach() for h in heads])
    out[SHIFT] = torch.stack([h["shift"].detach() for h in heads])
    return out


def _shape(name: str, n: int, hidden: int) -> tuple[int, ...]:
    """Channels lead in what reads the shared features; heads lead in what reads a head's own."""
    if name.endswith(".bias"):
        return (n, -1)
    shapes = {
        "linear": (-1, n),
        "linear_1": (-1, n, hidden),
        "linear_mid": (n, hidden, n, hidden),
        "linear_2": (n, hidden, n),
    }
    return shapes[name.split(".")[-2]]


def _part(name: str, table: Tensor, k: int) -> Tensor:
    """Part of head ``k``, as a view."""
    if name.endswith(".bias"):
        return table[k]
    return table[k, :, k] if name.endswith(MASKED) else table[:, k]


def _factor(name: str, n: int) -> float:
    return sqrt(n) if name.endswith(MASKED) else 1.0


def _row(values: Tensor, n: int, k: int, what: str) -> Tensor:
    flat = values.flatten()
    if len(flat) not in {1, n}:
        raise CheckpointError(f"this MACE has {n} heads and {len(flat)} values of {what}")
    return flat[k if len(flat) == n else 0].clone()
