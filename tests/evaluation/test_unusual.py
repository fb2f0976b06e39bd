import numpy as np
import pytest

import transferkit as tk
from transferkit.evaluation.unusual import familiar


@pytest.fixture(scope="module")
def data():
    return tk.bundled("gpaw-pbe-r2scan", fidelity="r2SCAN")


@pytest.fixture(scope="module")
def oxides(data):
    return data[np.isin(data.composition.astype(str), ["MgO", "CaO", "OSr", "BaO", "LiNa"])]


def test_a_structure_of_the_middle_of_training_is_not_unusual(data):
    train = familiar(data)
    rows = [s for s in range(len(data)) if str(data.composition[s]) == "MgO"]
    assert any(train.unusual(data, s) == [] for s in rows)


def test_elements_and_kinds_that_training_lacks_are_named(data):
    mgo = data[data.composition.astype(str) == "MgO"]
    train = familiar(mgo[:1])
    assert train.elements == {"Mg": 1, "O": 1}
    said = train.unusual(data[data.composition.astype(str) == "CaF2"], 0)
    assert "Ca is in no training composition" in said
    assert "of its kind (halide) there is no training composition" in said
    assert "Mg is in 1 training composition" in train.unusual(mgo, 1)


def test_large_forces_stress_and_close_atoms_are_said_with_their_values(data):
    one = data[data.composition.astype(str) == "MgO"][:1]
    from dataclasses import replace

    strange = replace(
        one,
        forces=one.forces + 50.0,
        stress=one.stress + 3.0,
        positions=np.array([[0.0, 0, 0], [0.8, 0, 0]]),
        cell=one.cell * 3,
    )
    said = "; ".join(familiar(data).unusual(strange, 0))
    assert "far from equilibrium: a force of 86.6 eV/Å" in said
    assert "strained: a stress of 48" in said
    assert "atoms close together: 0.39 of the sum of their radii" in said
    assert "open: " in said


def test_labels_that_are_absent_are_not_compared(data):
    train = familiar(data.without("forces", "stress"))
    assert (train.force, train.stress) == (None, None)
    bare = data[data.composition.astype(str) == "MgO"].without("forces", "stress")
    assert not any("stress" in text for text in familiar(data).unusual(bare, 0))


def test_one_training_structure_lone_atoms_and_nothing_are_no_error(data):
    assert familiar(data[:1]).closest > 0.5
    assert familiar(data[:0]).volume is None
    assert familiar(data[:0]).closest is None
    from dataclasses import replace

    atom = data[np.flatnonzero(data.n_atoms == data.n_atoms.min())[:1]]
    far = replace(atom, cell=atom.cell * 20, positions=atom.positions * 20)
    assert familiar(far).closest is None
    assert not any("close together" in text for text in familiar(data).unusual(far, 0))
