"""Ctrl-C and the scheduler's SIGTERM end a run between two steps, never inside one."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)
ONE_REQUEST = 0.5
"""Seconds: signals closer together than this are one request, which reached a process from the terminal or the batch
system and again from the process that started it."""


class Interruption:
    """Whether somebody asked to stop."""

    def __init__(self) -> None:
        """Nobody has asked yet."""
        self.asked = False
        self.when = 0.0

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Remember the first request; obey the second at once."""
        del frame
        if self.asked and monotonic() - self.when > ONE_REQUEST:
            raise KeyboardInterrupt(f"signal {number} for the second time")
        if not self.asked:
            self.asked, self.when = True, monotonic()


@contextmanager
def interruption() -> Iterator[Interruption]:
    """Inside, the first SIGINT or SIGTERM only sets ``asked``; another one, later, raises KeyboardInterrupt.

    Handlers are put back afterwards. Outside the main thread Python delivers no signals, and nothing is installed.

    >>> with interruption() as request:
    ...     signal.raise_signal(signal.SIGINT)
    ...     request.asked
    True
    """
    request = Interruption()
    if threading.current_thread() is not threading.main_thread():
        yield request
        return
    before = {number: signal.signal(number, request) for number in SIGNALS}
    try:
        yield request
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
