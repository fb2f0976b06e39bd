import numpy as np
import pytest

from transferkit.data.parts import absent_elements, finish, hold_back
from transferkit.errors import SplitError


def test_every_group_keeps_a_frame(r2scan):
    rows = np.arange(len(r2scan))
    stay, held, notes = hold_back(r2scan, rows, r2scan.composition, share=0.99, seed=0)
    assert set(r2scan.composition[stay]) == set(r2scan.composition)
    assert len(held["known materials"]) == len(r2scan) - len(set(r2scan.composition))
    assert notes == []
    assert not set(stay) & set(held["known materials"])


def test_absent_elements_lists_every_structure(r2scan):
    oxygen = np.flatnonzero([8 in one.numbers for one in r2scan])
    rest = np.setdiff1d(np.arange(len(r2scan)), oxygen)
    assert absent_elements(r2scan[rest], r2scan[oxygen])["O"] == list(r2scan.id[oxygen])


def test_an_empty_part_is_refused_by_name(r2scan):
    none, rows = np.zeros(0, dtype=int), np.arange(4)
    with pytest.raises(SplitError, match="'unseen compositions' would be empty"):
        finish(r2scan, {"train": rows, "valid": rows, "unseen compositions": none}, {}, [])
    with pytest.raises(SplitError, match="'train' would be empty"):
        finish(r2scan, {"train": none, "valid": rows, "unseen compositions": rows}, {}, [])
