import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transferkit.data.referenced import referenced


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 10_000), robust=st.booleans())
def test_a_constant_per_element_leaves_nothing(r2scan, seed, robust):
    constants = np.random.default_rng(seed).normal(-8, 5, len(r2scan.elements))
    found = referenced(r2scan.with_labels(energy=r2scan.counts() @ constants), robust=robust)
    assert np.abs(found.residual).max() < 1e-8
    assert found.constants == pytest.approx(constants, abs=1e-6)
    assert found.rank == 45


def test_robust_constants_do_not_follow_wrong_energies(r2scan):
    rows = np.arange(0, 367, 12)
    energy = r2scan.energy.copy()
    energy[rows] += 100.0 * r2scan.n_atoms[rows]
    found = referenced(r2scan.with_labels(energy=energy), robust=True)
    assert (found.residual[rows] > 90).mean() > 0.9
    assert found.spread < 0.3
    assert referenced(r2scan.with_labels(energy=energy)).spread > 1.0


def test_absent_energies_stay_absent(r2scan):
    found = referenced(r2scan.without("energy"))
    assert np.isnan(found.residual).all()
    assert found.rms is None
    assert found.spread == 0.0
    assert referenced(r2scan[:1]).rms is None
