"""Heads: which one data go through, each atom through the readout of its own, and the blocks of parameters they have."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from torch import Tensor, nn

from transferkit.adapters.base import Adapter
from transferkit.errors import UnknownHead

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
    if len({id(module) for module in modules}) == 1:  # one head, or heads that share the whole readout
        only: Tensor = modules[0](x).squeeze(-1)
        return only
    out = x.new_zeros(len(x))
    for index, module in enumerate(modules):
        mine = (head == index).nonzero().squeeze(-1)
        if len(mine):
            out = out.index_add(0, mine, module(x.index_select(0, mine)).squeeze(-1))
    return out


def blocks_of_heads(adapter: Adapter) -> dict[str, list[nn.Parameter]]:
    """Blocks of everything that belongs to heads, each parameter once: those of an adapter end with them.

    What several heads share stands first, as ``shared.<the first of them>``, and counts as network, not as readout. Then
    each head's own, by family: ``fidelity.<head>``, ``magmom.<head>``, ``readout.<head>``, where there is something of its own.

    Args:
        adapter: with :meth:`Adapter.head_modules`

    >>> from transferkit.adapters.toy import Toy
    >>> adapter = Toy.load("demo").adapter
    >>> list(blocks_of_heads(adapter))
    ['magmom.default', 'readout.default']
    >>> adapter.add_head("r2SCAN", "default", shape="last-linear")
    >>> list(blocks_of_heads(adapter))
    ['shared.default', 'magmom.default', 'magmom.r2SCAN', 'readout.default', 'readout.r2SCAN']
    """
    parts = [(family, k, m) for family, ms in adapter.head_modules().items() for k, m in enumerate(ms)]
    users: dict[int, set[int]] = {}
    for _, k, module in parts:
        for parameter in module.parameters():
            users.setdefault(id(parameter), set()).add(k)
    shared: dict[int, list[nn.Parameter]] = {}
    own: dict[str, list[nn.Parameter]] = {}
    seen: set[int] = set()
    for family, k, module in parts:
        for parameter in module.parameters():
            if id(parameter) in seen:
                continue
            seen.add(id(parameter))
            if len(users[id(parameter)]) > 1:
                shared.setdefault(min(users[id(parameter)]), []).append(parameter)
            else:
                own.setdefault(f"{family}.{adapter.heads[k]}", []).append(parameter)
    return {f"shared.{adapter.heads[k]}": shared[k] for k in sorted(shared)} | own
