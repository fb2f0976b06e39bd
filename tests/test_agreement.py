"""Recipes that contradict themselves between data, sets beside them, heads and the start."""

import pytest
from pydantic import ValidationError

from transferkit.agreement import new_heads, trained_heads

SCRATCH = {"kind": "from-scratch"}
MINUS = {"source": "b", "fidelity": "PBE"}


@pytest.mark.parametrize(
    ("groups", "words"),
    [
        ({"adapter": {"name": "toy", "head": "default", "new_head": {"name": "r2SCAN"}}}, "no data reach it"),
        ({"adapter": {"name": "toy", "new_head": {"name": "HSE06"}}}, "called 'HSE06' and the data are 'r2SCAN'"),
        (
            {"beside": {"new_head": {"name": "r2SCAN"}, "head": "r2SCAN"}, "adapter": {"name": "toy", "new_head": {"name": "r2SCAN"}}},
            "'r2SCAN' is added twice",
        ),
        ({"beside": {"new_head": {"name": "HSE06"}}}, "would go through 'PBE'"),
        ({"beside": {"new_head": {"name": "PBE"}, "pseudo": True}}, "leave pseudo out"),
        ({"beside": {"pseudo": True}, "strategy": SCRATCH}, "goes without beside.0.pseudo"),
        ({"anchor": {}, "strategy": SCRATCH}, "goes without anchor"),
        ({"adapter": {"name": "toy", "new_head": {"name": "r2SCAN"}}, "strategy": SCRATCH}, "goes without adapter.new_head"),
        ({"pretrain": {"steps": 1, "scratch": "full"}, "strategy": SCRATCH}, "leave pretrain.scratch out"),
        ({"pretrain": {"steps": 1, "fidelity": "r2SCAN"}}, "pretrain holds r2SCAN labels, as the data themselves do"),
        ({"pretrain": {}}, "exactly one of epochs and steps"),
        ({"beside": {"source": "bundled:gpaw-pbe-r2scan", "fidelity": "r2SCAN"}}, "which are the data themselves"),
        ({"beside": {"labels": ["forces"]}}, "beside.0.reference: keep"),
        ({"beside": {"ratio": 0}}, "greater than 0"),
        ({"beside": {"weight": -1}}, "greater than 0"),
        ({"beside": {"choose": {"structures": 0}}}, "greater than 0"),
        ({"beside": {"labels": []}}, "at least 1"),
        ({"beside": {"labels": ["energy", "energy"]}}, "stands twice"),
        ({"data": {"source": "a", "fidelity": "PBE", "labels": ["forces"]}}, "data.labels has no energy"),
        ({"data": {"source": "a", "fidelity": "PBE", "minus": MINUS}}, "nothing is left to learn"),
        ({"data": {"source": "a", "fidelity": "r2SCAN", "minus": MINUS | {"label_convention": "mp2020"}}}, "mp2020, raw"),
        ({"data": {"source": "a", "fidelity": "r2SCAN", "minus": MINUS}, "beside": {}}, "cannot mean both"),
        ({"anchor": {"strength": 0}}, "greater than 0"),
        ({"forgetting": MINUS, "strategy": SCRATCH}, "leave forgetting out"),
    ],
)  # fmt: skip
def test_contradictions(several_levels, groups, words):
    with pytest.raises(ValidationError) as caught:
        several_levels(**groups)
    assert words in str(caught.value)


def test_what_fits_together(several_levels):
    head = {"name": "toy", "new_head": {"name": "r2SCAN"}}
    found = several_levels(adapter=head, beside={"new_head": {"name": "PBE", "shape": "last-linear"}})
    assert trained_heads(found) == {"data": "r2SCAN", "beside.0": "PBE"}
    assert [new.name for new in new_heads(found)] == ["r2SCAN", "PBE"]
    several_levels(adapter=head, strategy=SCRATCH, pretrain={"steps": 1}, anchor={})
    several_levels(beside={"labels": ["forces"], "reference": "keep", "head": "default"})
