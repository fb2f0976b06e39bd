"""Made-up outputs of VASP for the tests of the readers."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def made():
    """The module ``vasp_files``; tests are imported one by one (importmode=importlib), so it is loaded by its path."""
    spec = spec_from_file_location("vasp_files", Path(__file__).with_name("vasp_files.py"))
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
