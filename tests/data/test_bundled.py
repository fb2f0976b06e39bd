from collections import Counter

import numpy as np
import pytest
from ase.data import chemical_symbols

import transferkit as tk
from transferkit.data.bundled import bundled, card, folds
from transferkit.data.readers import read
from transferkit.errors import DataError

NAME = "gpaw-pbe-r2scan"


def test_counts_of_the_card_are_those_of_the_data(r2scan):
    stated = card(NAME)["counts"]
    assert stated == {
        "structures": len(r2scan),
        "atoms": len(r2scan.numbers),
        "compositions": len(set(r2scan.composition)),
        "materials": len(set(r2scan.material_id)),
        "elements": len(r2scan.elements),
        "kinds": dict(Counter(r2scan.columns["kind"])),
        "largest_structure": int(r2scan.n_atoms.max()),
    }
    assert sorted(card(NAME)["elements"]) == sorted(chemical_symbols[z] for z in r2scan.elements)


def test_issues_of_the_card_are_those_of_the_data(r2scan, pbe):
    issues = " ".join(card(NAME)["known_issues"])
    total = np.zeros((len(r2scan), 3))
    np.add.at(total, r2scan.owner, r2scan.forces)
    assert f"{np.abs(total).max():.3f} eV/Å in r2SCAN" in issues
    small = (r2scan.columns["gap"] < 0.2) | (pbe.columns["gap"] < 0.2)
    assert f"{small.sum()} pairs have a gap below 0.2 eV" in issues


def test_card_describes_what_is_there(r2scan):
    about = card(NAME)
    assert set(about["columns"]) == set(r2scan.columns)
    assert about["label_convention"] == r2scan.label_convention
    assert {name for name in about["labels"] if r2scan.has(name).all()} == {"energy", "forces", "stress"}
    assert about["licence"] == "CC-BY-4.0"
    assert about["fidelities"] == ["PBE", "r2SCAN"]
    assert {"method", "citation", "limits", "known_issues", "reference_atoms"} <= set(about)


def test_fidelities_are_paired(r2scan, pbe):
    assert list(r2scan.id) == list(pbe.id)
    assert np.array_equal(r2scan.positions, pbe.positions)
    assert np.array_equal(r2scan.cell, pbe.cell)
    assert not np.array_equal(r2scan.energy, pbe.energy)
    assert (set(r2scan.columns["functional"]), set(pbe.columns["functional"])) == ({"r2SCAN"}, {"PBE"})


def test_unknown_names_list_the_known_ones():
    with pytest.raises(DataError, match="Did you mean 'gpaw-pbe-r2scan'"):
        bundled("gpaw-pbe-r2scn")
    with pytest.raises(DataError, match="Did you mean 'r2SCAN'"):
        tk.bundled(NAME, fidelity="r2scan")
    for ask in (card, folds):
        with pytest.raises(DataError, match="no bundled data set is called 'x'"):
            ask("x")


@pytest.mark.shared
@pytest.mark.parametrize("fidelity", ["PBE", "r2SCAN"])
def test_shipped_files_come_from_the_labelled_ones(shared, fidelity):
    assert (
        read(shared / "data/gpaw_pbe_r2scan" / f"{fidelity}.extxyz", fidelity=fidelity).hash
        == bundled(NAME, fidelity=fidelity).hash
    )
