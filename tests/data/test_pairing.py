"""Pairs by id: the same geometry, or a clear refusal."""

from dataclasses import replace

import numpy as np
import pytest

import transferkit as tk
from transferkit.data.pairing import SAME_PLACE, apart, pairs
from transferkit.errors import DataError

PBE, R2SCAN = (tk.bundled("gpaw-pbe-r2scan", fidelity=f)[:12] for f in ("PBE", "r2SCAN"))


def moved(data, row, by):
    positions = np.array(data.positions)
    positions[data.offsets[row]] += by
    return replace(data, positions=positions)


def test_rows_of_both_sets_are_named_in_the_order_of_the_first():
    found = pairs(PBE, R2SCAN[[5, 3, 9]])
    assert found.first.tolist() == [3, 5, 9]
    assert found.second.tolist() == [1, 0, 2]
    assert len(found) == 3


def test_nothing_in_common_is_no_mistake():
    assert len(pairs(PBE[:3], R2SCAN[5:])) == 0


def test_another_geometry_is_refused_with_the_id_and_the_largest_difference():
    with pytest.raises(DataError) as caught:
        pairs(PBE, moved(R2SCAN, 4, [0.0, 0.25, 0.0]))
    assert repr(str(PBE.id[4])) in str(caught.value)
    assert "positions differ by up to 0.25 Å" in str(caught.value)
    assert "different ids" in str(caught.value)


def test_rounding_is_no_difference():
    assert len(pairs(PBE, moved(R2SCAN, 4, 0.5 * SAME_PLACE))) == 12


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"numbers": PBE.numbers[::-1]}, "other elements"),
        ({"pbc": ~PBE.pbc}, "periodic"),
        ({"cell": PBE.cell + 0.125}, "lattice vectors by up to 0.125 Å"),
    ],
)
def test_what_differs_is_said(change, words):
    other = replace(PBE, **change)
    rows = [s for s in range(len(PBE)) if apart(PBE.structure(s), other.structure(s))]
    assert words in apart(PBE.structure(rows[0]), other.structure(rows[0]))


def test_another_number_of_atoms():
    data = tk.bundled("gpaw-pbe-r2scan")
    small, large = int(np.argmin(data.n_atoms)), int(np.argmax(data.n_atoms))
    words = f"{data.n_atoms[small]} and {data.n_atoms[large]} atoms"
    assert apart(data.structure(small), data.structure(large)) == words
