"""A lock between processes that ends with the process that holds it, however it ends."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

try:
    import fcntl
except ImportError:  # there is none on Windows
    fcntl = None  # type: ignore[assignment]


@contextmanager
def exclusive(path: Path) -> Iterator[bool]:
    """Inside, no other process is inside with the same path; waits until the others are out.

    Args:
        path: of a file that is made and stays, empty

    Yields:
        whether the lock is held. Some file systems know no locks, and nothing is waited for there: whoever asks must also be
        right without, if slower.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder, exclusive(Path(folder) / "lock") as held:
    ...     held
    True
    """
    with path.open("ab") as file:
        held = False
        if fcntl is not None:
            try:
                fcntl.flock(file, fcntl.LOCK_EX)
                held = True
            except OSError:
                held = False
        yield held  # the lock ends where the file is closed
