"""Out to MACE: a .model file with E0 and heads put back in, which the native package opens."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from transferkit.adapters.mace.coupling import fit_paths
from transferkit.adapters.mace.readouts import merge
from transferkit.adapters.mace.selection import selected
from transferkit.adapters.mace.upstream import build, contained, o3
from transferkit.adapters.shapes import vector_of, with_vector
from transferkit.errors import CheckpointError

if TYPE_CHECKING:
    from transferkit.adapters.mace.adapter import MaceAdapter

E0 = "atomic_energies_fn.atomic_energies"


def write(path: Path, adapter: "MaceAdapter", tables: Mapping[str, Mapping[int, float]]) -> None:
    """Write a .model file, a pickle of upstream's module, in the adapter's dtype; its E0 are float64.

    The file knows the elements that have an E0, and no others: a zero would be a wrong energy without a word.

    Args:
        path: of the file
        adapter: the network
        tables: eV per atom by atomic number, for each head that the file is to have

    Raises:
        UnknownHead: a head is not one of the adapter's.
        CheckpointError: the tables of two heads have different elements, or an element that the network lacks; or heads
            have different fidelity vectors; nothing is written.
    """
    indices = [adapter.head_index(head) for head in tables]
    elements = sorted(next(iter(tables.values())))
    if any(sorted(table) != elements for table in tables.values()):
        raise CheckpointError(
            "a MACE file has one element table for all heads, and these heads have E0 of different elements"
        )
    arguments, weights = selected(_folded(adapter, indices), elements)
    hidden = o3.Irreps(arguments["MLP_irreps"]).dim
    names = [name for name in weights if not name.startswith("harmonics.") and ".coupling_" not in name]
    state: dict[str, Tensor] = {name: weights[name] for name in names}
    state |= merge([adapter.readouts[k].state_dict() for k in indices], hidden)
    dtype = adapter.backbone.dtype
    model = build(arguments, tuple(tables), script=True)
    with contained(dtype=dtype, script=True):
        fit_paths(model, state)
        model.load_state_dict(
            {k: v.detach().cpu().double() if v.is_floating_point() else v.cpu() for k, v in state.items()}, strict=False
        )
        for interaction, average in zip(model.interactions, arguments["avg_per_interaction"], strict=True):
            interaction.avg_num_neighbors = average
        model = model.to(dtype)
        rows = [[float(table[z]) for z in arguments["elements"]] for table in tables.values()]
        model.atomic_energies_fn.atomic_energies = torch.tensor(rows, dtype=torch.float64)
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.save(model, path)


def _folded(adapter: "MaceAdapter", indices: Sequence[int]) -> "MaceAdapter":
    """The adapter with the fidelity vector of the heads in its table of elements, where MACE's files have room for it."""
    vectors = [vector_of(adapter.fidelities[k]) for k in indices]
    given = [v for v in vectors if v is not None]
    if len(given) not in {0, len(vectors)} or any(not torch.equal(v, given[0]) for v in given):
        raise CheckpointError(
            "a MACE file has one embedding of the elements for all heads, and these heads have fidelity vectors of their own. "
            "Export each head into a file of its own."
        )
    if not given:
        return adapter
    one = deepcopy(adapter)
    linear = one.backbone.node_embedding.linear
    ((_, rows, columns, factor),) = linear.paths.values()
    table = with_vector(linear.weight.view(rows, columns), adapter.fidelities[indices[0]], factor=factor)
    linear.weight.data = table.flatten()
    return one
