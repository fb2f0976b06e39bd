"""Hold: a point is carried out by one process at a time, also where several drivers share a folder."""

import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from transferkit.run_folder import write_json
from transferkit.typing import Json

try:
    import fcntl
except ImportError:  # there is none on Windows
    fcntl = None  # type: ignore[assignment]

BEAT = 10.0
"""Seconds between two signs of life of a process that holds a point."""
SILENT = 120.0
"""Seconds without one after which a process on another machine counts as dead: several times what a shared file system
may take to show them."""


@contextmanager
def hold(stem: Path) -> Iterator[bool]:
    """Inside, the point belongs to this process, unless it belongs to another living one.

    A lock of the operating system ends with its process, however it ends; nothing stale is left behind. On file systems
    that keep such locks to one machine, the owner's signs of life stand in for it.

    Args:
        stem: of the files ``.lock`` and ``.owner.json``, which stay in a folder of their own

    Yields:
        whether it belongs to us

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder, hold(Path(folder) / "point") as mine:
    ...     mine, owner(Path(folder) / "point")["pid"] == os.getpid()
    (True, True)
    """
    stem.parent.mkdir(parents=True, exist_ok=True)
    before = owner(stem)
    elsewhere = before is not None and before["host"] != socket.gethostname()
    with stem.with_suffix(".lock").open("ab") as file:
        if not _locked(file.fileno()) or (elsewhere and alive(stem)):
            yield False
            return
        path = stem.with_suffix(".owner.json")
        write_json(path, {"host": socket.gethostname(), "pid": os.getpid(), "began": began(os.getpid())})
        over = threading.Event()
        beat = threading.Thread(target=_beat, args=(path, over), daemon=True)
        beat.start()
        try:
            yield True
        finally:
            over.set()
            beat.join()
            path.unlink(missing_ok=True)


def owner(stem: Path) -> Json | None:
    """Who holds a point, or held it when it died: {"host", "pid", "began"}; None where nobody did."""
    try:
        found: Json = json.loads(stem.with_suffix(".owner.json").read_text())
        _ = found["host"], found["pid"], found["began"]
    except (OSError, ValueError, LookupError, TypeError):
        return None
    return found


def alive(stem: Path) -> bool:
    """Whether a living process holds a point.

    Seen from the same machine, the process is looked up, and that a later one has not got its number. Seen from another
    one, its signs of life count.
    """
    found = owner(stem)
    if found is None:
        return False
    if found["host"] == socket.gethostname():
        return began(found["pid"]) is not None and began(found["pid"]) == found["began"]
    try:
        return time.time() - stem.with_suffix(".owner.json").stat().st_mtime < SILENT
    except OSError:  # it has just ended
        return False


def began(pid: int) -> str | None:
    """When a process of this machine began, as the system tells it; None where there is no such process.

    >>> began(os.getpid()) is not None
    True
    """
    try:
        # field 22; the name in brackets may hold spaces
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return _exists(pid) if not Path("/proc/self/stat").exists() else None
    return None if fields[0] == "Z" else fields[19]


def _exists(pid: int) -> str | None:
    """Without /proc, as on macOS, a number says whether there is a process, and not when it began."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        pass
    return "unknown"


def _locked(handle: int) -> bool:
    if fcntl is None:
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # the file system knows no locks: signs of life alone
        return True
    return True


def _beat(path: Path, over: threading.Event) -> None:
    while not over.wait(BEAT):
        try:
            os.utime(path)
        except OSError:  # the folder was removed under us; the run itself will say so
            return
