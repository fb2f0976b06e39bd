"""Prefetch: put the next batch together in a thread while the present one is computed, where that pays."""

from collections.abc import Iterator
from contextlib import contextmanager
from queue import Full, Queue
from threading import Event, Thread
from typing import Generic, TypeVar

import torch

T = TypeVar("T")
WAITING = 2
"""Items that wait at most: enough to even out large and small ones, and little memory."""
POLL_S = 0.05


def pays(device: torch.device) -> bool:
    """Whether a thread gains anything: on a GPU, where this process waits for the device.

    On a CPU putting a batch together takes less than a hundredth of a step of CHGNet, and the thread would take its turns
    from the step.

    >>> pays(torch.device("cpu"))
    False
    """
    return device.type == "cuda"


@contextmanager
def ahead(items: Iterator[T], *, threaded: bool) -> Iterator[Iterator[T]]:
    """Inside, the same items in the same order; with ``threaded`` they are made in a thread, at most ``WAITING`` ahead.

    An error is raised where its item would have been asked for, after all items before it. When the block is left, however
    it is left, the thread has ended.

    >>> with ahead(iter(range(3)), threaded=True) as found:
    ...     list(found)
    [0, 1, 2]
    """
    if not threaded:
        yield items
        return
    maker = Maker(items)
    maker.start()
    try:
        yield maker.taken()
    finally:
        maker.stop.set()
        maker.join()


class Maker(Thread, Generic[T]):
    """The thread: makes one item after the other until there is no more, one fails, or it is told to stop."""

    def __init__(self, items: Iterator[T]) -> None:
        """Prepare; nothing is made yet."""
        super().__init__(name="prefetch", daemon=True)
        self.items = items
        self.stop = Event()
        self.made: Queue[tuple[T] | BaseException | None] = Queue(WAITING)

    def run(self) -> None:
        """Make items; the end and an error travel like one."""
        try:
            for item in self.items:
                self._put((item,))
                if self.stop.is_set():
                    return
        except BaseException as error:  # noqa: BLE001  # raised again where it belongs
            self._put(error)
        else:
            self._put(None)

    def _put(self, what: tuple[T] | BaseException | None) -> None:
        while not self.stop.is_set():
            try:
                self.made.put(what, timeout=POLL_S)
            except Full:
                continue
            return

    def taken(self) -> Iterator[T]:
        """The items, in the thread that asks for them."""
        while (what := self.made.get()) is not None:
            if isinstance(what, BaseException):
                raise what
            yield what[0]
