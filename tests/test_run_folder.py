"""A folder belongs to one recipe."""

import json

import pytest

from transferkit.errors import CheckpointError, RunFolderError
from transferkit.recipe import Recipe
from transferkit.recipe_file import load_recipe
from transferkit.run_folder import claim, claimed, examine, writable, write_json


def recipe(**changes):
    plain = {
        "name": "a",
        "data": {"source": "bundled:gpaw-pbe-r2scan", "fidelity": "r2SCAN"},
        "adapter": {"name": "toy"},
        "training": {"steps": 2},
    }
    return Recipe.model_validate(plain | changes)


def test_same_recipe_may_come_back_and_keeps_what_is_there(tmp_path):
    claim(tmp_path / "run", recipe(), smoke=False, resume=True)
    (tmp_path / "run" / "result.json").write_text("{}")
    claim(tmp_path / "run", recipe(), smoke=False, resume=True)
    assert (tmp_path / "run" / "result.json").exists()
    assert (tmp_path / "run" / "recipe.yaml").read_text().startswith("name: a")


def test_the_stored_recipe_is_the_recipe(tmp_path):
    arms = {"long": {}, "short": {"training": {"steps": None, "epochs": 1}, "tracking": {"wandb": {"mode": "offline"}}}}
    kept = recipe(tracking={"wandb": None}, compare=arms, seeds=[0, 3])
    claim(tmp_path / "run", kept, smoke=False, resume=True)
    assert load_recipe(tmp_path / "run" / "recipe.yaml") == kept


def test_without_resume_the_same_run_starts_anew(tmp_path):
    claim(tmp_path / "run", recipe(), smoke=False, resume=True)
    (tmp_path / "run" / "result.json").write_text("{}")
    claim(tmp_path / "run", recipe(), smoke=False, resume=False)
    assert not (tmp_path / "run" / "result.json").exists()


@pytest.mark.parametrize("resume", [True, False])
def test_another_recipe_is_refused_and_nothing_is_lost(tmp_path, resume):
    claim(tmp_path, recipe(), smoke=False, resume=True)
    (tmp_path / "result.json").write_text("{}")
    with pytest.raises(RunFolderError, match=r"run 'a' with other options \(training\.steps: 2 -> 3\)\..*--output"):
        claim(tmp_path, recipe(training={"steps": 3}), smoke=False, resume=resume)
    assert (tmp_path / "result.json").exists()


def test_where_the_old_recipe_is_gone_the_hashes_are_named(tmp_path):
    claim(tmp_path, recipe(), smoke=False, resume=True)
    (tmp_path / "recipe.yaml").unlink()
    with pytest.raises(RunFolderError, match=r"other options \([0-9a-f]{12}, this one is [0-9a-f]{12}\)"):
        claim(tmp_path, recipe(seed=1), smoke=False, resume=True)


def test_a_smoke_run_is_not_taken_for_the_real_one(tmp_path):
    claim(tmp_path, recipe(), smoke=True, resume=True)
    with pytest.raises(
        RunFolderError, match=r"a smoke run of this recipe\. Add --smoke, or give another folder: --output FOLDER\.$"
    ):
        claim(tmp_path, recipe(), smoke=False, resume=True)


def test_the_real_run_is_not_taken_for_a_smoke_run(tmp_path):
    claim(tmp_path, recipe(), smoke=False, resume=True)
    with pytest.raises(RunFolderError, match=r"the real run of this recipe\. Leave --smoke out"):
        claim(tmp_path, recipe(), smoke=True, resume=True)


def test_a_folder_with_other_files_is_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("...")
    with pytest.raises(RunFolderError, match="not a run of transferkit"):
        claim(tmp_path, recipe(), smoke=False, resume=False)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.tex"]


def test_json_is_written_whole_or_not_at_all(tmp_path):
    (tmp_path / "a.json.1.partial").write_text("{")  # of another process that writes at the same time
    write_json(tmp_path / "a.json", {"x": 1})
    assert (tmp_path / "a.json.1.partial").read_text() == "{"
    (tmp_path / "a.json.1.partial").unlink()
    with pytest.raises(ValueError, match="Out of range"):
        write_json(tmp_path / "a.json", {"x": float("nan")})
    assert json.loads((tmp_path / "a.json").read_text()) == {"x": 1}


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "notes").write_text("mine")
    with pytest.raises(RunFolderError, match=r"is a file.*--output"):
        claim(tmp_path / "notes", recipe(), smoke=False, resume=True)
    with pytest.raises(RunFolderError, match="cannot be made"):
        claim(tmp_path / "notes" / "run", recipe(), smoke=False, resume=True)
    assert (tmp_path / "notes").read_text() == "mine"


def test_looking_at_a_folder_writes_nothing(tmp_path):
    assert examine(tmp_path / "run", recipe(), smoke=False) == "new"
    assert not (tmp_path / "run").exists()
    claim(tmp_path / "run", recipe(), smoke=False, resume=True)
    assert examine(tmp_path / "run", recipe(), smoke=False) == "begun"
    (tmp_path / "run" / "result.json").write_text("{}")
    assert examine(tmp_path / "run", recipe(), smoke=False) == "finished"
    with pytest.raises(RunFolderError, match="with other options"):
        examine(tmp_path / "run", recipe(seed=4), smoke=False)


def test_where_no_folder_can_be_made(tmp_path):
    writable(tmp_path / "a" / "b")
    (tmp_path / "file").write_text("")
    with pytest.raises(RunFolderError, match="is a file"):
        writable(tmp_path / "file" / "below")


@pytest.mark.parametrize("content", ["{", "[]", '{"name": "x"}'])
def test_a_folder_whose_owner_cannot_be_read_is_left_alone(tmp_path, content):
    (tmp_path / "identity.json").write_text(content)
    with pytest.raises(RunFolderError, match=r"identity\.json is damaged"):
        claim(tmp_path, recipe(), smoke=False, resume=True)
    assert (tmp_path / "identity.json").read_text() == content


def refuse(folder, *more, **changes):
    def run():
        with claimed(folder, recipe(**changes), smoke=False, resume=True):
            for name in ("split.json", *more):
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_text("{}")
            raise CheckpointError("a pickle")

    with pytest.raises(CheckpointError):
        run()


def test_a_run_that_is_refused_before_its_first_step_gives_its_folder_back(tmp_path):
    refuse(tmp_path / "run")
    assert not (tmp_path / "run").exists()
    (tmp_path / "mine").mkdir()
    refuse(tmp_path / "mine", "quarantine.jsonl", "reference.json")
    assert [*(tmp_path / "mine").iterdir()] == []
    (tmp_path / "mine" / "graphs" / "toy").mkdir(parents=True)
    with pytest.raises(RunFolderError):  # what somebody else put there is not ours to remove
        claim(tmp_path / "mine", recipe(), smoke=False, resume=True)
    refuse(tmp_path / "run", seed=4)


def test_graphs_of_a_refused_run_go_with_it(tmp_path):
    refuse(tmp_path / "run", "graphs/toy-1/a.arrow")
    assert not (tmp_path / "run").exists()


def test_a_run_that_fails_later_keeps_its_folder(tmp_path):
    refuse(tmp_path / "run", "metrics.jsonl")
    assert examine(tmp_path / "run", recipe(), smoke=False) == "begun"


def test_a_refused_run_takes_nothing_from_an_earlier_one(tmp_path):
    claim(tmp_path / "run", recipe(), smoke=False, resume=True)
    refuse(tmp_path / "run")
    assert (tmp_path / "run" / "identity.json").exists()
