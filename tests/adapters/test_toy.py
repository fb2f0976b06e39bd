"""The toy's own files and molecules; the rest is in the contract."""

from dataclasses import replace

import numpy as np
import pytest

from transferkit.adapters.toy import Toy
from transferkit.errors import CheckpointError
from transferkit.testing import small_structures

EVERYTHING = frozenset({"energy", "forces", "stress", "magmoms"})


def test_a_molecule_without_a_cell():
    molecule = replace(small_structures()["skewed"], pbc=np.zeros(3, dtype=bool), cell=np.zeros((3, 3)))
    potential = Toy.load("demo")
    out = potential(potential.collate([potential.graph(molecule)]), need=EVERYTHING)
    assert out.forces.isfinite().all()
    assert out.stress.isnan().all()


def test_a_file_that_is_not_the_toys(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(CheckpointError, match="not a file that the toy adapter wrote"):
        Toy.load(path)


def test_the_demo_is_the_same_every_time_and_not_flat():
    a, b = Toy.load("demo"), Toy.load("demo")
    crystal = small_structures()["crystal"]
    one, two = (p(p.collate([p.graph(crystal)]), need=EVERYTHING) for p in (a, b))
    assert one.energy.item() == two.energy.item()
    assert one.forces.abs().max() > 1e-3
    assert (one.magmoms >= 0).all()
