"""The command line as a whole."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from transferkit import __version__
from transferkit.cli import app
from transferkit.console import CODES

VERBS = {"adapters", "describe", "convert", "gap", "reference", "check", "run", "evaluate", "report", "export"}
COMMAND = [sys.executable, "-m", "transferkit"]
DATA = "bundled:gpaw-pbe-r2scan"


def run(*arguments, code=0):
    ended = CliRunner().invoke(app, [str(a) for a in arguments])
    assert ended.exit_code == code, ended.output
    return ended


def test_help_names_every_verb():
    text = run("--help").stdout
    assert all(f" {verb} " in text for verb in VERBS)
    assert all(str(code) in text.partition("Exit codes")[2] for code in CODES)


def test_the_version():
    assert run("--version").stdout == f"transferkit {__version__}\n"


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_every_verb_that_prints_a_result_takes_json(verb):
    assert "--json" in run(verb, "--help").stdout


MISTAKES = {
    "describe": ("nowhere.xyz@PBE",),
    "convert": (DATA, "x.txt"),
    "gap": (DATA, "nowhere.xyz@PBE"),
    "reference": ("nowhere.xyz@PBE",),
    "check": ("nowhere.yaml",),
    "run": ("nowhere.yaml",),
    "evaluate": (".", "nowhere.xyz@PBE"),
    "report": (".",),
    "export": (".", "x"),
}


@pytest.mark.parametrize("verb", sorted(MISTAKES))
def test_a_mistake_is_a_message_and_debug_is_a_traceback(verb, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ended = run(verb, *MISTAKES[verb], code=2)
    assert "Error: " in ended.stderr
    assert "Traceback" not in ended.stderr
    for arguments in (
        ("--debug", verb, *MISTAKES[verb]),
        (verb, "--debug", *MISTAKES[verb]),
        (verb, *MISTAKES[verb], "--debug"),
    ):
        assert "Traceback" in run(*arguments, code=2).stderr


@pytest.mark.parametrize("arguments", [["describe", DATA], ["adapters", "--json"], ["--help"]], ids=" ".join)
def test_a_reader_that_leaves_is_no_mistake(arguments):
    # a pipe that is closed before anything is written
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([*COMMAND, *arguments], stdout=write, stderr=subprocess.PIPE, text=True, check=False)
    os.close(write)
    assert done.stderr == ""
    assert done.returncode in {0, 1}  # 1 is typer's own, for its help


LONG = """
name: long
data: {source: "bundled:gpaw-pbe-r2scan", fidelity: r2SCAN, split: {fold: 0}, subset: 16}
adapter: {name: toy}
training: {steps: 1000000, evaluate_every: 5, evaluate_unit: steps, batch: {structures: 4}}
tracking: {wandb: null}
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_a_run_that_is_stopped_keeps_a_checkpoint(number, tmp_path):
    (tmp_path / "long.yaml").write_text(LONG)
    child = _begin(tmp_path)
    log = tmp_path / "x" / "metrics.jsonl"
    _wait(child, lambda: log.exists() and len(log.read_text().splitlines()) > 1)
    child.send_signal(number)
    _, said = child.communicate(timeout=60)
    assert child.returncode == 130
    assert "The same command goes on from there" in said
    assert "Traceback" not in said
    assert list((tmp_path / "x" / "checkpoint").glob("step-*"))


def test_a_run_that_is_stopped_before_training_says_so(tmp_path):
    (tmp_path / "long.yaml").write_text(LONG)
    child = _begin(tmp_path)
    _wait(child, (tmp_path / "x" / "identity.json").exists)
    child.send_signal(signal.SIGTERM)
    _, said = child.communicate(timeout=60)
    assert child.returncode == 130
    assert "the same command goes on" in said.lower()
    assert "Traceback" not in said


def _begin(folder: Path):
    return subprocess.Popen(
        [*COMMAND, "run", "long.yaml", "--output", "x"],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
    )


def _wait(child, ready):
    give_up = time.monotonic() + 120
    while not ready():
        assert child.poll() is None, child.communicate()[1]
        assert time.monotonic() < give_up, "it did not begin"
        time.sleep(0.05)
