"""The interchange ends with its driver."""

import subprocess
import sys
import time
from pathlib import Path

WATCH = "import os, time; from transferkit.studies import interchange as m; m.LOOK_S = 0.05; m.watch(os.getppid())"


def test_it_ends_when_its_driver_is_gone(tmp_path):
    code = f"import subprocess, sys, time; c = subprocess.Popen([sys.executable, '-c', {WATCH!r}]); print(c.pid, flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as driver:
        child = Path(f"/proc/{int(driver.stdout.readline())}")
        time.sleep(0.5)
        assert child.exists()
        driver.kill()
    deadline = time.monotonic() + 30
    while child.exists() and ") Z" not in (child / "stat").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.05)
