"""How many cores a process may use."""

import multiprocessing
import os


def cores() -> int:
    """Cores that this process may use, which a batch system may have made fewer than the machine has.

    >>> cores() > 0
    True
    """
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def own_cores() -> int:
    """This process's share of them: what torch was given in a worker of a pool, whose other workers need the rest.

    >>> 1 <= own_cores() <= cores()
    True
    """
    if multiprocessing.parent_process() is None:
        return cores()
    import torch

    return min(cores(), torch.get_num_threads())
