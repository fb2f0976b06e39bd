"""Blocks are chosen by name, family or range; anything else is an error that lists them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transferkit.errors import UnknownBlock
from transferkit.finetuning.blocks import head_blocks, select

ORDER = ["embedding", "interaction.0", "interaction.1", "interaction.10", "magmom", "readout.a", "readout.b"]
BLOCKS = {name: [] for name in ORDER}


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["embedding"], [0]),
        (["interaction"], [1, 2, 3]),
        (["interaction.1"], [2]),  # a block, not the start of interaction.10
        (["interaction.1:"], [2, 3, 4, 5, 6]),
        ([":interaction.1"], [0, 1, 2]),
        (["interaction.0:interaction.10"], [1, 2, 3]),
        (["embedding:interaction"], [0, 1, 2, 3]),
        (["interaction:readout.a"], [1, 2, 3, 4, 5]),
        ([":"], list(range(7))),
        (["readout", "embedding", "readout.a"], [0, 5, 6]),
        ([], []),
    ],
)
def test_names_families_and_ranges(names, expected):
    assert select(BLOCKS, names) == tuple(ORDER[i] for i in expected)


@given(st.lists(st.sampled_from([*ORDER, "interaction", "readout", "interaction.1:", ":magmom"])))
def test_the_order_is_the_mappings_and_nothing_comes_twice(names):
    chosen = select(BLOCKS, names)
    assert list(chosen) == [b for b in ORDER if b in chosen]
    assert set(chosen) == {b for name in names for b in select(BLOCKS, [name])}


@pytest.mark.parametrize("name", ["interacton.1", "interaction.2", "interaction.", "", "readout.a:nothing", "read"])
def test_an_unknown_name_lists_the_known_ones(name):
    with pytest.raises(UnknownBlock, match=r"no block is called .*Known: .*embedding"):
        select(BLOCKS, [name])


def test_the_nearest_name_is_offered():
    with pytest.raises(UnknownBlock, match=r"Did you mean 'interaction\.1'"):
        select(BLOCKS, ["interacton.1"])


def test_a_range_that_runs_backwards_is_refused():
    with pytest.raises(UnknownBlock, match="runs backwards"):
        select(BLOCKS, ["readout:embedding"])


def test_heads_are_readouts_and_moments_where_there_are_some():
    assert head_blocks(BLOCKS) == ("magmom", "readout.a", "readout.b")
    assert head_blocks({"embedding": [], "readout.a": []}) == ("readout.a",)
    with pytest.raises(UnknownBlock, match="readout"):
        head_blocks({"embedding": [], "magmom": []})
