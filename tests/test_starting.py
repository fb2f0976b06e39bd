"""Starting: heads are added where a recipe says so, and no level of theory goes through a head by chance."""

import pytest

from transferkit.errors import RecipeError, UnknownHead
from transferkit.recipe import Recipe
from transferkit.starting import foreseen, heads_of, start, with_heads

NEW = {"name": "toy", "new_head": {"name": "r2SCAN"}}
SCRATCH = {"kind": "from-scratch", "config": "tiny"}


def test_random_weights_have_one_head_per_level_and_no_other(several_levels):
    recipe = several_levels(strategy=SCRATCH, beside={"new_head": {"name": "PBE", "shape": "last-linear"}})
    model = start(recipe)
    assert model.adapter.heads == ("r2SCAN", "PBE")
    assert heads_of(model, recipe) == {"data": "r2SCAN", "beside.0": "PBE"}
    assert "shared.r2SCAN" in model.blocks()


def test_random_weights_alone_keep_their_head(several_levels):
    assert start(several_levels(strategy=SCRATCH)).adapter.heads == ("default",)


def test_two_levels_need_two_heads(several_levels):
    recipe = several_levels(beside={})
    with pytest.raises(UnknownHead) as caught:
        heads_of(start(recipe), recipe)
    for words in ("data (r2SCAN) and beside.0 (PBE)", "'default'", "adapter.new_head: {name: r2SCAN}"):
        assert words in str(caught.value)


def test_two_levels_go_through_one_head_where_that_is_said(several_levels):
    recipe = several_levels(beside={"head": "default"})
    assert heads_of(start(recipe), recipe) == {"data": "default", "beside.0": "default"}


def test_a_level_without_a_head_is_refused(several_levels):
    recipe = several_levels(adapter=NEW, beside={})
    with pytest.raises(UnknownHead, match=r"beside\.0 holds PBE labels, and no head is known to be: default") as caught:
        heads_of(start(recipe), recipe)
    assert "beside.0.new_head: {name: PBE}" in str(caught.value)


def test_what_is_predicted_at_the_start_keeps_its_e0(several_levels):
    labels = {"source": "b", "fidelity": "PBE", "head": "default"}
    for adapter, sets, option in (
        ({"name": "toy"}, [labels | {"pseudo": True}], "reference.policy"),
        (NEW, [labels | {"pseudo": True}, labels], "beside.1.reference"),
    ):
        recipe = several_levels(adapter=adapter).model_dump(exclude_unset=True)
        with pytest.raises(RecipeError, match=f"E0 that the head 'default' has then.* write {option}: keep"):
            heads_of(start(several_levels(adapter=adapter)), Recipe.model_validate(recipe | {"beside": sets}))
        sets[0]["labels"] = ["forces"]
        heads_of(start(several_levels(adapter=adapter)), Recipe.model_validate(recipe | {"beside": sets}))
    kept = several_levels(adapter={"name": "toy"}, reference={"policy": "keep"}, beside=labels | {"pseudo": True})
    assert heads_of(start(kept), kept) == {"data": "default", "beside.0": "default"}


def test_a_new_head_is_not_taken_for_the_level_that_it_is_a_copy_of(several_levels):
    recipe = several_levels(adapter={"name": "chgnet", "new_head": {"name": "r2SCAN"}}, beside={})
    model = start(recipe)
    assert set(model.fidelities.values()) == {"PBE"}
    assert heads_of(model, recipe) == {"data": "r2SCAN", "beside.0": "default"}


def test_a_set_may_bring_its_head(several_levels):
    recipe = several_levels(beside={"new_head": {"name": "PBE"}}, adapter={"name": "toy", "head": "default"})
    model = start(recipe)
    assert model.adapter.heads == ("default", "PBE")
    assert heads_of(model, recipe) == {"data": "default", "beside.0": "PBE"}


def test_heads_are_added_after_pre_training(several_levels):
    recipe = several_levels(adapter=NEW, pretrain={"steps": 1}, beside={})
    model = start(recipe)
    assert model.adapter.heads == ("default",)
    ready, heads = foreseen(model, recipe)
    assert heads == {"data": "r2SCAN", "beside.0": "default"}  # by then, default is a PBE head
    assert model.adapter.heads == ("default",)
    assert ready.adapter.heads == with_heads(model, recipe).adapter.heads


def test_pre_training_may_begin_with_random_weights_and_any_strategy(several_levels):
    frozen = {"kind": "frozen", "train": ["readout"]}
    a, b = (start(several_levels(strategy=frozen, pretrain={"steps": 1, "scratch": size})) for size in ("tiny", "full"))
    assert sum(p.numel() for p in a.parameters()) < sum(p.numel() for p in b.parameters())
    assert not a.reference().energies.any()
