"""What is told of data, parts, potentials and folders."""

import pytest

from transferkit.comparison import jobs
from transferkit.pool import Job
from transferkit.preview import facts
from transferkit.preview.attempts import Attempts
from transferkit.preview.prepare import Prepared, prepare


@pytest.fixture(scope="module")
def attempts():
    return Attempts()


@pytest.fixture(scope="module")
def runs(recipe, attempts, tmp_path_factory):
    folder = tmp_path_factory.mktemp("facts")
    wanted = recipe(compare={"a": {}, "b": {"reference": {"policy": "refit"}}}, seeds=[0, 1])
    return [prepare(job, attempts) for job in jobs(wanted, folder)]


def test_data_are_told_once(runs, attempts):
    (data,) = facts.read(runs, attempts)
    assert data["labels"] == {"energy": 367, "forces": 367, "stress": 367, "magmoms": 0}
    assert data["quarantine"]["taken"] == 0
    assert len(data["elements"]) == 45
    assert data["seconds"] > 0


def test_parts_are_told_once_per_seed(runs):
    found = facts.split(runs)
    assert [parts["seed"] for parts in found] == [0, 1]
    parts = found[0]
    assert parts["structures"]["train"] == 40
    # 40 structures cannot hold all elements: what training lacks is named, and what E0 cannot know is counted.
    assert parts["absent_elements"]["valid"]
    assert parts["undetermined_structures"]["valid"] > 0
    assert any("the best weights" in warning for warning in parts["warnings"])


def test_variants_are_told_once(runs):
    a, b = facts.train(runs)
    assert (a["variant"], a["policy"], b["variant"], b["policy"]) == ("a", "residual", "b", "refit")
    assert sum(block["parameters"] for block in a["strategy"]["blocks"].values()) == a["strategy"]["total"]
    assert a["labels"] == ["energy", "forces", "stress"]
    assert any("magmoms" in note for note in a["notes"])


def test_folders(runs, tmp_path):
    there = facts.write(tmp_path, runs, kind="comparison")
    assert (there["runs"], there["finished"], there["begun"]) == (4, 0, 0)


@pytest.mark.parametrize(("wandb", "named"), [(None, False), ({"mode": "offline"}, True)])
def test_the_folder_of_tracking_is_named_where_there_is_one(recipe, tmp_path, wandb, named):
    run = Prepared(Job("", 0, recipe(tracking={"wandb": wandb}), tmp_path))
    assert ("wandb/" in facts.write(tmp_path, [run], kind="run")["files"]) is named


def test_every_file_of_a_run_is_named(finished):
    named = {name.strip().rstrip("/") for names in facts.FILES for name in names.split(",")}
    assert {path.name for path in finished.iterdir()} <= named


def test_labels_that_are_weighed_and_absent_are_told(recipe, attempts, tmp_path):
    def told(**loss):
        wanted = recipe(data=recipe().data.model_dump() | {"labels": ["energy", "stress"]}, loss=loss)
        (arm,) = facts.train([prepare(Job("", 0, wanted, tmp_path / "x"), attempts)])
        return arm

    # That nothing has magmoms is a warning only where the recipe itself gives them a weight.
    assert told(forces=0)["ignored"] == []
    arm = told(forces=1)
    assert arm["ignored"] == ["forces"]
    assert any("have no forces" in note and "weight is not used" in note for note in arm["notes"])
    assert told(forces=0, magmoms=1)["ignored"] == ["magmoms"]


def test_consistency_losses_are_told(recipe, attempts, tmp_path):
    losses = {"pitc": 1.0, "pisc": 0.1, "kappa": 0.5, "length": 0.03}
    run = prepare(Job("", 0, recipe(loss={"consistency": losses}), tmp_path / "x"), attempts)
    (arm,) = facts.train([run])
    assert losses.items() <= arm["consistency"].items()


def test_without_consistency_losses_none_are_told(runs):
    assert [arm["consistency"] for arm in facts.train(runs)] == [None, None]
