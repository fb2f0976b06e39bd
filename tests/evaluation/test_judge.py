"""Undetermined structures are counted apart, never averaged in."""

import numpy as np

import transferkit as tk
from transferkit.evaluation.judge import determined, judge, symmetry_free


def cells(*formulas):
    data = tk.bundled("gpaw-pbe-r2scan", fidelity="r2SCAN")
    return data[np.isin(data.composition.astype(str), formulas)]


def test_a_structure_with_an_element_that_training_lacks_is_undetermined():
    train, test = cells("MgO", "LiF", "FLi"), cells("MgO", "CaO")
    known = determined(train, test)
    assert set(test.composition[known]) == {"MgO"}
    assert set(test.composition[~known]) == {"CaO"}


def test_a_sum_can_be_determined_where_its_elements_are_not():
    mgo = cells("MgO")
    assert determined(mgo[:1], mgo).all()


def test_errors_of_undetermined_structures_do_not_enter_the_others():
    train, test = cells("MgO"), cells("MgO", "CaO")
    off = np.where(test.composition.astype(str) == "CaO", 50.0, 0.1) * test.n_atoms
    out = judge(train, test, test, test.with_labels(energy=test.energy + off))
    assert np.isclose(out["final"]["energy"]["mae"], 0.1)
    assert np.isclose(out["step0"]["energy"]["mae"], 0.0)
    assert np.isclose(out["undetermined"]["final"]["energy"]["mae"], 50.0)
    assert set(out["undetermined"]["ids"]) == {i for i, c in zip(test.id, test.composition, strict=True) if c == "CaO"}


def test_without_undetermined_structures_there_is_nothing_apart():
    mgo = cells("MgO")
    assert judge(mgo, mgo, mgo, mgo)["undetermined"] == {"ids": [], "step0": None, "final": None}


def test_elements_know_how_many_training_compositions_hold_them():
    train, test = cells("MgO", "CaO"), cells("MgO", "CaO", "CaF2")
    rows = judge(train, test, test, test)["final"]["by_element"]
    assert {symbol: row["n_train"] for symbol, row in rows.items()} == {"O": 2, "Mg": 1, "Ca": 1}


def test_worst_structures_are_of_those_that_are_determined():
    train, test = cells("MgO"), cells("MgO", "CaO")
    off = np.where(test.composition.astype(str) == "CaO", 50.0, 0.1) * test.n_atoms
    rows = judge(train, test, test, test.with_labels(energy=test.energy + off))["worst"]
    assert {row["formula"] for row in rows} == {"MgO"}


def test_symmetry_free_components_follow_the_atoms():
    data = cells("MgO")
    free = symmetry_free(data)
    assert free.shape == data.forces.shape
    ideal = data.columns["kind"][data.owner] == "ideal"
    assert not free[ideal].any()
    assert free[data.columns["kind"][data.owner] == "rat"].any()
    assert symmetry_free(data[:0]).shape == (0, 3)
