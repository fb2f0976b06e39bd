"""What tests of every folder may ask for."""

import pytest

from transferkit.report import pictures

STAND_IN = b"\x89PNG stands for a picture"


@pytest.fixture(scope="module")
def unrendered():
    """Figures of pages are drawn but not rendered, which is half of a short run; tests/report and tests/cli render them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pictures, "png", lambda _: STAND_IN)
        yield
