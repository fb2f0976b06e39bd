"""Copies that have moved and nothing else."""

import numpy as np
import pytest

import transferkit as tk
from transferkit.data.displaced import displaced, original
from transferkit.data.structures import concatenate
from transferkit.errors import DataError


def test_positions_move_and_all_else_stays():
    data = tk.bundled("gpaw-pbe-r2scan")[:5]
    steps = np.random.default_rng(0).normal(size=data.positions.shape)
    moved = displaced(data, steps, "x")
    assert np.allclose(moved.positions - data.positions, steps)
    assert np.array_equal(moved.energy, data.energy)
    assert np.array_equal(moved.forces, data.forces)
    assert np.array_equal(moved.cell, data.cell)
    assert np.array_equal(moved.material_id, data.material_id)
    assert len(concatenate([data, moved])) == 10  # ids differ, so they can stand side by side
    assert [original(str(i)) for i in moved.id] == data.id.tolist()


def test_a_step_for_each_atom():
    data = tk.bundled("gpaw-pbe-r2scan")[:5]
    with pytest.raises(DataError, match="shape"):
        displaced(data, np.zeros((3, 3)), "x")
