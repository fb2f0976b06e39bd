"""What importing and building upstream does to the process: nothing."""

import subprocess
import sys

import pytest
import torch

from transferkit.adapters.chgnet.upstream import build, path_of
from transferkit.errors import CheckpointError


def test_importing_leaves_the_warning_filters_alone():
    code = (
        "import warnings; warnings.simplefilter('error'); before = list(warnings.filters); "
        "import torch, ase, pymatgen.core; before = list(warnings.filters); "
        "import transferkit.adapters.chgnet; assert warnings.filters == before, warnings.filters"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""


def test_building_prints_nothing_and_leaves_the_generator_alone(capsys):
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    one = build({"n_conv": 2}, seed=1)
    assert torch.equal(torch.rand(2), expected)
    assert capsys.readouterr().out == ""
    two = build({"n_conv": 2}, seed=1)
    assert torch.equal(one.mlp.layers[0].weight, two.mlp.layers[0].weight)
    assert one.composition_model is None


@pytest.mark.parametrize("option", [{"mlp_first": False}, {"conv_norm": "batch"}, {"cutoff_coeff": 0}])
def test_options_that_the_flat_forward_lacks_are_refused(option):
    with pytest.raises(CheckpointError, match=next(iter(option))):
        build(option)


def test_weights_lie_in_the_package():
    assert path_of("0.3.0").is_file()
