"""Augmentation: checked options, the copies that are asked for, and that the loop learns from them."""

import numpy as np
import pytest

import transferkit as tk
from transferkit.adapters.toy import Toy
from transferkit.data.structures import concatenate
from transferkit.errors import DataError, RecipeError
from transferkit.training.augmentation import Augmentation
from transferkit.training.fit import fit
from transferkit.training.noise import noisy_copies
from transferkit.training.taylor import taylor_copies

DATA = tk.bundled("gpaw-pbe-r2scan")[:24]


@pytest.mark.parametrize(("kind", "maker"), [("noise", noisy_copies), ("taylor", taylor_copies)])
def test_it_is_the_maker_of_that_name(kind, maker):
    ours = Augmentation(kind, length=0.03, copies=2).copies_of(DATA, seed=5)
    assert np.array_equal(ours.positions, maker(DATA, length=0.03, copies=2, seed=5).positions)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "tailor"}, "Did you mean 'taylor'"),
        ({"kind": "noise", "length": 0.0}, "length"),
        ({"kind": "noise", "length": float("nan")}, "length"),
        ({"kind": "noise", "length": 5.0}, "at most 0.5 Å"),
        ({"kind": "noise", "copies": 0}, "copies is at least 1"),
    ],
)
def test_options_out_of_range(options, message):
    with pytest.raises(RecipeError, match=message):
        Augmentation(**options)


def test_the_loop_takes_the_copies_as_more_data():
    data = concatenate([DATA[:16], Augmentation("taylor", copies=1).copies_of(DATA[:16], seed=0)])
    result = fit(Toy.load("demo"), data, DATA[16:], epochs=1, structures=8, quiet=True)
    assert result.steps == 4


def test_no_structures_no_copies():
    with pytest.raises(DataError, match="no structures to make copies of"):
        Augmentation("noise").copies_of(DATA[:0], seed=0)


def test_force_labels_are_needed_for_taylor_alone():
    bare = DATA.without("forces")
    assert len(Augmentation("noise").copies_of(bare, seed=0)) == 24
    with pytest.raises(DataError, match=r"loss\.consistency"):
        Augmentation("taylor").copies_of(bare, seed=0)
