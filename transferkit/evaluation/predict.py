"""Predictions of a potential on a data set, as a data set."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from transferkit.adapters.base import Batch, Graph, Prediction
from transferkit.adapters.graphs import build_graphs, edges_of
from transferkit.adapters.heads import head_for
from transferkit.adapters.potential import ReferencedPotential
from transferkit.data.structures import Structures
from transferkit.errors import DataError
from transferkit.typing import PROPERTIES, Energy, Property

EVERYTHING: frozenset[Property] = frozenset(PROPERTIES)


def predict(
    potential: ReferencedPotential,
    data: Structures,
    *,
    need: frozenset[Property] | None = None,
    graphs: Sequence[Graph] | None = None,
    edges: int = 20_000,
    head: str | None = None,
) -> Structures:
    """The same structures, labelled with predictions: total eV (E0 included), eV/Å, eV/Å³, μB.

    The mask says what was predicted; a label that was not asked for is absent, never zero. The stress of a structure
    without a volume is absent.

    Args:
        potential: in the state in which it is; nothing is changed, no gradients are kept
        data: structures; their labels are not looked at
        need: properties wanted; all that the potential predicts if not given
        graphs: of the structures in order, where they are built already
        edges: of a batch at most; a structure above it goes alone
        head: of the potential; by the level of theory of the data if not given, see
            :func:`~transferkit.adapters.heads.head_for`

    Raises:
        UnknownHead: no head is called so, or nothing says which of several is meant.
        UnsupportedProperty: ``need`` names something that the potential does not predict.
        DataError: the number of graphs differs from the number of structures.
        GraphError, MissingReference: see :func:`~transferkit.adapters.graphs.build_graphs`.

    >>> import transferkit as tk
    >>> data = tk.bundled("gpaw-pbe-r2scan")[:4]
    >>> predicted = predict(tk.load("toy"), data, need=frozenset({"energy", "forces"}))
    >>> predicted.has("forces").all().item(), predicted.has("stress").any().item()
    (True, False)
    """
    need = potential.adapter.capabilities.properties if need is None else need
    potential.adapter.check_need(need)
    name = head_for(potential, data.fidelity, head)
    graphs = build_graphs(potential, data, head=name) if graphs is None else graphs
    _check(graphs, data)
    labels: dict[str, Any] = {p: np.full(getattr(data, p).shape, np.nan) for p in PROPERTIES}
    mask: dict[Property, np.ndarray] = {p: np.full(len(data), p in need or p == "energy") for p in PROPERTIES}
    for index, batch, out in _batches(potential, graphs, need | {"energy"}, edges, name):
        atoms = np.concatenate([np.arange(data.offsets[s], data.offsets[s + 1]) for s in index])
        labels["energy"][index] = out.energy.detach().cpu().numpy()
        for p, rows in (("forces", atoms), ("magmoms", atoms), ("stress", index)):
            value = getattr(out, p)
            if value is not None:
                labels[p][rows] = value.detach().cpu().numpy()
        if out.stress is not None:
            mask["stress"][index] &= (torch.linalg.det(batch.cell).abs() > 0).cpu().numpy()
    return replace(data, **labels, mask=mask)


def network_energy(
    potential: ReferencedPotential,
    data: Structures,
    graphs: Sequence[Graph] | None = None,
    *,
    edges: int = 20_000,
    head: str | None = None,
) -> Energy:
    """Energy of the network alone, without E0, eV, float64, (structures,): what the policy ``residual`` starts from.

    Arguments and errors: :func:`predict`.

    >>> import transferkit as tk
    >>> data, model = tk.bundled("gpaw-pbe-r2scan")[:4], tk.load("toy")
    >>> total = network_energy(model, data) + model.reference().total(data)
    >>> bool(np.allclose(total, predict(model, data, need=frozenset({"energy"})).energy, atol=1e-9))
    True
    """
    name = head_for(potential, data.fidelity, head)
    graphs = build_graphs(potential, data, head=name) if graphs is None else graphs
    _check(graphs, data)
    energy = np.zeros(len(data))
    for index, batch, out in _batches(potential, graphs, frozenset({"energy"}), edges, name):
        energy[index] = (out.energy - potential.reference_energy(batch)).detach().cpu().numpy()
    return energy


def _check(graphs: Sequence[Graph], data: Structures) -> None:
    if len(graphs) != len(data):
        raise DataError(
            f"{len(graphs)} graphs for {len(data)} structures; build them from the same data in the same order"
        )


def _batches(
    potential: ReferencedPotential, graphs: Sequence[Graph], need: frozenset[Property], edges: int, head: str
) -> Iterator[tuple[np.ndarray, Batch, Prediction]]:
    """Batches within the budget, in order of size so that little memory is wasted."""
    sizes = edges_of(graphs)
    order = np.argsort(sizes, kind="stable")
    ends = np.concatenate([[0], np.cumsum(sizes[order])])
    start = 0
    while start < len(order):
        stop = max(start + 1, int(np.searchsorted(ends, ends[start] + edges, side="right")) - 1)
        index = order[start:stop]
        batch = potential.collate([graphs[s] for s in index], head)
        with torch.no_grad():
            out = potential(batch, need=need)
        yield index, batch, out
        start = stop
