"""Heads: which one data go through, and one readout module per head, each atom going through its own."""

from collections.abc import Sequence
from copy import deepcopy
from typing import TYPE_CHECKING

from torch import Tensor, nn

from transferkit.adapters.base import Adapter
from transferkit.errors import UnknownHead, nearest

if TYPE_CHECKING:
    from transferkit.adapters.potential import ReferencedPotential


def head_for(potential: "ReferencedPotential", fidelity: str, head: str | None = None) -> str:
    """The head that data of a level of theory go through.

    In this order: the head that was named; the head that is called like the level of theory; the one head whose
    reference is of that level; the only head. There is no default among several.

    Args:
        potential: with one head or more
        fidelity: level of theory of the data, e.g. "r2SCAN"
        head: named by the user, if so

    Raises:
        UnknownHead: no head is called so, or nothing says which one is meant; all are named with their levels.

    >>> from transferkit.adapters.toy import Toy
    >>> potential = Toy.load("demo")
    >>> head_for(potential, "PBE")
    'default'
    >>> potential.add_head("r2SCAN", copy_of="default")
    >>> head_for(potential, "r2SCAN")
    'r2SCAN'
    """
    heads = potential.adapter.heads
    if head is not None:
        return heads[potential.head_index(head)]
    if fidelity in heads:
        return fidelity
    levels = potential.fidelities
    fitting = [name for name, level in levels.items() if level == fidelity]
    if len(fitting) == 1:
        return fitting[0]
    if len(heads) == 1:
        return heads[0]
    known = ", ".join(f"{name} ({level or 'level of theory unknown'})" for name, level in levels.items())
    which = (
        f"{len(fitting)} heads of this {potential.adapter.name} are"
        if fitting
        else (f"none of the heads of this {potential.adapter.name} is known to be")
    )
    raise UnknownHead(
        f"the data are {fidelity}, and {which}: {known}. "
        f"Name the one that is meant: head=..., --head, or adapter.head in a recipe."
    )


def check_new_head(adapter: Adapter, name: str, copy_of: str) -> None:
    """Refuse a name that is taken or that could not be told from a range of blocks, and an unknown source.

    Raises:
        UnknownHead: says which.

    >>> from transferkit.adapters.toy import Toy
    >>> check_new_head(Toy.load("demo").adapter, "CCSD(T)", copy_of="default")
    """
    adapter.head_index(copy_of)
    if name in adapter.heads:
        raise UnknownHead(f"{adapter.name} already has a head called {name!r}; choose another name")
    if not name or name != name.strip() or {":", ","} & {*name}:
        raise UnknownHead(
            f"a head cannot be called {name!r}: blocks are named after heads, so leave out ':' and ',' and blanks at the "
            f"ends. {nearest(name, adapter.heads)}"
        )


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
        UnknownHead: see :func:`check_new_head`.

    >>> from transferkit.adapters.toy import Toy
    >>> adapter = Toy.load("demo").adapter
    >>> copy_head(adapter, "r2SCAN", "default", [adapter.readouts, adapter.moments])
    >>> adapter.heads, len(adapter.readouts)
    (('default', 'r2SCAN'), 2)
    """
    check_new_head(adapter, name, copy_of)
    source = adapter.head_index(copy_of)
    for per_head_modules in modules:
        per_head_modules.append(deepcopy(per_head_modules[source]))
    adapter.heads = (*adapter.heads, name)
