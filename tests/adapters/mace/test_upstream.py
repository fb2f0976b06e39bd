"""Importing and calling mace leaves no trace in the process."""

import os
import subprocess
import sys

import pytest
import torch

from transferkit.adapters.mace.upstream import READOUTS, UNSAFE, build, contained, cutoff_envelope, o3

from .conftest import arguments

IMPORT = """
import os, warnings
{first}
import torch
import transferkit.adapters.mace
assert os.environ.get("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD") == {expected!r}, os.environ.get("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD")
assert torch.get_default_dtype() == torch.float32
import e3nn.o3
"""


@pytest.mark.parametrize(
    ("first", "expected"),
    [("", None), ("import mace", "1")],
)
def test_importing_leaves_the_environment_and_warns_of_nothing(first, expected):
    code = IMPORT.format(first=first, expected=expected)
    plain = {k: v for k, v in os.environ.items() if k != UNSAFE}
    done = subprocess.run(
        [sys.executable, "-W", "error::UserWarning", "-c", code], capture_output=True, text=True, check=False, env=plain
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""


def test_unpickling_stays_safe_after_the_import(tmp_path):
    torch.save(torch.nn.Linear(1, 1), tmp_path / "module.pt")
    with pytest.raises(Exception, match=r"[Ww]eights.only"):
        torch.load(tmp_path / "module.pt")


def fail_inside():
    with contained(dtype=torch.float64, seed=3):
        assert torch.get_default_dtype() == torch.float64
        torch.rand(5)
        raise ValueError("boom")


def test_dtype_generator_and_compiler_end_with_the_block():
    from e3nn import get_optimization_defaults

    before = get_optimization_defaults()
    torch.manual_seed(0)
    expected = torch.rand(2)
    torch.manual_seed(0)
    with pytest.raises(ValueError, match="boom"):
        fail_inside()
    assert torch.get_default_dtype() == torch.float32
    assert torch.equal(torch.rand(2), expected)
    assert get_optimization_defaults() == before


def test_building_prints_nothing_and_follows_the_seed(capsys):
    one, two, three = (build(arguments(), seed=s) for s in (1, 1, 2))
    assert capsys.readouterr().out == ""
    weights = [m.node_embedding.linear.weight for m in (one, two, three)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])
    assert weights[0].dtype == torch.float64


def test_both_readouts_and_the_harmonics_are_found():
    assert set(READOUTS) == {"NonLinearReadoutBlock", "NonLinearBiasReadoutBlock"}
    assert o3.Irreps("2x1o").dim == 6


def test_the_envelope_ends_at_the_cutoff():
    values = cutoff_envelope(torch.tensor([0.0, 4.0, 5.0, 6.0]), torch.tensor(5.0), torch.tensor(5))
    assert values[0] == 1
    assert values[2] == values[3] == 0
