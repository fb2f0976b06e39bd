"""Workers: they import once, live on, are replaced when they die, and end with their driver."""

import os
import signal
import subprocess
import sys
import time

import pytest

from transferkit.errors import StudyError
from transferkit.studies import workers as module
from transferkit.studies.workers import Local, gpus_here, prepare

CREW = """
import os, signal, sys, time
from pathlib import Path
import transferkit.studies.workers as module
from transferkit.studies.order import Order, Outcome
from transferkit.recipe import Recipe

class Quick(module.Local): pass

def work(order):
    if order.key == "die" and not (order.study / "died").exists():
        (order.study / "died").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    if order.key == "long":
        (order.study / f"pid-{os.getpid()}").touch()
        try:
            time.sleep(120)
        except KeyboardInterrupt:
            (order.study / "stopped").touch()
            return Outcome("interrupted")
    return Outcome("done", f"{os.getpid()} {os.environ.get('CUDA_VISIBLE_DEVICES')} {os.environ['OMP_NUM_THREADS']}")

def nothing(threads): pass

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # which a job in the background of a shell begins without
    plain = {"name": "x", "data": {"source": "a", "fidelity": "PBE"}, "adapter": {"name": "toy"}, "training": {"steps": 1}}
    recipe, study = Recipe.model_validate(plain), Path(sys.argv[1])
    crew = module.Local(2, gpus=["3", "5"], work=work)
    keys = sys.argv[2:]
    for key in keys:
        crew.submit(Order(key, key, key, recipe, study))
    left = len(keys)
    try:
        while left:
            for order, outcome in crew.poll(0.2):
                print(order.key, outcome.state, outcome.why, flush=True)
                left -= 1
    finally:
        crew.stop()
"""


@pytest.fixture
def driver(tmp_path):
    (tmp_path / "crew.py").write_text(CREW)
    # what a worker imports takes long and is tested elsewhere
    (tmp_path / "sitecustomize.py").write_text(
        "import transferkit.studies.workers as module\nmodule.prepare = lambda threads: None\nmodule.DRIVER_GONE = 0.1\n"
    )
    started = []

    def start(*keys):
        path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
        started.append(
            subprocess.Popen(
                [sys.executable, str(tmp_path / "crew.py"), str(tmp_path), *keys],
                env=os.environ | {"PYTHONPATH": path},
                stdout=subprocess.PIPE,
                text=True,
            )
        )
        return started[-1]

    yield start
    for child in started:
        child.kill()
        child.wait()
        child.stdout.close()


def test_a_dead_worker_is_replaced_its_point_is_lost_and_the_others_go_on(driver):
    said, _ = driver("a", "die", "b", "c", "d").communicate(timeout=120)
    lines = [line.split() for line in said.splitlines()]
    assert sorted((line[0], line[1]) for line in lines) == [
        ("a", "done"),
        ("b", "done"),
        ("c", "done"),
        ("d", "done"),
        ("die", "lost"),
    ]
    done = [line for line in lines if line[1] == "done"]
    assert {line[3] for line in done} <= {"3", "5"}  # each worker sees one GPU
    by_pid = {line[2]: line[3] for line in done}
    assert all(by_pid[line[2]] == line[3] for line in done)
    assert "signal 9" in said


def test_without_a_driver_a_point_stops_as_if_asked(driver, tmp_path):
    child = driver("long")
    _wait(lambda: [*tmp_path.glob("pid-*")])
    child.kill()
    _wait((tmp_path / "stopped").exists)
    pid = int(next(tmp_path.glob("pid-*")).name.removeprefix("pid-"))
    _wait(lambda: not _lives(pid))


def test_a_stop_reaches_points_under_way(driver, tmp_path):
    child = driver("long")
    _wait(lambda: [*tmp_path.glob("pid-*")])
    child.send_signal(signal.SIGINT)
    child.wait(60)
    assert (tmp_path / "stopped").exists()


def _lives(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _wait(true):
    deadline = time.monotonic() + 120
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_workers_that_cannot_start_are_not_tried_for_ever(monkeypatch):
    class Dead(module.Worker):
        def __init__(self, *_):
            self.ready, self.order, self.gpu, self.threads, self.work = False, None, None, 1, None
            self.pipe = self.process = self
            self.exitcode = -9

        def join(self, *_):
            pass

        close = join

    monkeypatch.setattr(module, "Worker", Dead)
    crew = Local(1)
    for _ in range(3):
        crew._replace(crew.workers[0])
    with pytest.raises(StudyError, match=r"4 workers .* signal 9"):
        crew._replace(crew.workers[0])


@pytest.mark.parametrize(("given", "found"), [("0,2", ["0", "2"]), ("", []), ("-1", []), (" GPU-a ", ["GPU-a"])])
def test_gpus_by_what_may_be_used(monkeypatch, given, found):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", given)
    assert gpus_here() == found


def test_gpus_where_nothing_is_said(monkeypatch, tmp_path):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert gpus_here() == []
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\necho 'GPU 0: H100 (UUID: a)'\necho 'GPU 1: H100 (UUID: b)'\n")
    program.chmod(0o755)
    assert gpus_here() == ["0", "1"]


def test_threads_are_shared():
    import torch

    before = torch.get_num_threads()
    try:
        prepare(1)
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)


def test_nothing_heavy_is_imported_before_a_worker_knows_its_gpu():
    code = "import sys, transferkit.studies.workers, transferkit.studies.drive; print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
