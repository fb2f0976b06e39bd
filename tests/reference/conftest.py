from types import SimpleNamespace

import numpy as np
import pytest


@pytest.fixture
def system():
    """60 structures of 5 elements in 20 compositions, three frames each, with known elemental energies."""
    rng = np.random.default_rng(7)
    counts = np.repeat(np.unique(rng.integers(0, 4, (80, 5)), axis=0)[10:30].astype(float), 3, axis=0)
    elements = np.array([3, 8, 12, 14, 22])
    e0 = np.array([-2.0, -5.0, -1.5, -6.0, -8.0])
    network = -1.5 * counts.sum(axis=1) + 0.2 * rng.normal(size=len(counts))
    return SimpleNamespace(
        counts=counts,
        elements=elements,
        e0=e0,
        network=network,
        size=counts.sum(axis=1),
        compositions=np.array([str(row / row.sum()) for row in counts]),
        noise=rng.normal(size=len(counts)),
    )
