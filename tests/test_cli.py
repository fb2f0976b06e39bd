"""Every verb: what it prints, as text and as JSON, and how it ends."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from transferkit import pipeline
from transferkit.cli import app
from transferkit.data.bundled import bundled
from transferkit.data.store import read_parquet

PBE, R2SCAN = "bundled:gpaw-pbe-r2scan@PBE", "bundled:gpaw-pbe-r2scan@r2SCAN"
SMOKE = Path(__file__).parents[1] / "recipes" / "smoke.yaml"
VERBS = {"adapters", "describe", "convert", "gap", "reference", "run", "evaluate", "report", "export"}


def run(*arguments, code=0):
    ended = CliRunner().invoke(app, [str(a) for a in arguments])
    assert ended.exit_code == code, ended.output
    return ended


def read(*arguments):
    return json.loads(run(*arguments, "--json").stdout)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """One finished run of the toy potential."""
    folder = tmp_path_factory.mktemp("cli") / "run"
    result = read("run", SMOKE, "--smoke", "compare=null", "baseline=null", "seeds=null", "--output", folder)
    assert result["kind"] == "run"
    return folder


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    """A file with a few labelled structures."""
    from transferkit.data.store import write_parquet

    path = tmp_path_factory.mktemp("cli") / "few.parquet"
    write_parquet(bundled("gpaw-pbe-r2scan")[:6], path)
    return path


def test_help_names_every_verb():
    text = run("--help").stdout
    assert all(f" {verb} " in text for verb in VERBS)
    assert "Exit codes" in text


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_every_verb_that_prints_a_result_takes_json(verb):
    assert "--json" in run(verb, "--help").stdout


def test_adapters():
    found = {row["name"]: row for row in read("adapters")}
    assert found["toy"]["installed"]
    assert "0.3.0" in run("adapters").stdout


def test_describe(few):
    assert read("describe", few)
    assert "6 structures" in run("describe", few).stdout


def test_convert_keeps_every_digit(few, tmp_path):
    result = read("convert", few, tmp_path / "new" / "out.parquet")
    assert result["structures"] == 6
    assert result["hash"] == bundled("gpaw-pbe-r2scan")[:6].hash


def test_convert_writes_parquet_only(few, tmp_path):
    ended = run("convert", few, tmp_path / "out.xyz", code=2)
    assert "should end in .parquet" in ended.stderr


def test_keys_say_which_entry_is_the_label(tmp_path):
    from ase.io import write

    from transferkit.data.readers import to_ase

    frames = to_ase(bundled("gpaw-pbe-r2scan")[:6])
    for atoms in frames:
        atoms.info |= {"REF_energy": 2 * atoms.get_potential_energy(), "name": atoms.info.pop("id")}
    path = tmp_path / "two.extxyz"
    write(path, frames)
    assert "keys=" in run("describe", f"{path}@PBE", code=2).stderr
    keys = ("--key", "energy=REF_energy", "--key", "id=name", "--key", "forces=")
    assert read("describe", f"{path}@PBE", *keys)["labels"] == {"energy": 6, "forces": 0, "stress": 6, "magmoms": 0}
    assert read("reference", f"{path}@PBE", *keys)["structures"] == 6
    read("convert", f"{path}@PBE", tmp_path / "out.parquet", *keys)
    kept = read_parquet(tmp_path / "out.parquet")
    assert kept.id.tolist() == bundled("gpaw-pbe-r2scan").id[:6].tolist()
    assert kept.energy == pytest.approx(2 * bundled("gpaw-pbe-r2scan").energy[:6])
    assert "Write NAME=KEY" in run("describe", path, "--key", "energy", code=2).stderr


def test_gap_before_and_after_referencing():
    found = read("gap", PBE, R2SCAN)
    assert found["pearson_raw"] < 0.3
    assert found["pearson_referenced"] > 0.98
    assert "after referencing" in run("gap", PBE, R2SCAN).stdout


def test_reference_of_labels_alone():
    found = read("reference", R2SCAN)
    assert found["rank"] <= found["n_elements"] == 45
    assert "O " in run("reference", R2SCAN).stdout


def test_reference_under_a_potential(few):
    found = read("reference", R2SCAN, "--model", "toy")
    assert found["policy"] == "residual"
    assert set(found["shift_eV_per_atom"]) >= {"O", "Mg"}
    text = run("reference", R2SCAN, "--model", "toy", "--policy", "refit").stdout
    assert "E0 by refit" in text


def test_reference_refuses_an_unknown_policy():
    assert "residual" in run("reference", R2SCAN, "--model", "toy", "--policy", "residuals", code=2).stderr


def test_an_unknown_adapter_names_the_nearest():
    assert "Did you mean 'toy'?" in run("reference", R2SCAN, "--model", "toyy", code=2).stderr


def test_run_says_what_it_wrote_and_what_comes_next(finished):
    again = run("run", SMOKE, "--smoke", "compare=null", "baseline=null", "seeds=null", "--output", finished)
    assert f"Written to {finished}:" in again.stdout
    assert "index.html" in again.stdout
    assert "transferkit export" in again.stdout


def test_run_hands_everything_on(monkeypatch, tmp_path):
    seen = {}

    def fake(recipe, **options):
        seen.update(options, steps=recipe.training.steps)
        (tmp_path / "comparison.json").write_text("{}")
        return tmp_path

    monkeypatch.setattr(pipeline, "run", fake)
    result = read("run", SMOKE, "training.steps=9", "--no-resume", "--output", tmp_path)
    assert seen == {"steps": 9, "output": tmp_path, "smoke": False, "resume": False}
    assert result["kind"] == "comparison"


def test_only_the_first_rank_says_what_was_written(monkeypatch, tmp_path):
    monkeypatch.setattr(pipeline, "run", lambda *_, **__: tmp_path)
    assert "Written to" in run("run", SMOKE).stdout
    monkeypatch.setattr("transferkit.run_folder.FIRST_RANK", False)
    assert run("run", SMOKE).stdout == ""


def test_run_in_the_folder_of_another_run(finished):
    ended = run(
        "run", SMOKE, "--smoke", "compare=null", "baseline=null", "seeds=null", "seed=5", "--output", finished, code=2
    )
    assert "RunFolderError" in ended.stderr


def test_evaluate(finished, few):
    found = read("evaluate", finished, few)
    assert found["energy"]["unit"] == "eV/atom"
    assert "MAE" in run("evaluate", finished, few).stdout


def test_report(finished):
    (finished / "index.html").unlink()
    assert Path(read("report", finished)["page"]).is_file()


def test_export(finished, tmp_path):
    assert Path(read("export", finished, tmp_path / "toy.pth")["file"]).is_file()


def test_what_is_not_a_run(tmp_path, few):
    assert "is not a finished run" in run("export", tmp_path, tmp_path / "x", code=2).stderr
    assert "RunFolderError" in run("evaluate", tmp_path, few, code=2).stderr
    assert "RunFolderError" in run("report", tmp_path, code=2).stderr
    assert run("report", tmp_path / "nowhere", code=2)


RECIPES = [
    pytest.param(p, id=p.stem, marks=() if p == SMOKE else pytest.mark.slow)
    for p in sorted(SMOKE.parent.glob("*.yaml"))
]


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_recipe_runs_in_smoke(recipe, tmp_path):
    result = read("run", recipe, "--smoke", "seeds=[0]", "--output", tmp_path / "out")
    assert result["kind"] == "comparison"
    assert Path(result["page"]).is_file()
