from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import transferkit as tk
from transferkit.data.subset import composition_subset, nested_subsets
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


@settings(max_examples=20, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 60), min_size=2, max_size=4),
    seed=st.integers(0, 1000),
    order=st.sampled_from(["random", "covering"]),
)
def test_subsets_of_compositions_are_nested_in_compositions_and_in_frames(sizes, seed, order):
    parts = [composition_subset(DATA, n, frames=f, seed=seed, order=order) for n in sorted(sizes) for f in (1, 2, None)]
    assert [len(set(p.composition)) for p in parts[::3]] == sorted(sizes)
    for k, small in enumerate(parts):
        for m, large in enumerate(parts):
            if k // 3 <= m // 3 and k % 3 <= m % 3:
                assert set(small.id) <= set(large.id)


def test_at_most_so_many_frames_of_each():
    part = composition_subset(DATA, 50, frames=2, seed=0)
    counts = {c: (part.composition == c).sum() for c in part.composition}
    assert max(counts.values()) == 2
    assert all(n == min(2, (DATA.composition == c).sum()) for c, n in counts.items())


def test_both_forms_follow_the_same_chain():
    whole = composition_subset(DATA, 20, seed=5)
    (part,) = nested_subsets(DATA, [len(whole)], seed=5)
    assert list(part.id) == list(whole.id)


def test_covering_brings_every_element_early_and_random_does_not():
    covering, random = (composition_subset(DATA, 30, seed=0, order=order) for order in ("covering", "random"))
    assert len(covering.elements) > len(random.elements)


@pytest.mark.parametrize(
    ("n", "order", "words"), [(0, "random", "choose 1 to"), (999, "random", "from 182"), (5, "rnd", "covering")]
)
def test_what_cannot_be_drawn_by_composition(n, order, words):
    with pytest.raises(SplitError, match=words):
        composition_subset(DATA, n, order=order)
