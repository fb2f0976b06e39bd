import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transferkit.data.batch import plan, rng
from transferkit.errors import DataError


@given(
    edges=st.lists(st.integers(0, 50), min_size=1, max_size=60),
    budget=st.integers(1, 80),
    limit=st.none() | st.integers(1, 6),
    shuffle=st.booleans(),
    epoch=st.integers(0, 3),
)
def test_every_structure_once_within_budget_and_limit(edges, budget, limit, shuffle, epoch):
    sizes = np.array(edges)
    batches = plan(sizes, budget=budget, seed=1, epoch=epoch, shuffle=shuffle, max_structures=limit)
    assert sorted(np.concatenate(batches)) == list(range(len(edges)))
    for batch in batches:
        assert sizes[batch].sum() <= budget or len(batch) == 1
        assert limit is None or len(batch) <= limit


def test_without_shuffling_order_is_kept():
    batches = plan(np.full(7, 3), budget=9, seed=0, epoch=0, shuffle=False)
    assert np.concatenate(batches).tolist() == list(range(7))


def test_epochs_and_seeds_have_their_own_order():
    orders = {
        tuple(np.concatenate(plan(np.ones(40, int), budget=4, seed=s, epoch=e))) for s in range(3) for e in range(3)
    }
    assert len(orders) == 9


def test_plan_is_the_same_on_any_machine():
    assert np.concatenate(plan(np.ones(8, int), budget=3, seed=0, epoch=0)).tolist() == [2, 1, 4, 0, 7, 5, 3, 6]


def test_random_numbers_depend_on_each_argument():
    base = (0, 0, 0, "order")
    others = [(1, 0, 0, "order"), (0, 1, 0, "order"), (0, 0, 1, "order"), (0, 0, 0, "drop")]
    first = rng(*base).random()
    assert first == rng(*base).random()
    assert len({first, *(rng(*o).random() for o in others)}) == 5


def test_nothing_gives_no_batches():
    assert plan(np.zeros(0, int), budget=5, seed=0, epoch=0) == []


@pytest.mark.parametrize("options", [{"budget": 0}, {"budget": 5, "max_structures": 0}])
def test_impossible_limits_are_refused(options):
    with pytest.raises(DataError, match="must be allowed at least 1"):
        plan(np.ones(3, int), seed=0, epoch=0, **options)
