"""Perturbed copies: how far, how often, and that labels stay."""

import numpy as np
from scipy.stats import kstest

import transferkit as tk
from transferkit.training.noise import gaussian, noisy_copies

DATA = tk.bundled("gpaw-pbe-r2scan")[:60]


def test_steps_are_normal_with_the_length_asked_for():
    drawn = gaussian(0.03, 2000, 0, 1, "a").ravel()
    assert kstest(drawn / 0.03, "norm").pvalue > 1e-3
    assert kstest(drawn / 0.03, "uniform", args=(-1, 2)).pvalue < 1e-6  # the test above can fail


def test_all_labels_are_those_of_the_structure():
    copies = noisy_copies(DATA, length=0.1, copies=2)
    assert len(copies) == 2 * len(DATA)
    for label in ("energy", "forces", "stress"):
        assert np.array_equal(getattr(copies[: len(DATA)], label), getattr(DATA, label), equal_nan=True)
        assert np.array_equal(copies.mask[label][len(DATA) :], DATA.mask[label])


def test_copies_differ_and_follow_from_seed_and_name_alone():
    copies = noisy_copies(DATA, length=0.1, copies=2, seed=3)
    first, second = copies[: len(DATA)].positions, copies[len(DATA) :].positions
    assert not np.allclose(first, second)
    assert np.array_equal(noisy_copies(DATA[7:], length=0.1, seed=3).positions, first[DATA.offsets[7] :])
    assert not np.allclose(noisy_copies(DATA, length=0.1, seed=4).positions, first)
