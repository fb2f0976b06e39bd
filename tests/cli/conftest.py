"""The command line as tests call it, and what its verbs work on."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from transferkit.cli import app
from transferkit.data.bundled import bundled

SMOKE = Path(__file__).parents[2] / "recipes" / "smoke.yaml"
ONE_RUN = ("compare=null", "baseline=null", "seeds=null")
"""Overrides that make one run of a comparison."""


def _run(*arguments, code=0):
    ended = CliRunner().invoke(app, [str(a) for a in arguments])
    assert ended.exit_code == code, ended.output
    return ended


@pytest.fixture(scope="session")
def run():
    """Call the command line, expect an exit code, give back what it printed."""
    return _run


@pytest.fixture(scope="session")
def read():
    """Call the command line with ``--json`` and give back the result."""
    return lambda *arguments, code=0: json.loads(_run(*arguments, "--json", code=code).stdout)


@pytest.fixture(scope="session")
def smoke():
    """The recipe of the toy potential: a comparison."""
    return SMOKE


@pytest.fixture(scope="session")
def one_run():
    """Arguments that make one run of the toy potential."""
    return (SMOKE, "--smoke", *ONE_RUN)


@pytest.fixture(scope="session")
def finished(tmp_path_factory, one_run, read):
    """One finished run of the toy potential."""
    folder = tmp_path_factory.mktemp("cli") / "run"
    assert read("run", *one_run, "--output", folder)["kind"] == "run"
    return folder


@pytest.fixture(scope="session")
def few(tmp_path_factory):
    """A file with a few labelled structures."""
    from transferkit.data.store import write_parquet

    path = tmp_path_factory.mktemp("cli") / "few.parquet"
    write_parquet(bundled("gpaw-pbe-r2scan")[:6], path)
    return path
