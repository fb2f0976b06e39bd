"""One readout module per head, each atom going through its own."""

from collections.abc import Sequence

from torch import Tensor, nn


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
