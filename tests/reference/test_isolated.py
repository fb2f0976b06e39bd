import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.singlepoint import SinglePointCalculator

import transferkit as tk
from transferkit.data.readers import from_ase
from transferkit.errors import ReferenceFitError
from transferkit.reference.isolated import refuse_isolated_only


def labelled(*frames):
    for k, atoms in enumerate(frames):
        atoms.info["id"] = str(k)
        atoms.calc = SinglePointCalculator(atoms, energy=-1.0 - k)
    return from_ase(frames, fidelity="PBE")


def test_atoms_alone_are_refused_with_the_way_to_use_them():
    alone = labelled(Atoms("H"), Atoms("C", cell=10 * np.eye(3), pbc=True), Atoms("H"))
    with pytest.raises(ReferenceFitError, match=r"all 3 structures.*isolated_atoms: \{H: -1\.0000, C: -2\.0000\}"):
        refuse_isolated_only(alone)
    with pytest.raises(ReferenceFitError, match="isolated atoms: they say nothing about bonds"):
        tk.rereference(tk.load("toy"), alone)


def test_a_single_bond_is_enough():
    refuse_isolated_only(labelled(Atoms("H"), bulk("Cu")))  # one atom per cell, with neighbours in the next
    refuse_isolated_only(labelled(Atoms("H"), Atoms("H2", positions=[[0, 0, 0], [0, 0, 8.0]])))
