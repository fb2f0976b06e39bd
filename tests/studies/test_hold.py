"""A point belongs to one living process; what dead ones left does not count."""

import json
import os
import socket
import subprocess
import sys
import time

from transferkit.studies import hold as module
from transferkit.studies.hold import alive, began, hold, owner

HOLD = """
import sys, time
from pathlib import Path
from transferkit.studies.hold import hold
with hold(Path(sys.argv[1])) as mine:
    print(mine, flush=True)
    time.sleep(60)
"""


def other(stem):
    child = subprocess.Popen([sys.executable, "-c", HOLD, str(stem)], stdout=subprocess.PIPE, text=True)
    assert child.stdout.readline() == "True\n"
    return child


def test_one_process_at_a_time_and_a_killed_one_leaves_nothing_stale(tmp_path):
    stem = tmp_path / "states" / "abc"
    child = other(stem)
    try:
        assert owner(stem)["pid"] == child.pid
        assert alive(stem)
        with hold(stem) as mine:
            assert not mine
        assert alive(stem)
    finally:
        child.kill()
        child.wait()
        child.stdout.close()
    assert owner(stem)["pid"] == child.pid
    assert not alive(stem)
    with hold(stem) as mine:
        assert mine
        assert owner(stem)["pid"] == os.getpid()
    assert owner(stem) is None


def test_a_number_that_went_to_another_process_is_not_the_owner(tmp_path):
    stem = tmp_path / "a"
    told = {"host": socket.gethostname(), "pid": os.getpid(), "began": "1"}
    stem.with_suffix(".owner.json").write_text(json.dumps(told))
    assert not alive(stem)
    with hold(stem) as mine:
        assert mine


def test_another_machine_counts_by_its_signs_of_life(tmp_path):
    stem = tmp_path / "a"
    path = stem.with_suffix(".owner.json")
    path.write_text(json.dumps({"host": "elsewhere", "pid": 1, "began": "1"}))
    assert alive(stem)
    with hold(stem) as mine:
        assert not mine
    assert owner(stem)["host"] == "elsewhere"
    long_ago = time.time() - module.SILENT - 1
    os.utime(path, (long_ago, long_ago))
    assert not alive(stem)
    with hold(stem) as mine:
        assert mine


def test_signs_of_life_are_given(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "BEAT", 0.01)
    stem = tmp_path / "a"
    with hold(stem) as mine:
        assert mine
        path = stem.with_suffix(".owner.json")
        os.utime(path, (0, 0))
        for _ in range(500):
            if path.stat().st_mtime > 0:
                break
            time.sleep(0.01)
        assert path.stat().st_mtime > 0


def test_a_damaged_file_is_nobody(tmp_path):
    (tmp_path / "a.owner.json").write_text("{")
    assert owner(tmp_path / "a") is None
    assert not alive(tmp_path / "a")


def test_a_process_that_is_not_there_has_not_begun():
    assert began(2**22 + 1) is None
    assert began(os.getpid()) == began(os.getpid()) is not None
