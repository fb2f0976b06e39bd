"""Devices and types by name."""

import pytest
import torch

import transferkit as tk
from transferkit.adapters.place import device_of, dtype_of
from transferkit.errors import RecipeError


@pytest.mark.parametrize(("there", "name"), [(True, "cuda"), (False, "cpu")])
def test_auto_takes_cuda_where_there_is_one(monkeypatch, there, name):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: there)
    assert device_of("auto") == name
    assert device_of("cpu") == "cpu"


def test_a_gpu_that_is_not_there_is_the_users_to_mend(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    for make in (tk.load, tk.scratch):
        with pytest.raises(RecipeError, match="'cuda:1', and torch finds no CUDA device"):
            make("toy", device="cuda:1")


def test_a_misspelt_dtype_names_the_nearest():
    assert dtype_of("float32") is torch.float32
    with pytest.raises(RecipeError, match="Did you mean 'float32'"):
        tk.load("toy", dtype="flaot32")


def test_a_device_that_no_torch_knows_names_the_nearest():
    with pytest.raises(RecipeError, match=r"no device is called 'gpu'\. Did you mean 'cpu'"):
        device_of("gpu")
