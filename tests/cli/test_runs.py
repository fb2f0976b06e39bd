"""Verbs around a run: what they write, what they print, and how they end."""

from pathlib import Path

import pytest

from transferkit import pipeline
from transferkit.adapters.toy import Toy
from transferkit.comparison import jobs
from transferkit.pipeline import run_one
from transferkit.recipe_file import load_recipe
from transferkit.run_folder import claim

FOLDER = Path(__file__).parents[2] / "recipes"
RECIPES = [
    pytest.param(p, id=p.stem, marks=() if p.stem == "smoke" else pytest.mark.slow)
    for p in sorted(FOLDER.glob("*.yaml"))
]


def test_check_says_what_a_run_would_do(run, read, one_run, tmp_path):
    folder = tmp_path / "x"
    found = read("check", *one_run, "--output", folder)
    assert found["can_start"]
    assert found["cost"]["variants"][""]["steps"] == 2
    text = run("check", *one_run, "--output", folder).stdout
    assert f"Next    transferkit run {one_run[0]}" in text
    assert not folder.exists()


def test_check_tells_all_mistakes_at_once(run, read, smoke, tmp_path):
    wrong = (smoke, "data.source=nowhere.xyz", "adapter.checkpoint=demmo", "--output", tmp_path / "x")
    found = read("check", *wrong, code=2)
    assert not found["can_start"]
    assert [m["where"] for m in found["mistakes"]] == [[], []]
    text = run("check", *wrong, code=2).stdout
    assert "It cannot start: 2 mistakes." in text
    assert "Did you mean 'demo'?" in text
    assert "transferkit run" not in text


def test_check_of_a_recipe_with_mistakes(run, read, smoke):
    found = read("check", smoke, "strategy.kind=frozenn", code=2)
    assert "Did you mean 'frozen'" in found["mistakes"][0]["what"]
    assert "Did you mean 'frozen'" in run("check", smoke, "strategy.kind=frozenn", code=2).stderr


def test_run_says_what_it_wrote_and_what_comes_next(finished, run, one_run):
    again = run("run", *one_run, "--output", finished)
    assert f"Written to {finished}:" in again.stdout
    assert "index.html" in again.stdout
    assert "transferkit export" in again.stdout


def test_run_hands_everything_on(monkeypatch, tmp_path, read, smoke):
    seen = {}

    def fake(recipe, **options):
        seen.update(options, steps=recipe.training.steps)
        (tmp_path / "comparison.json").write_text("{}")
        return tmp_path

    monkeypatch.setattr(pipeline, "run", fake)
    result = read("run", smoke, "training.steps=9", "--no-resume", "--output", tmp_path)
    assert seen == {"steps": 9, "output": tmp_path, "smoke": False, "resume": False}
    assert result["kind"] == "comparison"


def test_only_the_first_rank_says_what_was_written(monkeypatch, tmp_path, run, smoke):
    monkeypatch.setattr(pipeline, "run", lambda *_, **__: tmp_path)
    assert "Written to" in run("run", smoke).stdout
    monkeypatch.setattr("transferkit.run_folder.FIRST_RANK", False)
    assert run("run", smoke).stdout == ""


def test_run_in_the_folder_of_another_run(finished, run, one_run):
    ended = run("run", *one_run, "seed=5", "--output", finished, code=2)
    assert "RunFolderError" in ended.stderr


def test_evaluate(finished, few, run, read):
    found = read("evaluate", finished, few)
    assert found["energy"]["unit"] == "eV/atom"
    assert "MAE" in run("evaluate", finished, few).stdout


def test_report(finished, read):
    (finished / "index.html").unlink()
    assert Path(read("report", finished)["page"]).is_file()


def test_export(finished, tmp_path, read):
    assert Path(read("export", finished, tmp_path / "toy.pth")["file"]).is_file()


def test_export_replaces_a_file_only_when_told_to(finished, tmp_path, run):
    out = tmp_path / "mine.pth"
    out.write_text("mine")
    assert "say --overwrite" in run("export", finished, out, code=2).stderr
    assert out.read_text() == "mine"
    run("export", finished, out, "--overwrite")
    assert out.read_bytes() != b"mine"


def test_export_takes_the_head_that_the_data_trained(several_levels, tmp_path, run):
    folder = tmp_path / "run"
    run_one(
        several_levels(beside={"head": "default"}, adapter={"name": "toy", "new_head": {"name": "r2SCAN"}}),
        folder,
        page=False,
    )
    assert "head r2SCAN" in run("export", folder, tmp_path / "a.pth").stdout
    assert "head default" in run("export", folder, tmp_path / "b.pth", "--head", "default").stdout
    assert Toy.load(tmp_path / "a.pth").reference()["O"] != Toy.load(tmp_path / "b.pth").reference()["O"]


@pytest.mark.parametrize("pickles", [False, True])
def test_export_says_how_the_file_is_opened(finished, tmp_path, run, monkeypatch, pickles):
    monkeypatch.setattr(Toy, "pickles", pickles)
    text = run("export", finished, tmp_path / "toy.pth").stdout
    assert text.rstrip().endswith("toy.pth', trust=True)" if pickles else "toy.pth')")


def test_check_tells_a_smoke_run_in_the_folder_once(run, read, smoke, tmp_path):
    folder = tmp_path / "x"
    claim(folder, load_recipe(smoke), smoke=True, resume=True)
    for job in jobs(load_recipe(smoke), folder):
        claim(job.folder, job.recipe, smoke=True, resume=True)
    (told,) = read("check", smoke, "--output", folder, code=2)["mistakes"]
    assert "Add --smoke, or give another folder" in told["what"]


def test_what_is_not_a_run(tmp_path, few, run):
    assert "is not a finished run" in run("export", tmp_path, tmp_path / "x", code=2).stderr
    assert "RunFolderError" in run("evaluate", tmp_path, few, code=2).stderr
    assert "RunFolderError" in run("report", tmp_path, code=2).stderr
    assert run("report", tmp_path / "nowhere", code=2)


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_recipe_runs_in_smoke(recipe, tmp_path, read):
    if "\nvary:" in recipe.read_text():
        result = read("study", recipe, "--smoke", "--output", tmp_path / "out")
        assert result["counts"]["finished"] == result["planned"]
    else:
        result = read("run", recipe, "--smoke", "seeds=[0]", "--output", tmp_path / "out")
        assert result["kind"] == "comparison"
    assert Path(result["page"]).is_file()


def test_run_ends_with_its_main_error_and_the_page(finished, run, read, one_run):
    again = (*one_run, "--output", finished)
    errors = read("run", *again)["errors"]
    assert errors["property"] == "energy"
    assert list(errors["rows"]) == [""]
    text = run("run", *again).stdout
    assert f"Energy error on {errors['test']}, before and after training: " in text
    assert text.index("Energy error") < text.index(f"Open    {finished / 'index.html'}")
