"""How many cores a process may use."""

import multiprocessing
import os


def cores() -> int:
    """Cores that this process may use, which a batch system may have made fewer than the machine has.

    >>> cores() > 0
    True
    """
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def threads_for(workers: int) -> int:
    """Threads for each of so many workers: its share of the cores, and no more than the user's OMP_NUM_THREADS.

    Threads wait for each other in every operation, so on a busy machine one more than there are free cores is far slower
    than one fewer; who sets the variable knows of others that the core count does not show.

    >>> threads_for(10**6)
    1
    """
    share = max(1, cores() // workers)
    told = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    return min(share, int(told)) if told.isdecimal() and int(told) > 0 else share


def own_cores() -> int:
    """This process's share of them: what torch was given in a worker of a pool, whose other workers need the rest.

    >>> 1 <= own_cores() <= cores()
    True
    """
    if multiprocessing.parent_process() is None:
        return cores()
    import torch

    return min(cores(), torch.get_num_threads())
