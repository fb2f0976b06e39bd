"""Nobody who was killed leaves a process behind."""

import multiprocessing
import subprocess
import sys
import threading

from transferkit.orphan import end_with_parent

PARENT = """
import multiprocessing, os, signal
from concurrent.futures import ProcessPoolExecutor
from transferkit.orphan import end_with_parent
if __name__ == "__main__":
    pool = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), initializer=end_with_parent)
    print(pool.submit(max, 1, 2).result(), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_worker_ends_when_its_parent_is_killed():
    """Its output is open as long as a process holds it, so this would wait for a worker that lives on."""
    done = subprocess.run([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (-9, b"2\n")


def test_a_process_of_its_own_watches_nobody():
    before = threading.active_count()
    assert multiprocessing.parent_process() is None
    end_with_parent()
    assert threading.active_count() == before
