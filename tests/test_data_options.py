"""Options of data: labels by their names, and neutral defaults that leave a run what it was."""

import pytest
from pydantic import ValidationError

from transferkit.data_options import Data, known_labels
from transferkit.recipe import Recipe, identity
from transferkit.typing import PROPERTIES

PLAIN = {"data": {"source": "a", "fidelity": "r2SCAN"}, "adapter": {"name": "toy"}, "training": {"steps": 2}}


def test_labels_are_those_of_the_package():
    assert known_labels(PROPERTIES) == PROPERTIES
    with pytest.raises(ValidationError, match="Did you mean 'stress'"):
        Data(source="a", fidelity="PBE", labels=["stres"])


@pytest.mark.parametrize(
    "changed",
    [
        {"data": {**PLAIN["data"], "labels": ["energy"]}},
        {"data": {**PLAIN["data"], "minus": {"source": "b", "fidelity": "PBE"}}},
        {"beside": [{"source": "b", "fidelity": "PBE"}]},
        {"pretrain": {"source": "b", "fidelity": "PBE", "steps": 1}},
        {"anchor": {}},
        {"forgetting": {"source": "b", "fidelity": "PBE"}},
        {"loss": {"energy_of": "structure"}},
        {"adapter": {"name": "toy", "new_head": {"name": "r2SCAN", "shape": "last-linear"}}},
    ],
)
def test_what_changes_a_run_changes_its_identity(changed):
    neutral = {"beside": [], "pretrain": None, "anchor": None, "forgetting": None}
    plain = {"name": "x", **PLAIN}
    if "adapter" in changed:
        plain["adapter"] = {"name": "toy", "new_head": {"name": "r2SCAN"}}
    before = identity(Recipe.model_validate(plain))
    assert identity(Recipe.model_validate(plain | neutral)) == before
    assert identity(Recipe.model_validate(plain | changed)) != before
