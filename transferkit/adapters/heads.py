"""One readout module per head, each atom going through its own."""

from collections.abc import Sequence
from copy import deepcopy

from torch import Tensor, nn

from transferkit.adapters.base import Adapter
from transferkit.errors import UnknownHead


def per_head(modules: Sequence[nn.Module] | nn.ModuleList, x: Tensor, head: Tensor) -> Tensor:
    """One number per atom from the readout of its head.

    Args:
        modules: one per head, each from (atoms, channels) to (atoms, 1)
        x: (atoms, channels)
        head: head of each atom, int64, (atoms,)

    Returns:
        (atoms,)

    >>> import torch
    >>> per_head([nn.Identity(), nn.Tanh()], torch.tensor([[0.5], [0.0]]), torch.tensor([0, 1]))
    tensor([0.5000, 0.0000])
    """
    if len(modules) == 1:
        only: Tensor = modules[0](x).squeeze(-1)
        return only
    out = x.new_zeros(len(x))
    for index, module in enumerate(modules):
        mine = (head == index).nonzero().squeeze(-1)
        if len(mine):
            out = out.index_add(0, mine, module(x.index_select(0, mine)).squeeze(-1))
    return out


def copy_head(adapter: Adapter, name: str, copy_of: str, modules: Sequence[nn.ModuleList]) -> None:
    """Give an adapter one head more, with copies of another's parameters; in place.

    Args:
        adapter: the adapter
        name: of the new head
        copy_of: head whose parameters are copied
        modules: lists of the adapter that hold one module per head

    Raises:
        UnknownHead: ``copy_of`` is not a head, or ``name`` already is one.

    >>> from transferkit.adapters.toy import Toy
    >>> adapter = Toy.load("demo").adapter
    >>> copy_head(adapter, "r2SCAN", "default", [adapter.readouts, adapter.moments])
    >>> adapter.heads, len(adapter.readouts)
    (('default', 'r2SCAN'), 2)
    """
    source = adapter.head_index(copy_of)
    if name in adapter.heads:
        raise UnknownHead(f"{adapter.name} already has a head called {name!r}; choose another name")
    for per_head_modules in modules:
        per_head_modules.append(deepcopy(per_head_modules[source]))
    adapter.heads = (*adapter.heads, name)
