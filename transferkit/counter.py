"""A bar for work that is counted: nothing if it is quick, a bar on a terminal, a line now and then in a log."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

COLUMNS = (
    TextColumn("{task.description}"),
    BarColumn(),
    MofNCompleteColumn(),
    TimeElapsedColumn(),
    TimeRemainingColumn(),
)
"""Of a bar for runs or points, which may take hours."""
QUICK_S = 1.0
"""Seconds before anything is shown."""
LINE_S = 30.0
"""Seconds between two lines in a log."""


@contextmanager
def counter(what: str, *, quiet: bool = False) -> Iterator[Callable[[int, int], None]]:
    """Inside, a function that is told (done, all) as often as one likes; writes to stderr.

    >>> with counter("graphs") as tell:
    ...     tell(3, 10)
    """
    console = Console(stderr=True, quiet=quiet)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=quiet or not console.is_terminal,
    )
    task = bar.add_task(what, total=None)
    begun = monotonic()
    line = begun + LINE_S

    def tell(done: int, of: int) -> None:
        nonlocal line
        now = monotonic()
        if bar.disable:
            if now > line:
                console.print(f"{what}: {done} of {of}", highlight=False)
                line = now + LINE_S
            return
        if now - begun > QUICK_S:
            bar.start()
            bar.update(task, completed=done, total=of)

    try:
        yield tell
    finally:
        bar.stop()
