"""Made-up outputs of VASP, and JSON files, for the tests of the readers."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest


def load(name):
    """A module of this folder; tests are imported one by one (importmode=importlib), so it is loaded by its path."""
    spec = spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def made():
    """The module ``vasp_files``."""
    return load("vasp_files")


@pytest.fixture(scope="session")
def layouts():
    """The module ``json_files``."""
    return load("json_files")
