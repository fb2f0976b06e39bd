"""A checkpoint is whole or not there, and belongs to one run."""

import json

import pytest
import torch

from transferkit.errors import CheckpointError, RunFolderError
from transferkit.training import checkpoint
from transferkit.training.checkpoint import claim, load, save

TENSORS = {"model.w": torch.arange(6.0).reshape(2, 3).T, "optimiser.0.step": torch.tensor(7.0)}


def steps(folder):
    return sorted(p.name for p in folder.iterdir())


def test_comes_back_to_the_digit(tmp_path):
    info = {"identity": "a", "loss": 0.1 + 0.2, "best": float("inf")}
    save(tmp_path, 3, info, TENSORS)
    back, tensors = load(tmp_path)
    assert back == {"format": checkpoint.FORMAT, **info}
    assert all(torch.equal(tensors[k], v) for k, v in TENSORS.items())


def test_nothing_there_is_none(tmp_path):
    assert load(tmp_path / "nowhere") is None


def test_only_the_newest_stays(tmp_path):
    for step in (1, 20, 100):
        save(tmp_path, step, {"identity": "a"}, TENSORS)
    assert steps(tmp_path) == ["step-000000100"]


@pytest.mark.parametrize("where", ["save_file", "_to_disk"])
def test_a_process_that_dies_while_writing_leaves_the_one_before(tmp_path, monkeypatch, where):
    save(tmp_path, 1, {"identity": "a"}, TENSORS)

    def die(*args):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, where, die)
        with pytest.raises(KeyboardInterrupt):
            save(tmp_path, 2, {"identity": "a"}, TENSORS)
    assert load(tmp_path)[0]["identity"] == "a"
    assert "step-000000002" not in steps(tmp_path)
    save(tmp_path, 3, {"identity": "a"}, TENSORS)
    assert steps(tmp_path) == ["step-000000003"]  # and the draft is gone


def test_a_process_that_dies_before_dropping_the_old_one_leaves_the_new(tmp_path, monkeypatch):
    save(tmp_path, 1, {"identity": "old"}, TENSORS)
    with monkeypatch.context() as patch:
        patch.setattr(checkpoint.shutil, "rmtree", lambda *_, **__: None)
        save(tmp_path, 2, {"identity": "new"}, TENSORS)
    assert steps(tmp_path) == ["step-000000001", "step-000000002"]
    assert load(tmp_path)[0]["identity"] == "new"


def test_another_runs_folder_is_refused_and_both_are_named(tmp_path):
    save(tmp_path, 1, {"identity": "run-a"}, TENSORS)
    for resume in (True, False):
        with pytest.raises(RunFolderError, match=r"run 'run-a', but this is run 'run-b'.*another output folder"):
            claim(tmp_path, "run-b", resume=resume)
    assert load(tmp_path) is not None


@pytest.mark.parametrize(
    ("new", "said"),
    [
        (f"{'a' * 16}-{'c' * 16}", "the same options, but other data, so a data file has changed since"),
        (f"{'b' * 16}-{'c' * 16}", "other options"),
        ("my-run-2", None),
    ],
)
def test_what_changed_is_said_where_the_name_tells(tmp_path, new, said):
    save(tmp_path, 1, {"identity": f"{'a' * 16}-{'b' * 16}"}, TENSORS)
    with pytest.raises(RunFolderError, match=f"but this is run '{new}'{'' if said is None else f': {said}'}\\. Choose"):
        claim(tmp_path, new, resume=True)


def test_without_resume_the_same_run_starts_over(tmp_path):
    save(tmp_path, 1, {"identity": "a"}, TENSORS)
    claim(tmp_path, "a", resume=True)
    assert load(tmp_path) is not None
    claim(tmp_path, "a", resume=False)
    assert load(tmp_path) is None


def test_an_unreadable_checkpoint_is_named(tmp_path):
    path = save(tmp_path, 1, {"identity": "a"}, TENSORS)
    (path / "state.safetensors").write_bytes(b"short")
    with pytest.raises(CheckpointError, match=r"step-000000001 cannot be read"):
        load(tmp_path)
    (path / "state.json").write_text("{")
    with pytest.raises(CheckpointError, match=r"step-000000001 cannot be read"):
        claim(tmp_path, "a", resume=True)


def test_another_format_is_refused(tmp_path):
    path = save(tmp_path, 1, {"identity": "a"}, TENSORS)
    (path / "state.json").write_text(json.dumps({"format": 99, "identity": "a"}))
    with pytest.raises(CheckpointError, match="format 99; this version reads 1"):
        load(tmp_path)
