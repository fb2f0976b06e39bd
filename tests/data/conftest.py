import os
from pathlib import Path

import pytest

import transferkit as tk
from transferkit.data.structures import Structures


@pytest.fixture(scope="session")
def r2scan() -> Structures:
    return tk.bundled("gpaw-pbe-r2scan", fidelity="r2SCAN")


@pytest.fixture(scope="session")
def pbe() -> Structures:
    return tk.bundled("gpaw-pbe-r2scan", fidelity="PBE")


@pytest.fixture(scope="session")
def shared() -> Path:
    folder = os.environ.get("TRANSFERKIT_SHARED", "")
    if not folder or not Path(folder).is_dir():
        pytest.skip("TRANSFERKIT_SHARED does not name a folder with the shared data")
    return Path(folder)
