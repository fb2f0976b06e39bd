"""How the command line speaks: results on stdout, the rest on stderr, one exit code per kind of ending."""

import json
import signal
from typing import Annotated

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from transferkit.console import BUG, CODES, INTERRUPTED, MISTAKE, Verbs, note, show, table
from transferkit.errors import DataError, Interrupted

ENDINGS = {
    "mistake": DataError("the file 'a' is empty"),
    "missing": FileNotFoundError(2, "No such file", "a"),
    "bug": ZeroDivisionError("division by zero"),
    "ctrl-c": KeyboardInterrupt(),
    "stopped": Interrupted("stopped at step 3"),
    "exit": typer.Exit(7),
    "left": BrokenPipeError(32, "Broken pipe"),
}

app = typer.Typer(cls=Verbs, pretty_exceptions_enable=False)


@app.callback()
def main(*, debug: Annotated[bool, typer.Option("--debug")] = False) -> None: ...


@app.command()
def end(how: str) -> None:
    note("working")
    if how == "sigterm":
        signal.raise_signal(signal.SIGTERM)
    if how in ENDINGS:
        raise ENDINGS[how]
    show({"how": how, "x": float("nan")}, text=f"ended {how}", as_json=how == "json")


def run(*arguments):
    return CliRunner().invoke(app, list(arguments))


@pytest.mark.parametrize(
    ("how", "code", "words"),
    [
        ("mistake", MISTAKE, "DataError: the file 'a' is empty"),
        ("missing", MISTAKE, "No such file"),
        ("bug", BUG, "This is a mistake in transferkit, not yours: ZeroDivisionError"),
        ("ctrl-c", INTERRUPTED, "Interrupted"),
        ("sigterm", INTERRUPTED, "Interrupted"),
        ("stopped", INTERRUPTED, "stopped at step 3"),
        ("exit", 7, ""),
        ("left", 0, ""),
        ("well", 0, ""),
    ],
)
def test_endings(how, code, words):
    ended = run("end", how)
    assert ended.exit_code == code
    assert words in ended.stderr
    assert "Traceback" not in ended.stderr


def test_sigterm_is_as_before_after_a_verb():
    before = signal.getsignal(signal.SIGTERM)
    run("end", "well")
    assert signal.getsignal(signal.SIGTERM) == before


def test_every_ending_has_a_code_that_is_documented():
    assert {*CODES} == {0, BUG, MISTAKE, INTERRUPTED}


@pytest.mark.parametrize("arguments", [("--debug", "end", "bug"), ("end", "bug", "--debug")])
def test_debug_lets_the_error_through(arguments):
    assert isinstance(run(*arguments).exception, ZeroDivisionError)


@pytest.mark.parametrize(("how", "code"), [("mistake", MISTAKE), ("missing", MISTAKE), ("stopped", INTERRUPTED)])
def test_debug_keeps_the_exit_code_of_the_users_mistake(how, code):
    ended = run("--debug", "end", how)
    assert ended.exit_code == code
    assert ended.stderr.count("Traceback") == 1
    assert str(ENDINGS[how]) in ended.stderr


def test_debug_behind_two_dashes_is_a_value():
    assert "ended --debug" in run("end", "--", "--debug").stdout


@pytest.mark.parametrize("arguments", [("ennd", "x"), ("end",), ("end", "x", "--unknown")])
def test_wrong_use_is_the_users_mistake(arguments):
    assert run(*arguments).exit_code == MISTAKE


def test_results_and_notes_go_different_ways():
    ended = run("end", "well")
    assert ended.stdout == "ended well\n"
    assert ended.stderr == "working\n"


def test_json_is_strict():
    assert json.loads(run("end", "json").stdout) == {"how": "json", "x": None}


def test_json_takes_the_numbers_of_numpy(capsys):
    show({"a": [np.float64(1.5), float("inf")], 3: (np.int64(2),)}, text="", as_json=True)
    assert json.loads(capsys.readouterr().out) == {"a": [1.5, None], "3": [2]}


def test_tables_show_every_cell(capsys):
    show(None, text=table(("a", "b"), [(1, "x"), (2, "y")], title="t"), as_json=False)
    shown = capsys.readouterr().out
    assert all(word in shown for word in ("t", "a", "b", "1", "x", "2", "y"))
