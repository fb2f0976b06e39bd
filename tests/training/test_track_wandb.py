"""W&B listens offline, never asks for a log-in, and keeps to its folder."""

import json

import pytest

from transferkit.errors import RecipeError
from transferkit.training.track import open_tracker
from transferkit.training.track_wandb import WandbTracker, flat, key_configured


@pytest.fixture
def nobody(tmp_path, monkeypatch):
    """A home without any key."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    for name in ("WANDB_API_KEY", "WANDB_BASE_URL", "NETRC"):
        monkeypatch.delenv(name, raising=False)
    return home


def test_a_key_is_found_where_wandb_looks(nobody, tmp_path, monkeypatch):
    assert not key_configured()
    (nobody / ".netrc").write_text("machine api.wandb.ai\n  login user\n  password not-a-key\n")
    assert key_configured()
    monkeypatch.setenv("WANDB_BASE_URL", "https://wandb.example.org")
    assert not key_configured()
    other = tmp_path / "netrc"
    other.write_text("machine wandb.example.org login user password not-a-key\n")
    monkeypatch.setenv("NETRC", str(other))
    assert key_configured()
    monkeypatch.setenv("NETRC", str(tmp_path / "nowhere"))
    assert not key_configured()
    monkeypatch.setenv("WANDB_API_KEY", "not-a-key")
    assert key_configured()


def test_a_broken_netrc_is_no_key(nobody):
    (nobody / ".netrc").write_text("what is this")
    assert not key_configured()


@pytest.mark.parametrize("mode", ["auto", "offline"])
def test_without_a_key_it_is_offline(nobody, tmp_path, mode):
    assert WandbTracker(tmp_path, name="a", mode=mode).mode == "offline"


def test_online_without_a_key_is_refused_and_not_taken_for_offline(nobody, tmp_path):
    with pytest.raises(RecipeError, match="no API key is configured"):
        WandbTracker(tmp_path, name="a", mode="online")


def test_with_a_key_the_option_decides(nobody, tmp_path, monkeypatch):
    monkeypatch.setenv("WANDB_API_KEY", "not-a-key")
    modes = {m: WandbTracker(tmp_path, name="a", mode=m).mode for m in ("auto", "online", "offline")}
    assert modes == {"auto": "online", "online": "online", "offline": "offline"}


def test_an_unknown_mode_is_refused(tmp_path):
    with pytest.raises(RecipeError, match="Did you mean 'offline'"):
        WandbTracker(tmp_path, name="a", mode="ofline")


def test_nested_rows_become_names_and_nulls_go():
    assert flat({"a": {"b": {"c": 1}, "d": None}, "e": 2}) == {"a/b/c": 1, "e": 2}


def test_a_whole_offline_run(nobody, tmp_path, capfd):
    from matplotlib.figure import Figure

    figure, model = tmp_path / "parity.png", tmp_path / "model"
    Figure().savefig(figure)
    model.mkdir()
    (model / "model.json").write_text("{}")
    tracker = open_tracker(tmp_path / "run", name="demo", wandb={"mode": "offline", "project": "p"})
    row = {"epoch": 1, "step": 4, "valid": {"loss": 0.5, "magmoms_mae": None}}
    tracker.start({"recipe": {"seed": 1}}, [{**row, "step": 0}])
    tracker.log(row)
    tracker.figures({"parity": figure})
    tracker.model(model)
    tracker.finish({"tests": {"energy": 0.1}})
    folders = list((tmp_path / "run" / "wandb").glob("offline-run-*"))
    assert len(folders) == 1
    assert list(folders[0].glob("run-*.wandb"))
    assert list(folders[0].glob("files/media/images/figures/parity*.png"))
    lines = (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(text)["step"] for text in lines] == [0, 4]
    out, err = capfd.readouterr()
    assert "wandb" not in out + err
