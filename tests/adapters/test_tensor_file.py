"""Files of tensors have the permissions of any other file."""

import os

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from transferkit.adapters.tensor_file import write_tensors
from transferkit.adapters.toy import Toy


@pytest.fixture
def umask():
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode(path):
    return path.stat().st_mode & 0o777


@pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX's")
@pytest.mark.usefixtures("umask")
def test_others_may_read_a_bundle_and_an_export(tmp_path):
    potential = Toy.scratch("tiny")
    folder = potential.save(tmp_path / "model")
    assert [mode(folder / name) for name in ("model.safetensors", "model.json")] == [0o644, 0o644]
    potential.export(tmp_path / "toy.safetensors")
    assert mode(tmp_path / "toy.safetensors") == 0o644
    os.umask(0o077)
    assert mode(potential.save(tmp_path / "mine") / "model.safetensors") == 0o600


@pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX's")
@pytest.mark.usefixtures("umask")
def test_a_private_file_is_replaced_while_it_is_open(tmp_path):
    path = tmp_path / "x.safetensors"
    save_file({"a": torch.arange(4.0)}, path)
    path.chmod(0o600)
    opened = load_file(path)
    write_tensors(path, {"a": opened["a"][:2].clone()}, {"said": "so"})
    assert mode(path) == 0o644
    assert opened["a"].tolist() == [0.0, 1.0, 2.0, 3.0]
    assert load_file(path)["a"].tolist() == [0.0, 1.0]
    with safe_open(path, "pt") as file:
        assert file.metadata() == {"said": "so"}
