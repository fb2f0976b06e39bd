"""Edge vectors under deformation, and forces and stress from one gradient call: shared by every adapter.

Geometry is float64 whatever the network's dtype: in a cell of 30 Å a float32 coordinate is good to 2e-6 Å only.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from transferkit.adapters.base import Batch, Prediction
from transferkit.typing import Property

DERIVED: frozenset[Property] = frozenset({"forces", "stress"})


@dataclass(frozen=True, eq=False)
class Geometry:
    """Where the atoms are, and what the energy is to be differentiated by.

    Attributes:
        positions: Å, after the deformation, float64, (atoms, 3)
        cell: Å, after the deformation, float64, (structures, 3, 3)
        vectors: from receiving atom i to sending atom j, Å, float64, (edges, 3)
        shift: zeros (atoms, 3) added to the positions; None where forces are not needed
        strain: zeros (structures, 3, 3), applied last; None where stress is not needed
    """

    positions: Tensor
    cell: Tensor
    vectors: Tensor
    shift: Tensor | None
    strain: Tensor | None


def deform(
    batch: Batch, *, need: frozenset[Property], positions: Tensor | None = None, strain: Tensor | None = None
) -> Geometry:
    """Place the atoms of a batch and compute its edge vectors.

    With cell rows a, positions r and strain e: ``a' = a (1 + e)``, ``r' = r (1 + e)``; the edge from i to j with
    lattice translation n is ``r'_j + n a' - r'_i``.

    Args:
        batch: topology, and the geometry to start from
        need: "forces" and "stress" each add a variable to differentiate by; without them autograd sees no geometry
        positions: Å, (atoms, 3), instead of the batch's
        strain: (structures, 3, 3), symmetric or not
    """
    r = (batch.positions if positions is None else positions).double()
    a = batch.cell.double()
    shift = torch.zeros_like(r, requires_grad=True) if "forces" in need else None
    virtual = torch.zeros_like(a, requires_grad=True) if "stress" in need else None
    steps = [] if strain is None else [strain.double()]
    if virtual is not None:
        # Only the symmetric part is a strain; the rest turns the cell.
        steps.append((virtual + virtual.transpose(1, 2)) / 2)
    for e in steps:
        r = r + torch.einsum("ni,nij->nj", r, e[batch.owner])
        a = a + a @ e
    if shift is not None:
        r = r + shift
    i, j = batch.edges
    vectors = r.index_select(0, j) - r.index_select(0, i)
    vectors = vectors + torch.einsum("ei,eij->ej", batch.image.double(), a.index_select(0, batch.edge_owner))
    return Geometry(r, a, vectors, shift, virtual)


def differentiate(prediction: Prediction, geometry: Geometry, *, create_graph: bool) -> Prediction:
    """Add forces and stress, whichever the geometry was made for, from one gradient call.

    forces = -dE/dr; stress = dE/de / V. The stress of a structure without a volume is NaN. Without ``create_graph``
    the graph is freed, so energies and moments come back detached.
    """
    variables = [v for v in (geometry.shift, geometry.strain) if v is not None]
    if not variables:
        return prediction
    total = prediction.energy.sum()
    if total.requires_grad:
        gradients = list(torch.autograd.grad(total, variables, create_graph=create_graph, materialize_grads=True))
    else:  # isolated atoms in a network whose parameters are frozen: nothing depends on the geometry
        gradients = [torch.zeros_like(v) for v in variables]
    forces = -gradients.pop(0) if geometry.shift is not None else None
    stress = _per_volume(gradients.pop(0), geometry.cell) if geometry.strain is not None else None
    if not create_graph:
        prediction = replace(
            prediction,
            energy=prediction.energy.detach(),
            magmoms=None if prediction.magmoms is None else prediction.magmoms.detach(),
        )
    return replace(prediction, forces=forces, stress=stress)


def _per_volume(virial: Tensor, cell: Tensor) -> Tensor:
    # The undefined branch divides by one, so that its gradient is zero and not NaN.
    volume = torch.linalg.det(cell.detach()).abs()[:, None, None]
    stress = virial / torch.where(volume > 0, volume, torch.ones_like(volume))
    return torch.where(volume > 0, stress, torch.full_like(stress, torch.nan))


def sum_per_structure(sites: Tensor, batch: Batch) -> Tensor:
    """Sum energies of atoms, (atoms,), to energies of structures, (structures,), in float64."""
    zero = torch.zeros(batch.n_structures, dtype=torch.float64, device=sites.device)
    return zero.index_add(0, batch.owner, sites.double())


def gradients_on(need: frozenset[Property]) -> torch.set_grad_enabled:
    """A context in which autograd runs if forces or stress are needed, even inside ``torch.no_grad``."""
    return torch.set_grad_enabled(bool(need & DERIVED) or torch.is_grad_enabled())


@contextmanager
def constants(module: nn.Module, *, when: bool) -> Iterator[None]:
    """A context in which, if ``when``, no parameter of a module takes part in autograd: for forces without a loss.

    The parameters are marked themselves, so two threads must not train and evaluate one module at once.

    >>> layer = nn.Linear(2, 1)
    >>> with constants(layer, when=True):
    ...     layer(torch.ones(2)).requires_grad
    False
    >>> layer.weight.requires_grad
    True
    """
    trained = [p for p in module.parameters() if p.requires_grad] if when else []
    for parameter in trained:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in trained:
            parameter.requires_grad_(True)
