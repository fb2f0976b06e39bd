"""Labels of a batch as tensors with masks, and which labels a run can learn from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from transferkit.adapters.base import Adapter
from transferkit.data.structures import PER_ATOM, Structures
from transferkit.errors import DataError
from transferkit.typing import PROPERTIES, Property


@dataclass(frozen=True, eq=False)
class Labels:
    """Labels of one batch. Where a mask is false the value is zero and never enters a sum.

    Attributes:
        energy: eV, total, float64, (structures,)
        forces: eV/Å, float64, (atoms, 3)
        stress: eV/Å³, ASE sign, float64, (structures, 3, 3)
        magmoms: μB, absolute value, float64, (atoms,)
        mask: for each property a bool tensor of the same shape as its values
        n_atoms: atoms per structure, int64, (structures,)
        source: data set of each structure, int64, (structures,): 0 is the target, then those beside it; None where all
            are the target's
    """

    energy: Tensor
    forces: Tensor
    stress: Tensor
    magmoms: Tensor
    mask: Mapping[Property, Tensor]
    n_atoms: Tensor
    source: Tensor | None = None

    def source_of(self, label: Property) -> Tensor | None:
        """Data set of each row of a label, int64, (structures,) or (atoms,); None where all are the target's."""
        if self.source is None or label not in PER_ATOM:
            return self.source
        return self.source.repeat_interleave(self.n_atoms, output_size=len(self.forces))

    def hidden(self) -> "Labels":
        """The same labels, all said to be absent: what an idle rank computes, so that it can take part in sums."""
        return replace(self, mask={p: torch.zeros_like(m) for p, m in self.mask.items()})


def collate_labels(data: Structures, index: np.ndarray) -> Labels:
    """Labels of the structures ``index``, in that order, on CPU.

    Args:
        data: labelled structures
        index: int64, (structures in the batch,)

    >>> import transferkit as tk
    >>> data = tk.bundled("gpaw-pbe-r2scan")
    >>> labels = collate_labels(data, np.array([2, 0]))
    >>> labels.energy.shape, labels.mask["forces"].shape == labels.forces.shape
    (torch.Size([2]), True)
    """
    part = data[index]
    values: dict[Property, Tensor] = {}
    mask: dict[Property, Tensor] = {}
    for name in PROPERTIES:
        value = np.asarray(getattr(part, name), dtype=np.float64)
        present = part.mask[name][part.owner] if name in PER_ATOM else part.mask[name]
        full = np.broadcast_to(present.reshape(-1, *[1] * (value.ndim - 1)), value.shape)
        values[name] = torch.from_numpy(np.where(full, value, 0.0))
        mask[name] = torch.from_numpy(full.copy())
    n_atoms = torch.from_numpy(part.n_atoms.astype(np.int64))
    # The sign of a magnetic moment is the direction of an arbitrary axis; potentials predict its size.
    return Labels(values["energy"], values["forces"], values["stress"], values["magmoms"].abs(), mask, n_atoms)


def learnable(
    weights: Mapping[Property, float],
    adapter: Adapter,
    train: Structures,
    valid: Structures,
    beside: Sequence[Structures] = (),
) -> tuple[frozenset[Property], tuple[Property, ...]]:
    """Which weighted labels can be learnt: those the adapter predicts and the training data hold.

    Args:
        weights: per label
        adapter: what is trained
        train: training part of the target
        valid: validation part of the target
        beside: sets that are trained on at the same time; what one of them has is learnt

    Returns:
        (labels that enter the loss, weighted labels that all training data lack entirely). Of the former, those that the
        target's training part has choose the best weights, see :func:`choosing`.

    Raises:
        UnsupportedProperty: a label has a weight, but the adapter does not predict it.
        DataError: a part or a set is empty, or has none of the weighted labels.

    >>> import transferkit as tk
    >>> from transferkit.adapters.toy import Toy
    >>> data = tk.bundled("gpaw-pbe-r2scan")
    >>> need, absent = learnable({"energy": 3.0, "magmoms": 1.0}, Toy.load("demo").adapter, data, data)
    >>> sorted(need), absent
    (['energy'], ('magmoms',))
    """
    weighted = tuple(p for p in PROPERTIES if weights.get(p, 0.0) > 0)
    adapter.check_need(frozenset(weighted))
    need = frozenset(p for p in weighted if any(data.mask[p].any() for data in (train, *beside)))
    sets = [("training part", train, weighted), ("validation part", valid, tuple(choosing(need, train)))]
    sets += [(f"{data.fidelity} set beside the target", data, weighted) for data in beside]
    for name, data, wanted in sets:
        if not len(data):
            raise DataError(
                f"the {name} is empty: there is nothing to {'choose by' if data is valid else 'learn from'}."
            )
        if not any(data.mask[p].any() for p in wanted):
            raise DataError(
                f"the {name} ({len(data)} structures) has none of the labels that the loss weighs "
                f"({', '.join(weighted) or 'no label has a weight'}). Give weights to labels that are there."
            )
    return need, tuple(p for p in weighted if p not in need)


def choosing(need: frozenset[Property], train: Structures) -> frozenset[Property]:
    """Labels that validation looks at: those that the target learns from, whatever the sets beside it have.

    >>> import transferkit as tk
    >>> sorted(choosing(frozenset({"energy", "forces"}), tk.bundled("gpaw-pbe-r2scan")[:3].without("forces")))
    ['energy']
    """
    return frozenset(p for p in need if train.mask[p].any())
