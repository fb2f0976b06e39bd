"""Every Python example in README.md, docs/ and the docstrings runs as a test, in a folder of its own."""

import os
import tempfile
from doctest import ELLIPSIS, NORMALIZE_WHITESPACE
from pathlib import Path
from typing import Any

# Before torch, matplotlib and wandb are imported, here and in every process that a test starts.
os.environ.setdefault("OMP_NUM_THREADS", "1")  # two workers on two cores
os.environ.setdefault("MPLBACKEND", "Agg")
os.environ.setdefault("WANDB_MODE", "disabled")
os.environ.setdefault("WANDB_SILENT", "true")

import pytest
from sybil import Sybil
from sybil.parsers.doctest import DocTestParser
from sybil.parsers.myst import PythonCodeBlockParser, SkipParser

FLAGS = ELLIPSIS | NORMALIZE_WHITESPACE
PLACE = "_place"


def enter(namespace: dict[str, Any]) -> None:
    """Let an example's files land in an empty folder."""
    folder = tempfile.TemporaryDirectory(prefix="transferkit-docs-", ignore_cleanup_errors=True)
    namespace[PLACE] = (folder, Path.cwd())
    os.chdir(folder.name)


def leave(namespace: dict[str, Any]) -> None:
    """Go back and remove the folder."""
    folder, before = namespace[PLACE]
    os.chdir(before)
    folder.cleanup()


_python = DocTestParser(FLAGS)
_markdown = [PythonCodeBlockParser(doctest_optionflags=FLAGS), SkipParser()]
_collect = [
    Sybil([_python], path="transferkit", patterns=["*.py"], setup=enter, teardown=leave).pytest(),
    Sybil(_markdown, path="docs", patterns=["*.md"], setup=enter, teardown=leave).pytest(),
    Sybil(_markdown, filenames=["README.md"], setup=enter, teardown=leave).pytest(),
]


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Examples of one file are one document: the later ones use names of the earlier ones."""
    return next((found for collect in _collect if (found := collect(file_path, parent))), None)


@pytest.hookimpl(optionalhook=True, tryfirst=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """With ``-n``, keep the tests of one file on one worker: examples build on each other, fixtures are made once."""
    from xdist.scheduler import LoadFileScheduling

    return LoadFileScheduling(config, log)
