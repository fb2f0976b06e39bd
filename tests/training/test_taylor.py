"""Energies of displaced copies: right to first order, and refused without forces."""

import numpy as np
import pytest
import torch

import transferkit as tk
from transferkit.adapters.toy import Toy
from transferkit.errors import DataError
from transferkit.evaluation.predict import predict
from transferkit.training.taylor import taylor_copies

DATA = tk.bundled("gpaw-pbe-r2scan")[:30]


def test_the_error_of_the_energy_is_of_second_order():
    exact = Toy.load("demo", dtype=torch.float64)
    cells = DATA[np.flatnonzero(DATA.n_atoms > 1)[:8]]
    cells = taylor_copies(cells, length=0.2)  # away from symmetric sites, so that forces are not zero
    labelled = predict(exact, cells)
    errors = []
    for length in (0.04, 0.02):
        copies = taylor_copies(labelled, length=length, seed=1)
        errors.append(np.abs(copies.energy - predict(exact, copies).energy))
        unmoved = np.abs(labelled.energy - predict(exact, copies).energy)
        assert np.median(errors[-1] / unmoved) < 0.5  # better than the energy of where it came from
    assert np.median(errors[0] / errors[1]) == pytest.approx(4, rel=0.3)


def test_copies_have_an_energy_and_no_other_label():
    copies = taylor_copies(DATA, length=0.02, copies=3)
    assert len(copies) == 90
    assert {p for p in copies.mask if copies.has(p).any()} == {"energy"}
    assert np.isnan(copies.forces).all()
    steps = copies[:30].positions - DATA.positions
    assert np.abs(steps).max() < 0.04  # a cube, less the mean
    work = [np.sum(steps[DATA.owner == s] * DATA.forces[DATA.owner == s]) for s in range(30)]
    assert np.allclose(copies.energy[:30], DATA.energy - work, atol=1e-12)
    assert len(set(copies.id)) == 90


def test_the_same_seed_the_same_copies():
    a, b, c = (taylor_copies(DATA, length=0.02, seed=s).positions for s in (0, 0, 1))
    assert np.array_equal(a, b)
    assert not np.allclose(a, c)


@pytest.mark.parametrize("lacking", ["forces", "energy"])
def test_without_forces_or_energies_it_is_refused(lacking):
    with pytest.raises(
        DataError, match=rf"30 of 30 training structures lack them, e.g. '.*' has no {lacking}.*kind: noise"
    ):
        taylor_copies(DATA.without(lacking), length=0.02)
