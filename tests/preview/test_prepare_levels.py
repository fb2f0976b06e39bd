"""Other levels of theory before the first step: every mistake of theirs is found, and none is raised."""

import pytest

from transferkit.pool import Job
from transferkit.preview.attempts import Attempts
from transferkit.preview.facts import sets
from transferkit.preview.prepare import prepare
from transferkit.preview.prepare_levels import groups
from transferkit.recipe import Recipe

PBE = {"source": "bundled:gpaw-pbe-r2scan@PBE", "fidelity": "PBE"}
NEW = {"name": "toy", "new_head": {"name": "r2SCAN"}}
BESIDE = {"adapter": NEW, "beside": [PBE | {"head": "default"}]}


def prepared(recipe, tmp_path, **options):
    attempts = Attempts()
    resolved = recipe(**options)
    found = prepare(Job("", resolved.seed, resolved, tmp_path / "run"), attempts)
    return found, [m["what"] for m in attempts.mistakes()]


def test_a_run_with_all_of_them_can_start(recipe, tmp_path):
    found, mistakes = prepared(
        recipe, tmp_path, adapter=NEW, beside=[PBE], pretrain=PBE | {"steps": 2}, forgetting=PBE, anchor={}
    )
    assert mistakes == []
    assert found.complete
    assert found.heads == {"data": "r2SCAN", "beside.0": "default"}
    assert list(found.levels.referenced) == ["default"]
    assert found.referenced.potential.fidelities == {"default": "PBE", "r2SCAN": "r2SCAN"}
    assert len(found.levels.held) == 67
    assert [row["set"] for row in sets(found)] == ["pretrain", "data", "beside.0"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"beside": [PBE]}, "would both go through the head 'default'"),
        ({"adapter": NEW, "beside": [PBE]}, "no head is known to be: default"),
        ({"beside": [{"source": "nowhere.xyz", "fidelity": "PBE", "head": "default"}]}, "nowhere.xyz"),
        ({"adapter": NEW, "beside": [PBE | {"head": "defualt"}]}, "Did you mean 'default'"),
        (
            {"adapter": NEW, "beside": [PBE | {"head": "default", "labels": ["energy", "magmoms"]}]},
            "beside.0.labels names magmoms",
        ),
        ({"pretrain": {"source": "nowhere.xyz", "fidelity": "PBE", "steps": 1}}, "nowhere.xyz"),
        ({"pretrain": PBE | {"steps": 1, "head": "PBE"}}, "no head called 'PBE'"),
        ({"pretrain": PBE | {"steps": 1, "labels": ["energy", "magmoms"]}}, "pretrain.labels names magmoms"),
        ({"forgetting": {"source": "nowhere.xyz", "fidelity": "PBE"}}, "nowhere.xyz"),
        ({"adapter": {"name": "toy", "new_head": {"name": "r2SCAN", "shape": "embedding"}}} | {"anchor": {"on": "heads"}}, ""),
    ],
)  # fmt: skip
def test_mistakes(recipe, tmp_path, options, words):
    found, mistakes = prepared(recipe, tmp_path, **options)
    assert len(mistakes) == (1 if words else 0), mistakes
    assert words in "".join(mistakes)
    assert found.complete == (not words)


def test_predictions_stand_for_labels(recipe, tmp_path):
    pseudo = {"adapter": NEW, "beside": [PBE | {"head": "default", "pseudo": True, "labels": ["forces", "magmoms"]}]}
    found, mistakes = prepared(recipe, tmp_path, **pseudo, data=recipe().data.model_dump() | {"labels": ["energy"]})
    assert mistakes == []
    assert sorted(found.need) == ["energy", "forces", "magmoms"]
    assert sets(found)[1]["labels"] == {"forces": 240, "magmoms": 240}
    assert sets(found)[0]["labels"] == {"energy": 40}


def test_a_few_are_chosen(recipe, tmp_path):
    choose = {"structures": 15, "how": "farthest"}
    found, _ = prepared(recipe, tmp_path, adapter=NEW, beside=[PBE | {"head": "default", "choose": choose}])
    assert sets(found)[1]["structures"] == 15


def test_groups_are_named_as_their_sets():
    plain = {"data": {"source": "a", "fidelity": "r2SCAN"}, "adapter": {"name": "toy"}, "training": {"steps": 1}}
    found = Recipe.model_validate({"name": "x", **plain, "beside": [PBE, PBE], "pretrain": PBE | {"steps": 1}})
    assert list(groups(found)) == ["beside.0", "beside.1", "pretrain"]
