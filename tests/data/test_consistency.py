import numpy as np
import pytest
from ase.build import bulk
from ase.calculators.emt import EMT

from transferkit.data.consistency import slopes
from transferkit.data.readers import from_ase


def frames(n=12, sigma=0.01, seed=0):
    random = np.random.default_rng(seed)
    out = []
    for k in range(n):
        atoms = bulk("Cu", cubic=True)
        strain = 0.002 * random.normal(size=(3, 3))
        atoms.set_cell(atoms.cell.array @ (np.eye(3) + strain + strain.T), scale_atoms=True)
        atoms.rattle(sigma, rng=random)
        if k % 2:
            atoms.positions += atoms.cell.array[0]  # another image is the same configuration
        atoms.calc = EMT()
        atoms.get_stress()
        atoms.info["id"] = str(k)
        out.append(atoms)
    return from_ase(out, fidelity="EMT")


def test_slopes_are_one_for_a_real_potential():
    found = slopes(frames())
    assert set(found) == {"forces", "stress"}
    for slope in found.values():
        assert slope.value == pytest.approx(1.0, abs=0.05)
        assert slope.trusted


def test_slope_follows_the_unit():
    data = frames()
    assert slopes(data.with_labels(stress=3 * data.stress))["stress"].value == pytest.approx(1 / 3, rel=0.05)
    assert slopes(data.with_labels(energy=2 * data.energy))["forces"].value == pytest.approx(2, rel=0.05)


def test_without_energy_or_pairs_nothing_is_said(r2scan):
    assert slopes(r2scan.without("energy")) == {}
    assert slopes(r2scan[:1]) == {}


def test_noise_is_not_trusted():
    data = frames(n=8)
    noisy = data.with_labels(energy=data.energy + np.random.default_rng(1).normal(0, 50, len(data)))
    assert not any(s.trusted for s in slopes(noisy).values())
