"""Words for mistakes: the place without pydantic's tags, one complaint per value, the nearest name."""

import pytest
from pydantic import ValidationError

from transferkit.beside_options import Choose
from transferkit.data_options import Split
from transferkit.options import Frozen, Wandb
from transferkit.recipe import Recipe
from transferkit.recipe_mistakes import group_at, mistakes, unknown_option

GOOD = {"name": "x", "data": {"source": "a", "fidelity": "PBE"}, "adapter": {"name": "toy"}, "training": {"steps": 2}}


def found(**wrong):
    data = GOOD | wrong
    with pytest.raises(ValidationError) as caught:
        Recipe.model_validate(data)
    return {m.option: m.text for m in mistakes(caught.value.errors(), data)}


@pytest.mark.parametrize(
    ("wrong", "option", "words"),
    [
        ({"trainng": {}}, "trainng", "Did you mean 'training'?"),
        ({"epochs": 3}, "epochs", "Did you mean pretrain.epochs or training.epochs?"),
        ({"beside": [{"source": "b", "fidelity": "HSE06", "ration": 2}]}, "beside.0.ration", "Did you mean 'ratio'?"),
        ({"beside": [{"source": "b", "fidelity": "HSE06", "ratio": 0}]}, "beside.0.ratio", "greater than 0, and is 0"),
        ({"data": {"source": "a", "fidelity": "PBE", "labels": ["force"]}}, "data.labels", "Did you mean 'forces'?"),
        ({"strategy": {"kind": "frozn"}}, "strategy.kind", "Did you mean 'frozen'?"),
        ({"strategy": {"train": ["readout"]}}, "strategy.kind", "kind is missing. Known: full"),
        ({"strategy": {"kind": "full", "train": ["x"]}}, "strategy.train", "unknown option"),
        ({"reference": {"policy": "residuals"}}, "reference.policy", "Did you mean 'residual'?"),
        ({"reference": {"trainable": "yes"}}, "reference.trainable", "only true and false are booleans"),
        ({"seed": 1.0}, "seed", "write 1"),
        ({"adapter": {"name": "toy", "checkpoint": 0.3}}, "adapter.checkpoint", 'put it in quotes: "0.3"'),
        (
            {"data": {"source": "a", "fidelity": "PBE", "split": {"fold": "x"}}},
            "data.split.fold",
            "a whole number or 'seed'",
        ),
        ({"seeds": ["a"]}, "seeds.0", "a whole number"),
        ({"loss": {"energy": -1}}, "loss.energy", "greater than or equal to 0, and is -1"),
        ({"training": {}}, "training", "exactly one of epochs and steps"),
        ({"adapter": {}}, "adapter.name", "is missing. Registered name"),
        (
            {"tracking": {"wandb": {"mode": "off"}}},
            "tracking.wandb.mode",
            "to turn it off write `tracking: {wandb: null}`",
        ),
        (
            {"tracking": {"wandb": {"mode": False}}},
            "tracking.wandb.mode",
            "to turn it off write `tracking: {wandb: null}`",
        ),
        ({"tracking": {"wandb": {"mode": "onlin"}}}, "tracking.wandb.mode", "Did you mean 'online'?"),
        ({"adapter": None}, "adapter", "should be a group of options, and is None (nothing)"),
        ({"name": "a b"}, "name", "'a b' cannot name a folder"),
        ({"compare": {"a b": {}}}, "compare.a b", "'a b' cannot name a folder"),
        ({"output": "x" * 5, "question": list(range(99))}, "question", "..."),
    ],
)
def test_each_mistake_has_its_place_and_its_remedy(wrong, option, words):
    texts = found(**wrong)
    assert list(texts) == [option]
    assert words in texts[option]


def test_groups_are_found_by_path():
    assert group_at((), {}) is Recipe
    assert group_at(("data", "split"), {}) is Split
    assert group_at(("tracking", "wandb"), {}) is Wandb
    assert group_at(("beside", 0, "choose"), {"beside": [{"choose": {}}]}) is Choose
    assert group_at(("strategy",), {"strategy": {"kind": "frozen"}}) is Frozen
    assert group_at(("strategy",), {}) is None
    assert group_at(("nowhere",), {}) is None


def test_other_names_can_be_valid_at_the_top():
    assert "Did you mean 'label'?" in unknown_option(("lable",), {}, {"label", "note"})
