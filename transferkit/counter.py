"""A bar for work that is counted: nothing if it is quick, a bar on a terminal, a line now and then in a log."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

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


class Rate(ProgressColumn):
    """How many are done in a second.

    Args:
        of: what they are called
    """

    def __init__(self, of: str = "steps") -> None:
        """Remember what."""
        self.of = of
        super().__init__()

    def render(self, task: Task) -> Text:
        """Of the last half minute or so."""
        return Text(f"{task.speed:.2f} {self.of}/s" if task.speed else f"- {self.of}/s", style="progress.data.speed")


@contextmanager
def counter(what: str, *, rate: str = "", quiet: bool = False) -> Iterator[Callable[[int, int], None]]:
    """Inside, a function that is told (done, all) as often as one likes; writes to stderr.

    Args:
        what: is counted
        rate: what one of them is called in the plural, to show how many are done in a second
        quiet: show nothing

    >>> with counter("graphs") as tell:
    ...     tell(3, 10)
    """
    console = Console(stderr=True, quiet=quiet)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        *([Rate(rate)] if rate else []),
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
                speed = f", {done / (now - begun):.2f} {rate}/s" if rate else ""
                console.print(f"{what}: {done} of {of}{speed}", highlight=False)
                line = now + LINE_S
            return
        if now - begun > QUICK_S:
            bar.start()
            bar.update(task, completed=done, total=of)

    try:
        yield tell
    finally:
        bar.stop()
