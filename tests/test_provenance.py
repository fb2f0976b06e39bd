"""Provenance: hashes follow content, versions need no imports, nothing names a machine."""

import json
import os

import numpy as np
import pytest
import torch

import transferkit
from transferkit.data.bundled import bundled
from transferkit.provenance import provenance, versions, weights_hash
from transferkit.recipe import Recipe, identity


@pytest.fixture
def recipe():
    return Recipe.model_validate(
        {
            "name": "x",
            "seed": 3,
            "data": {"source": "/somewhere/private/set.extxyz", "fidelity": "r2SCAN"},
            "adapter": {"name": "chgnet", "checkpoint": "0.3.0"},
            "training": {"steps": 1},
        }
    )


def test_versions_of_what_computes_numbers():
    found = versions("chgnet", "no-such-package")
    assert found["transferkit"] == transferkit.__version__
    assert found["torch"] == torch.__version__
    assert "chgnet" in found
    assert "no-such-package" not in found


def test_what_a_run_records(recipe):
    data = bundled("gpaw-pbe-r2scan")[:5]
    found = provenance(recipe, data, weights={"w": torch.ones(2)})
    assert found["recipe"] == identity(recipe)
    assert found["seed"] == 3
    assert found["data"] == {
        "source": "set.extxyz",
        "fidelity": "r2SCAN",
        "label_convention": data.label_convention,
        "structures": 5,
        "hash": data.hash,
    }
    assert found["adapter"]["hash"] == weights_hash({"w": np.ones(2, dtype=np.float32)})
    text = json.dumps(found)
    assert "/somewhere" not in text
    assert os.uname().nodename not in text


@pytest.mark.parametrize(
    "other",
    [
        {"a": np.ones(3), "b": np.zeros(2)},
        {"a": np.zeros(3, dtype=np.float32), "b": np.zeros(2)},
        {"a": np.zeros((3, 1)), "b": np.zeros(2)},
        {"c": np.zeros(3), "b": np.zeros(2)},
    ],
)
def test_weights_hash_sees_values_types_shapes_and_names(other):
    weights = {"a": np.zeros(3), "b": np.zeros(2)}
    assert weights_hash(weights) == weights_hash(dict(reversed(weights.items())))
    assert weights_hash(weights) != weights_hash(other)
