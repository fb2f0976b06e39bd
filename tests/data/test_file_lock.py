"""One at a time, and a killed process holds nothing."""

import subprocess
import sys
import time

import pytest

from transferkit.data import file_lock
from transferkit.data.file_lock import exclusive

HOLD = """
import sys, time
from pathlib import Path
from transferkit.data.file_lock import exclusive
with exclusive(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""


@pytest.fixture
def hold(tmp_path):
    children = []

    def start(seconds):
        command = [sys.executable, "-c", HOLD, str(tmp_path / "lock"), str(seconds)]
        children.append(subprocess.Popen(command, stdout=subprocess.PIPE))
        assert children[-1].stdout.readline() == b"held\n"
        return children[-1]

    yield start
    for child in children:
        child.kill()
        child.communicate()


def test_one_waits_for_the_other(tmp_path, hold):
    hold(0.5)
    begun = time.monotonic()
    with exclusive(tmp_path / "lock") as held:
        assert held
        assert time.monotonic() - begun > 0.2


def test_a_killed_process_holds_nothing(tmp_path, hold):
    hold(60).kill()
    with exclusive(tmp_path / "lock") as held:
        assert held


def test_a_file_system_without_locks_says_so(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError("no locks available")

    monkeypatch.setattr(file_lock.fcntl, "flock", refuse)
    with exclusive(tmp_path / "lock") as held:
        assert not held
    monkeypatch.setattr(file_lock, "fcntl", None)
    with exclusive(tmp_path / "lock") as held:
        assert not held
