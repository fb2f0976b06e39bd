from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import transferkit as tk
from transferkit.data.subset import nested_subsets
from transferkit.errors import SplitError

DATA = tk.bundled("gpaw-pbe-r2scan")


@settings(max_examples=30, deadline=None)
@given(
    sizes=st.lists(st.integers(1, len(DATA)), min_size=2, max_size=5),
    seed=st.integers(0, 1000),
    by=st.sampled_from(["composition", "material", "prototype", "random"]),
)
def test_subsets_are_nested_and_of_the_asked_size(sizes, seed, by):
    subsets = nested_subsets(DATA, sizes, seed=seed, by=by)
    assert [len(s) for s in subsets] == sizes
    ordered = sorted(subsets, key=len)
    for small, large in pairwise(ordered):
        assert set(small.id) <= set(large.id)


def test_only_the_last_composition_is_cut():
    (part,) = nested_subsets(DATA, [100], seed=0)
    whole = [c for c in set(part.composition) if (part.composition == c).sum() == (DATA.composition == c).sum()]
    assert len(whole) >= len(set(part.composition)) - 1


def test_seeds_differ():
    assert set(nested_subsets(DATA, [50], seed=0)[0].id) != set(nested_subsets(DATA, [50], seed=1)[0].id)


@pytest.mark.parametrize("size", [0, -1, len(DATA) + 1])
def test_impossible_sizes_are_refused(size):
    with pytest.raises(SplitError, match=f"a subset of {size} structures"):
        nested_subsets(DATA, [10, size], seed=0)
