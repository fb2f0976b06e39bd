"""Shapes of heads: how much of a head is its own, and how much it shares with the head that it was copied from."""

from collections.abc import Iterable, Sequence
from copy import deepcopy

import torch
from torch import Tensor, nn

SHAPES = ("readout", "last-linear", "embedding")
"""A readout of its own; its last linear layers alone (Messerly et al., Mach. Learn.: Sci. Technol. 6, 035066 (2025)); or a
vector on the embedding of the atoms, in front of a shared network and a shared readout"""


class Fidelity(nn.Module):
    """Place for the vector of one head, which is added to the scalars of every atom: a one-hot level of theory.

    It is empty in heads of the other shapes, and then has no parameter and no entry in a state.

    Args:
        channels: scalars of an atom

    >>> place = Fidelity(3)
    >>> list(place.state_dict())
    []
    >>> place.learn(like=torch.zeros(1))
    >>> place.vector.tolist()
    [0.0, 0.0, 0.0]
    """

    vector: nn.Parameter | None

    def __init__(self, channels: int) -> None:
        """Leave the place empty."""
        super().__init__()
        self.channels = channels
        self.register_parameter("vector", None)

    def learn(self, like: Tensor) -> None:
        """Put a vector of zeros there, of the dtype and on the device of ``like``; one that is there stays."""
        if self.vector is None:
            self.vector = nn.Parameter(like.detach().new_zeros(self.channels))


def vector_of(place: nn.Module) -> Tensor | None:
    """The vector of a :class:`Fidelity`, if it has one; named so for what comes out of an ``nn.ModuleList``."""
    vector = getattr(place, "vector", None)
    return vector if isinstance(vector, Tensor) else None


def with_fidelity(x: Tensor, fidelities: Iterable[nn.Module], head: Tensor) -> Tensor:
    """Embedded atoms with the vector of their head; ``x`` itself where no head has one.

    Args:
        x: (atoms, channels)
        fidelities: one :class:`Fidelity` per head
        head: of each atom, int64, (atoms,)

    >>> places = [Fidelity(2), Fidelity(2)]
    >>> places[1].learn(like=torch.zeros(1))
    >>> places[1].vector.data += 0.5
    >>> with_fidelity(torch.ones(2, 2), places, torch.tensor([0, 1]))
    tensor([[1.0000, 1.0000],
            [1.5000, 1.5000]], grad_fn=<AddBackward0>)
    """
    vectors = [vector_of(place) for place in fidelities]
    if all(vector is None for vector in vectors):
        return x
    table = torch.stack([x.new_zeros(x.shape[1]) if vector is None else vector for vector in vectors])
    return x + table.index_select(0, head)


def with_vector(table: Tensor, place: nn.Module, *, factor: float = 1.0) -> Tensor:
    """An embedding table with the vector of one head added to every row, for files that have one head; detached.

    Args:
        table: (elements, channels)
        place: the head's :class:`Fidelity`
        factor: that the network multiplies the table by

    >>> with_vector(torch.ones(1, 2), Fidelity(2))
    tensor([[1., 1.]])
    """
    vector = vector_of(place)
    return table.detach() if vector is None else table.detach() + vector.detach() / factor


def copied(module: nn.Module, shape: str, *, like: Tensor) -> nn.Module:
    """The part of a new head, of the same values as that of the head it is copied from.

    Args:
        module: part of the old head
        shape: of the new head: ``readout`` copies all; ``last-linear`` copies the last layers (:func:`last_layers`) and
            shares those before; ``embedding`` shares all, but for a :class:`Fidelity`, which gets a vector
        like: a parameter of the network, for dtype and device

    >>> old = nn.Sequential(nn.Linear(2, 2), nn.SiLU(), nn.Linear(2, 1))
    >>> new = copied(old, "last-linear", like=torch.zeros(1))
    >>> new[0] is old[0], new[2] is old[2], torch.equal(new[2].weight, old[2].weight)
    (True, False, True)
    """
    if isinstance(module, Fidelity):
        own = deepcopy(module)
        if shape == "embedding":
            own.learn(like)
        return own
    if shape == "embedding":
        return module
    if shape == "readout":
        return deepcopy(module)
    last = {id(part) for part in last_layers(module)}
    around = {id(m) for m in module.modules() if any(id(part) in last for part in m.modules())}
    # What the memo of deepcopy already holds is taken as it is: the layers before the last are shared.
    return deepcopy(module, {id(m): m for m in module.modules() if id(m) not in around})


def last_layers(module: nn.Module) -> Sequence[nn.Module]:
    """The last layers with parameters: one of modules in sequence, one of each of those side by side (``ModuleList``).

    >>> last_layers(nn.ModuleList([nn.Linear(2, 1), nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))]))
    [Linear(in_features=2, out_features=1, bias=True), Linear(in_features=3, out_features=1, bias=True)]
    """
    children = list(module.children())
    if not children:
        return [module] if next(module.parameters(), None) is not None else []
    found = [last_layers(child) for child in children]
    if isinstance(module, nn.ModuleList):
        return [layer for layers in found for layer in layers]
    return next((layers for layers in reversed(found) if layers), [])
