"""Whether our forward gives what upstream's gives, asked once of every file that is opened."""

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from transferkit.adapters.mace.upstream import contained
from transferkit.data.structures import Structure
from transferkit.errors import CheckpointError

if TYPE_CHECKING:
    from transferkit.adapters.mace.adapter import MaceAdapter

TOLERANCE = {torch.float64: 1e-8, torch.float32: 1e-4}
"""eV per atom, and relative to the energy where that is large; by the dtype of the file"""


def require_agreement(adapter: "MaceAdapter", model: Any) -> None:
    """Refuse a model for which both forwards differ, on a cluster of five atoms, for each head.

    Args:
        adapter: in float64
        model: upstream's, in the file's dtype

    Raises:
        CheckpointError: names both energies; or upstream's forward fails.
    """
    elements = sorted(adapter.elements)
    rng = np.random.default_rng(1)
    scale = 0.35 * adapter.cutoff
    positions = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1.0]]) * scale + rng.uniform(
        0, 0.3, (5, 3)
    )
    numbers = np.array([elements[k * (len(elements) - 1) // 4] for k in range(5)], dtype=np.int64)
    cluster = Structure(numbers, positions, np.zeros((3, 3)), np.zeros(3, dtype=bool), "agreement")
    graph = adapter.graph(cluster)
    dtype = next(model.parameters()).dtype
    if dtype not in TOLERANCE:
        raise CheckpointError(f"this MACE is kept in {dtype}; save it in float32 or float64, as it was trained.")
    for k, head in enumerate(adapter.heads):
        with torch.no_grad():
            ours = adapter(adapter.collate([graph], [k]), need=frozenset({"energy"})).energy
        try:
            with contained(dtype=dtype, script=True):
                theirs = interaction_energy(model, graph_input(adapter, graph, k, dtype))
        except Exception as error:  # a module of another version raises anything
            raise CheckpointError(
                f"this MACE cannot be evaluated by the installed mace, so that nothing says whether it is read correctly: "
                f"{type(error).__name__}: {error}. Open it with the version of mace-torch that wrote it."
            ) from error
        if not torch.isclose(ours, theirs, rtol=TOLERANCE[dtype], atol=5 * TOLERANCE[dtype]).all():
            raise CheckpointError(
                f"this MACE, head {head}: mace itself computes {float(theirs):.8f} eV for a test cluster, and the mace adapter "
                f"{float(ours):.8f} eV. The file has a part that the adapter does not know; it is not used."
            )


def graph_input(adapter: "MaceAdapter", graph: Any, head: int, dtype: torch.dtype) -> dict[str, Tensor]:
    """What upstream's forward reads, for one structure without a cell."""
    rows = adapter.collate([graph], [head]).extra["index"]
    one_hot = torch.nn.functional.one_hot(rows, len(adapter.elements)).to(dtype)
    edges = torch.from_numpy(graph.edges).flip(0)
    return {
        "node_attrs": one_hot,
        "positions": torch.from_numpy(graph.positions).to(dtype),
        "edge_index": edges,
        "shifts": torch.zeros(edges.shape[1], 3, dtype=dtype),
        "unit_shifts": torch.zeros(edges.shape[1], 3, dtype=dtype),
        "cell": torch.zeros(3, 3, dtype=dtype),
        "batch": torch.zeros(len(rows), dtype=torch.int64),
        "ptr": torch.tensor([0, len(rows)]),
        "head": torch.tensor([head]),
    }


def interaction_energy(model: Any, data: dict[str, Tensor]) -> Tensor:
    """Upstream's energy without E0, eV, float64, (1,)."""
    model.eval()
    out = model(data, compute_force=False)
    e0 = model.atomic_energies_fn(data["node_attrs"])
    head = int(data["head"][0]) if e0.shape[1] > 1 else 0
    energy: Tensor = out["energy"] if out.get("interaction_energy") is None else out["interaction_energy"]
    if out.get("interaction_energy") is None:
        energy = energy - e0[:, head].sum()
    return energy.detach().double()
