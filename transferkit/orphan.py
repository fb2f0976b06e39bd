"""A worker process that ends with the process that started it, also where that one was killed and could not say so."""

import multiprocessing
import os
from multiprocessing.process import BaseProcess
from threading import Thread


def end_with_parent() -> None:
    """Watch the process that started this one, in a thread; once in a worker, which else would wait for work for ever.

    Does nothing in a process that multiprocessing did not start. What the worker is doing is cut off.

    >>> end_with_parent()
    """
    parent = multiprocessing.parent_process()
    if parent is not None:
        Thread(target=_watch, args=(parent,), name="watch-parent", daemon=True).start()


def _watch(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)
