from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from transferkit.data.structure import Structure, reduced_formula


@pytest.mark.parametrize(
    ("numbers", "formula"),
    [
        ([11, 17], "ClNa"),
        ([8, 8, 22] * 2, "O2Ti"),
        ([7], "N"),
        ([6, 6, 1, 1], "CH"),
        ([8, 13, 8, 13, 8], "Al2O3"),
        ([], ""),
    ],
)
def test_reduced_formula(numbers, formula):
    assert reduced_formula(np.array(numbers, dtype=np.int64)) == formula


def test_a_structure_counts_atoms_and_reduces_its_own_formula():
    one = Structure(np.array([22, 8, 8] * 2), np.zeros((6, 3)), np.eye(3), np.ones(3, dtype=bool))
    assert len(one) == 6
    assert one.formula == "O2Ti"
    assert one.id == ""


def test_a_structure_cannot_be_changed():
    one = Structure(np.array([2]), np.zeros((1, 3)), np.eye(3), np.zeros(3, dtype=bool), "He")
    with pytest.raises(FrozenInstanceError):
        one.cell = 2 * np.eye(3)
