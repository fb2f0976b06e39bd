"""The published energy points of paper A (arXiv 2504.05565, figure 6), N > 1,000, in eV/atom; and quick simulated studies."""

import numpy as np
import pytest

SIZES = np.array([1008.0, 1987, 4036, 19347, 38561, 190521])


@pytest.fixture
def paper():
    """Sizes, transfer errors, scratch errors."""
    transfer = np.array([73.0, 52, 38, 23, 20, 15])
    scratch = np.array([482.0, 354, 228, 71, 49, 22])
    return SIZES, transfer / 1000, scratch / 1000
