"""Structures that no potential can take."""

from dataclasses import replace

import numpy as np
import pytest

from transferkit.adapters.preflight import require_cell, require_distinct, require_finite
from transferkit.data.structures import Structure
from transferkit.errors import GraphError
from transferkit.testing import small_structures


def test_what_is_fine_passes():
    for structure in small_structures().values():
        require_finite(structure)
        require_cell(structure, "X")
    require_distinct(structure, np.array([1.0, 2.0]), np.array([0, 1]), np.array([1, 0]))
    require_distinct(structure, np.array([]), np.array([]), np.array([]))


def test_empty_and_not_finite():
    empty = Structure(np.zeros(0, dtype=np.int64), np.zeros((0, 3)), np.eye(3), np.ones(3, dtype=bool), "none")
    with pytest.raises(GraphError, match="no atoms"):
        require_finite(empty)
    cell = np.diag([np.inf, 1.0, 1.0])
    with pytest.raises(GraphError, match="its cell"):
        require_finite(replace(small_structures()["skewed"], cell=cell))


def test_no_cell_names_the_remedy():
    with pytest.raises(GraphError, match=r"atoms.center\(vacuum=8\)"):
        require_cell(replace(small_structures()["skewed"], pbc=np.zeros(3, dtype=bool)), "X")


def test_coinciding_atoms_are_named():
    with pytest.raises(GraphError, match=r"atoms 2 and 0 are 0\.0010"):
        require_distinct(small_structures()["skewed"], np.array([1.0, 0.001]), np.array([0, 2]), np.array([1, 0]))
