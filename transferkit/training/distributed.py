"""The only file that knows of several processes. Started by ``torchrun``; one process needs nothing.

Every rank holds all weights and takes every size-th structure of each global batch, so neither the plan of batches nor
the loss depends on the number of ranks. DDP averages gradients; the loop asks for a sum, see :meth:`Ranks.scale`.
"""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch import distributed as dist


@dataclass(frozen=True)
class Ranks:
    """This process among all.

    Attributes:
        rank: number of this process, from 0
        size: number of processes
        device: where this process computes
    """

    rank: int
    size: int
    device: torch.device

    @property
    def first(self) -> bool:
        """Whether this process writes files and talks."""
        return self.rank == 0

    @property
    def scale(self) -> float:
        """Factor on the loss that turns DDP's average of gradients into their sum."""
        return float(self.size)

    def share(self, index: np.ndarray) -> tuple[np.ndarray, bool]:
        """This rank's part of a global batch, and whether it is only a stand-in whose labels are to be hidden.

        With fewer structures than ranks some rank has none; it computes the first one, so that it takes part in
        every sum, and counts nothing.

        >>> Ranks(1, 2, torch.device("cpu")).share(np.array([4, 7, 9]))
        (array([7]), False)
        >>> Ranks(1, 2, torch.device("cpu")).share(np.array([4]))
        (array([4]), True)
        """
        mine = index[self.rank :: self.size]
        return (mine, False) if len(mine) else (index[:1], True)

    def sum(self, values: Tensor) -> Tensor:
        """Sum over all ranks; the same bits on every rank."""
        if self.size > 1:
            dist.all_reduce(values)
        return values

    def wait(self) -> None:
        """Go on when every rank has come here."""
        if self.size > 1:
            dist.barrier()

    def wrap(self, module: nn.Module) -> nn.Module:
        """DDP around a module, for the parameters that are open now; to be called again when others open.

        Structures without angles, absent labels and frozen blocks all leave parameters without a gradient, hence
        ``find_unused_parameters``.
        """
        if self.size == 1:
            return module
        devices = [self.device.index] if self.device.type == "cuda" else None
        with warnings.catch_warnings():
            # torch 2.13 renames the option; what it is to be called is not there in 2.4.
            warnings.filterwarnings("ignore", message="`broadcast_buffers` is deprecated", category=FutureWarning)
            wrapped: nn.Module = nn.parallel.DistributedDataParallel(
                module, device_ids=devices, find_unused_parameters=True, broadcast_buffers=False
            )
        return wrapped


@contextmanager
def ranks(device: torch.device | str) -> Iterator[Ranks]:
    """Join the processes that torchrun started (``RANK``, ``WORLD_SIZE``, ``LOCAL_RANK``); alone, rank 0 of 1.

    Args:
        device: of a single process; several take ``cuda:LOCAL_RANK`` where there is CUDA, else the CPU

    >>> with ranks("cpu") as here:
    ...     here.first, here.size
    (True, 1)
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield Ranks(0, 1, torch.device(device))
        return
    cuda = torch.cuda.is_available() and torch.device(device).type != "cpu"
    place = torch.device("cuda", int(os.environ["LOCAL_RANK"])) if cuda else torch.device("cpu")
    if cuda:  # NCCL's barrier runs on the current device, which is the first one on every rank otherwise
        torch.cuda.set_device(place)
    mine = not dist.is_initialized()
    if mine:
        dist.init_process_group("nccl" if cuda else "gloo")
    try:
        yield Ranks(dist.get_rank(), dist.get_world_size(), place)
    finally:
        if mine:
            dist.destroy_process_group()
