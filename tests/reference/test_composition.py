import numpy as np
import pytest

from transferkit.errors import ReferenceFitError
from transferkit.reference.composition import coverage, estimable


def test_full_rank_leaves_nothing_undetermined(system):
    found = coverage(system.counts, system.elements)
    assert found.rank == 5
    assert found.undetermined == ()


def test_element_found_only_beside_one_partner_is_named_with_it():
    counts = np.array([[1.0, 1, 0, 0], [2, 2, 0, 0], [0, 0, 1, 1], [0, 0, 1, 2]])
    found = coverage(counts, [3, 9, 12, 8])
    assert found.rank == 3
    assert found.undetermined == (3, 9)


def test_absent_element_is_undetermined():
    assert coverage(np.array([[1.0, 0.0]]), [3, 8]).undetermined == (8,)


def test_constant_oxygen_share_confounds_all():
    counts = np.array([[1.0, 0, 1], [0, 1, 1]])
    assert coverage(counts, [3, 11, 9]).undetermined == (3, 9, 11)


def test_counts_per_element_count_structures_and_compositions():
    counts = np.array([[1.0, 1.0], [2.0, 2.0], [0.0, 1.0]])
    found = coverage(counts, [12, 8])
    assert found.structures_per_element.tolist() == [2, 3]
    assert found.compositions_per_element.tolist() == [1, 2]  # MgO twice is one composition


def test_names_of_compositions_are_taken_where_given():
    counts = np.array([[1.0, 1.0], [1.0, 1.0]])
    assert coverage(counts, [12, 8], ["rocksalt", "wurtzite"]).compositions_per_element.tolist() == [2, 2]
    with pytest.raises(ReferenceFitError, match="3 names of compositions were given for 2"):
        coverage(counts, [12, 8], ["a", "b", "c"])


def test_text_names_undetermined_elements():
    text = str(coverage(np.array([[1.0, 1.0, 0.0], [0.0, 0.0, 1.0]]), [12, 8, 14]))
    assert "rank 2" in text
    assert "undetermined: O, Mg" in text


def test_estimable_sum_with_undetermined_elements():
    train = np.array([[1.0, 1, 0], [0, 0, 1]])
    other = np.array([[3.0, 3, 0], [1, 1, 1], [1, 2, 0]])
    assert estimable(train, other).tolist() == [True, True, False]


def test_estimable_refuses_other_columns():
    with pytest.raises(ReferenceFitError, match="2 columns, the others 3"):
        estimable(np.ones((1, 2)), np.ones((1, 3)))


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        (np.ones((2, 3)), "with 2 elements it must be"),
        (np.ones((0, 2)), "no structures"),
        (np.array([[1.0, 1.0], [0.0, 0.0]]), "structure 1 has no atoms"),
    ],
)
def test_impossible_counts_are_refused(counts, message):
    with pytest.raises(ReferenceFitError, match=message):
        coverage(counts, [3, 8])


def test_repeated_element_is_refused():
    with pytest.raises(ReferenceFitError, match="stands twice"):
        coverage(np.ones((1, 2)), [8, 8])
