"""What tests of every folder may ask for."""

import pytest

from transferkit.report import pictures, run_page

STAND_IN = b"\x89PNG stands for a picture"


def no_pictures(run):
    """A run page without pictures, as where files are missing."""
    return {
        "policies": None,
        "e0": None,
        "learning": None,
        "parity": {},
        "elements": {name: [] for name in run.result["tests"]},
    }


@pytest.fixture(scope="module")
def unrendered():
    """Pages of runs have no pictures, which take half of a short run; tests/report, tests/cli and the docs draw them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_page, "run_pictures", no_pictures)
        patch.setattr(pictures, "png", lambda _: STAND_IN)
        yield
