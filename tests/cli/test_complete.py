"""What the Tab key offers, and that asking is quick."""

import os
import subprocess
import sys

import pytest
import typer

from transferkit.cli import complete
from transferkit.data.convention import CONVENTIONS
from transferkit.recipe import Recipe


def test_recipes_and_folders_on_the_way(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("a.yaml", "b.txt", ".hidden.yaml", "sub/c.yml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    assert complete.recipes("") == ["a.yaml", "sub/"]
    assert complete.recipes("sub/") == ["sub/c.yml"]
    assert complete.recipes(f"{tmp_path}/a") == [f"{tmp_path}/a.yaml"]
    assert complete.recipes("nowhere/") == []


def test_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs" / "x").mkdir(parents=True)
    (tmp_path / "runs" / "x" / "recipe.yaml").write_text("")
    assert complete.runs("ru") == ["runs/"]
    assert complete.runs("runs/") == ["runs/x", "runs/x/"]


def test_every_option_of_a_recipe():
    names = complete.overrides("")
    assert {"seed=", "training.batch.edges=", "strategy.train=", "data.split.fold="} <= {*names}
    assert "training=" not in names
    assert {name.partition(".")[0].rstrip("=") for name in names} == {*Recipe.model_fields}


def test_data():
    assert complete.data("bundled:gpaw-pbe-r2scan@P") == ["bundled:gpaw-pbe-r2scan@PBE"]
    assert "mine.extxyz@r2SCAN" in complete.data("mine.extxyz@")
    assert complete.data("") == []


def test_adapters_and_their_checkpoints():
    from transferkit.adapters.registry import adapter_class

    assert complete.adapters("chg") == ["chgnet"]
    for name in ("toy", "chgnet"):
        assert complete.CHECKPOINTS[name] == adapter_class(name).checkpoints()
    context = typer.Context.__new__(typer.Context)
    context.params = {"model": "chgnet"}
    assert complete.checkpoints(context, "0.3") == ["0.3.0"]
    context.params = {}
    assert "demo" in complete.checkpoints(context, "")


def test_the_models_of_mace():
    pytest.importorskip("mace")
    from transferkit.adapters.mace.foundations import FOUNDATIONS

    assert complete.CHECKPOINTS["mace"] == tuple(FOUNDATIONS)


def test_conventions_and_labels():
    assert complete.conventions("m") == ["mp2020"]
    assert {*complete.CONVENTIONS} == {*CONVENTIONS}
    assert complete.labels("f") == ["forces="]


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("re", {"reference", "report"}),
        ("reference x --policy r", {"residual", "refit"}),
        ("reference x --model toy --checkpoint d", {"demo"}),
        ("describe bundled:", {"bundled:gpaw-pbe-r2scan@PBE", "bundled:gpaw-pbe-r2scan@r2SCAN"}),
        ("run smoke.yaml training.batch.", {"training.batch.edges=", "training.batch.structures="}),
        ("evaluate x y --label-convention r", {"raw"}),
    ],
)
def test_a_shell_asks(words, offered):
    words = f"transferkit {words}"
    asked = {"_TRANSFERKIT_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    code = "import sys; sys.argv = ['transferkit']\nfrom transferkit.cli import app\ntry: app(prog_name='transferkit')\nfinally: print('heavy:', [m for m in ('torch', 'ase', 'numpy', 'chgnet') if m in sys.modules], file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | asked, capture_output=True, text=True, check=False
    )
    assert {*done.stdout.split()} == offered
    assert "heavy: []" in done.stderr


def test_a_shell_can_be_taught():
    shown = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m transferkit --show-completion; true"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "COMP_WORDS" in shown.stdout
