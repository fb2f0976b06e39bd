"""Checks in environments of their own: `nox -s tests`, `nox -s slow`, `nox -s docs`."""

import nox

nox.options.sessions = ["lint", "tests", "docs"]
nox.options.default_venv_backend = "venv"
PYTHONS = ["3.11", "3.12", "3.13"]


def install(session: nox.Session, extras: str) -> None:
    session.install("--constraint", "constraints.txt", "--editable", f".[{extras}]")


@nox.session
def lint(session: nox.Session) -> None:
    """Style, types, and the direction of imports."""
    install(session, "dev")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy")
    session.run("lint-imports")


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Everything that takes seconds, without the extras, whose tests are skipped; `make test` has them."""
    install(session, "dev")
    session.run("pytest", "-q", "-n", "2", "-m", "not slow", *session.posargs)


@nox.session
def slow(session: nox.Session) -> None:
    """What takes minutes: whole recipes, long trainings, studies that are killed, Parsl."""
    install(session, "mace,cluster,dev")
    session.run("pytest", "-q", "-m", "slow", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation; a warning is an error."""
    install(session, "docs")
    session.run("sphinx-build", "-n", "-W", "--keep-going", "-b", "html", "docs", "docs/_build/html")


@nox.session(venv_backend="uv")
def lowest(session: nox.Session) -> None:
    """The oldest versions that pyproject.toml promises to work with."""
    session.install("--resolution", "lowest-direct", "--editable", ".[dev]")
    session.run("pytest", "-q", "-n", "2", "-m", "not slow", *session.posargs)
