"""A MACE with fewer elements: the same energies and forces, with a smaller table."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import sqrt
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from ase.data import chemical_symbols
from torch import Tensor

from transferkit.adapters.mace.layers import ElementLinear
from transferkit.adapters.potential import ReferencedPotential
from transferkit.errors import CheckpointError
from transferkit.reference.elemental import ElementalReference

if TYPE_CHECKING:
    from transferkit.adapters.mace.adapter import MaceAdapter


def cut(potential: ReferencedPotential, elements: Sequence[int]) -> ReferencedPotential:
    """A MACE that knows these elements only, with the same energies and forces for them.

    A foundation model keeps its 89 elements unless this is asked for. Fewer make smaller files, and element tables that
    the optimiser does not carry along.

    Args:
        potential: a MACE
        elements: atomic numbers that stay

    Raises:
        CheckpointError: the network lacks one of them, or there is none.

    >>> from transferkit.adapters.mace import MaceAdapter
    >>> small = cut(MaceAdapter.scratch("tiny"), [8, 12])
    >>> sorted(small.adapter.elements), list(small.reference().to_mapping())
    ([8, 12], ['O', 'Mg'])
    """
    adapter: Any = potential.adapter
    references = [_rows(potential.reference(head), elements) for head in adapter.heads]
    new = ReferencedPotential(adapter.cut(elements), references, trainable_reference=potential.trainable_reference)
    return new.to(potential.e0.device)


def _rows(reference: ElementalReference, elements: Sequence[int]) -> ElementalReference:
    keep = np.flatnonzero(np.isin(reference.elements, np.array(sorted(elements))))
    covariance = reference.covariance
    return replace(
        reference,
        elements=reference.elements[keep],
        energies=reference.energies[keep],
        covariance=None if covariance is None else covariance[np.ix_(keep, keep)],
        undetermined=tuple(z for z in reference.undetermined if z in set(elements)),
    )


def selected(adapter: "MaceAdapter", elements: Sequence[int]) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Arguments and backbone tensors of a network that knows these elements only.

    e3nn divides a product with a one-hot vector by the square root of its length, so weights are scaled to make up for
    the shorter one.

    Args:
        adapter: with more elements
        elements: atomic numbers

    Raises:
        CheckpointError: the network lacks one of them, or there is none.
    """
    if not len(elements):
        raise CheckpointError("a mace network for no elements is asked for; name those that stay")
    if lacking := sorted({int(z) for z in elements} - adapter.elements):
        raise CheckpointError(
            f"this mace checkpoint does not know {', '.join(chemical_symbols[z] for z in lacking)}; leave them out"
        )
    known = [int(z) for z in adapter.arguments["elements"]]
    wanted = {int(z) for z in elements}
    rows = [k for k, z in enumerate(known) if z in wanted]
    weights = {name: tensor.detach() for name, tensor in adapter.backbone.state_dict().items()}
    if len(rows) == len(known):
        return dict(adapter.arguments), weights
    factor = sqrt(len(rows) / len(known))
    arguments = {**adapter.arguments, "elements": [known[k] for k in rows]}
    taken = _Rows(tuple(rows), len(known), factor)
    return arguments, {name: _cut(name, tensor, taken, adapter) for name, tensor in weights.items()}


@dataclass(frozen=True)
class _Rows:
    """Rows that stay, of how many, and the factor on weights of what is divided by the root of their number."""

    rows: tuple[int, ...]
    n: int
    factor: float


def _cut(name: str, tensor: Tensor, taken: _Rows, adapter: "MaceAdapter") -> Tensor:
    """One tensor with the rows of the elements that stay."""
    rows, factor = list(taken.rows), taken.factor
    if name == "node_embedding.linear.weight" or name.endswith(("source_embedding.weight", "target_embedding.weight")):
        return (tensor.view(taken.n, -1)[rows] * factor).flatten()
    if name.endswith("skip_tp.weight"):
        skip: Any = adapter.backbone.interactions[int(name.split(".")[1])].skip_tp
        if isinstance(skip, ElementLinear):
            return torch.cat([part[:, rows].flatten() for part in skip.parts(tensor)]) * factor
    if ".contractions." in name and ".weights" in name and not adapter.arguments["use_agnostic_product"]:
        return tensor[rows]
    return tensor
